"""Leaves: each way of writing a value means what it must, and what it does not say is noted."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import LARGEST
from app.interfaces.nhsa.columns import Column
from app.interfaces.nhsa.leaves import Reader, objects

at = datetime.fromisoformat


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("YZ1001", "YZ1001"),
        (" 含 空格 ", "含 空格"),
        (None, ""),
        ("", ""),
        ("-", ""),
        ("--", ""),
        ("null", ""),
        ("NULL", ""),
        (3069, "3069"),
        (0, "0"),
        (True, "1"),
        (False, "0"),
        (Decimal("2.0"), "2"),
        (Decimal("2.50"), "2.5"),
        (Decimal("1E+400"), "1E+400"),
    ],
)
def test_texts(value: Any, text: str) -> None:
    reader = Reader()
    assert reader.text("rx_id", value) == text
    assert reader.notes == []


@pytest.mark.parametrize("value", [[], {}, ["a"], {"a": 1}])
def test_a_list_or_an_object_is_no_text(value: Any) -> None:
    reader = Reader()
    assert reader.text("rx_id", value) == ""
    assert reader.notes == ["rx_id 应为文本"]


def test_a_long_text_is_cut_and_noted() -> None:
    reader = Reader()
    assert reader.text("rx_id", "长" * 65) == "长" * 64
    assert reader.text("hilist_name", "长" * 500, 500) == "长" * 500
    assert reader.notes == ["rx_id 超过 64 个字符，已截断"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("18.60", "18.60"),
        (" 18.6 ", "18.6"),
        ("1,234.5", "1234.5"),
        (2, "2"),
        (Decimal("37.2"), "37.2"),
        ("0", "0"),
        ("１２", "12"),
        (True, "1"),
        (str(LARGEST), str(LARGEST)),
        ("", None),
        ("-", None),
        ("--", None),
        (None, None),
        ("null", None),
    ],
)
def test_numbers(value: Any, number: str | None) -> None:
    reader = Reader()
    assert reader.number("pric", value) == (None if number is None else Decimal(number))
    assert reader.notes == []


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("十元", "pric “十元”不是数字"),
        ("NaN", "pric “NaN”不是数字"),
        ("Infinity", "pric “Infinity”超出范围，未采用"),
        ("-3", "pric “-3”超出范围，未采用"),
        (-3, "pric “-3”超出范围，未采用"),
        ("1e300", "pric “1e300”超出范围，未采用"),
        (Decimal("1E+999999999"), "pric “1E+999999999”超出范围，未采用"),
        ("9" * 5000, "pric “99999999999999999999…”超出范围，未采用"),
        ([], "pric “[]”不是数字"),
        ({}, "pric “{}”不是数字"),
    ],
)
def test_what_is_no_amount_is_noted(value: Any, note: str) -> None:
    reader = Reader()
    assert reader.number("pric", value) is None
    assert reader.notes == [note]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-02 08:55:00", at("2026-03-02T08:55")),
        ("2026-03-02T08:55:00", at("2026-03-02T08:55")),
        ("2026-03-02 08:55:00.123", at("2026-03-02T08:55:00.123000")),
        ("2026-03-02T00:55:00Z", at("2026-03-02T08:55")),
        ("2026-03-02T08:55:00+08:00", at("2026-03-02T08:55")),
        ("2026-03-02", at("2026-03-02")),
        ("2026-3-2", at("2026-03-02")),
        ("2026-03-02 8:55:00", at("2026-03-02T08:55")),
        ("2026-03-02 08:55", at("2026-03-02T08:55")),
        ("2026/3/2 8:55:00", at("2026-03-02T08:55")),
        ("2026/3/2", at("2026-03-02")),
        ("2026.3.2", at("2026-03-02")),
        ("2026年3月2日", at("2026-03-02")),
        ("20260302", at("2026-03-02")),
        (20260302, at("2026-03-02")),
        ("202603020855", at("2026-03-02T08:55")),
        ("20260302085500", at("2026-03-02T08:55")),
        ("20260302085500123", at("2026-03-02T08:55:00.123000")),
        ("", None),
        ("-", None),
        (None, None),
        ("null", None),
        ("9999-12-31 00:00:00", None),
        ("1900-01-01 00:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_dates(value: Any, expected: datetime | None) -> None:
    reader = Reader()
    assert reader.when("adm_date", value) == expected
    assert reader.notes == []


@pytest.mark.parametrize("value", ["2026-47-02", "明天", "2026-02-30", "1772413200000", 7, True, [], {}, "9" * 400])
def test_what_is_no_date_is_noted(value: Any) -> None:
    reader = Reader()
    assert reader.when("adm_date", value) is None
    (note,) = reader.notes
    assert note.startswith("adm_date “")
    assert note.endswith("”不是日期")


@pytest.mark.parametrize(
    ("value", "flag"),
    [("1", True), (1, True), (True, True), ("0", False), (0, False), (False, False), ("", None), (None, None)],
)
def test_flags(value: Any, flag: bool | None) -> None:
    reader = Reader()
    assert reader.flag("curr_drord_flag", value) is flag
    assert reader.notes == []


def test_other_flags_and_codes_are_noted() -> None:
    reader = Reader()
    assert reader.flag("curr_drord_flag", "是") is None
    assert reader.one_of("gend", {"1": "male"}, "", "3") == ""
    assert reader.one_of("gend", {"1": "male"}, "", 1) == "male"
    assert reader.one_of("gend", {"1": "male"}, "", "") == ""
    assert reader.notes == ["curr_drord_flag “是”不是 0 或 1", "gend “3”不在字典中"]


def test_a_fault_is_noted_once_and_not_without_end() -> None:
    reader = Reader()
    for number in range(1000):
        reader.number("pric", f"x{number % 500}")
    assert len(reader.notes) == 200


@pytest.mark.parametrize(
    ("node", "count", "notes"),
    [
        (None, 0, []),
        ("", 0, []),
        ("-", 0, []),
        ([], 0, []),
        ([None, ""], 0, []),
        (object(), 1, []),
        ([object(), None], 1, []),
        ("没有", 0, ["fsi_order_dtos “没有”不是对象"]),
        ([object(), 5], 1, ["fsi_order_dtos “5”不是对象"]),
    ],
)
def test_objects_of_a_node(node: Any, count: int, notes: list[str]) -> None:
    reader = Reader()
    assert len(reader.objects("fsi_order_dtos", node)) == count == len(objects(node))
    assert reader.notes == notes


class Home:
    reader = Reader()


def test_a_column_remembers_what_gave_no_note() -> None:
    home, asked = Home(), []

    def read(reader: Reader, value: Any) -> Decimal | None:
        asked.append(value)
        return reader.number("cnt", value)

    column = Column(home, read)
    for _ in range(3):
        home.reader = Reader()
        assert [column["2"], column["x"]] == [2, None]
        assert home.reader.notes == ["cnt “x”不是数字"], "every message is told of its own faults"
    assert asked == ["2", "x", "x", "x"]
    with pytest.raises(TypeError):
        column[[]]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(),
)


@given(scalars, scalars)
def test_values_that_are_equal_read_alike(one: Any, other: Any) -> None:
    """A column cannot tell them apart."""
    for value in (other, *([Decimal(one), Decimal(one).normalize()] if isinstance(one, (int, Decimal)) else [])):
        if one == value:
            assert Reader().text("x", one) == Reader().text("x", value)
            assert Reader().number("x", one) == Reader().number("x", value)
            assert Reader().when("x", one) == Reader().when("x", value)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))
def test_no_value_breaks_a_reader(value: Any) -> None:
    reader = Reader()
    number, when = reader.number("x", value), reader.when("x", value)
    assert number is None or 0 <= number <= LARGEST
    assert when is None or (1900 < when.year < 9999 and when.tzinfo is None)
    assert isinstance(reader.text("x", value), str)
    assert reader.flag("x", value) in (True, False, None)
