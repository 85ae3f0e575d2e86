"""Each oddity is told once, with every line that shows it, and nothing ordinary is called odd."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.data_quality import inspect
from app.domain.encounter import Encounter

TODAY = date(2026, 3, 1)
SERVICE = "003112010070000"


def encounter(*lines: dict[str, Any], **fields: Any) -> Encounter:
    written = [
        {"id": f"L{number}", "item_code": SERVICE, "service_date": TODAY, **line}
        for number, line in enumerate(lines, start=1)
    ]
    plain = {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P"}, "diagnoses": [{"code": "I10.x00"}]}
    return msgspec.convert({**plain, "charge_lines": written, **fields}, Encounter, strict=False)


def issues(*lines: dict[str, Any], **fields: Any) -> dict[str, tuple[str, ...]]:
    found = inspect(encounter(*lines, **fields), TODAY)
    assert len({issue.code for issue in found}) == len(found)
    assert all(issue.message for issue in found)
    return {issue.code: issue.lines for issue in found}


@pytest.mark.parametrize(
    "code",
    [
        "XA02BCA073A001010100001",
        "ZA07AAA0061010100166",
        "T001700233",
        SERVICE,
        "C0101010010101800001",
        "C01010100101018000010000001",
    ],
)
def test_national_codes_are_ordinary(code: str) -> None:
    assert issues({"item_code": code}) == {}


@pytest.mark.parametrize(
    "code",
    ["", "123", "LOCAL-1", "3112010070000", SERVICE + "0", SERVICE.replace("0", "Ｏ"), "xa02bca073a001010100001"],
)
def test_other_codes_are_not(code: str) -> None:
    assert issues({}, {"item_code": code}, {"item_code": code}) == {"item_code_not_national": ("L2", "L3")}


@pytest.mark.parametrize(("days", "odd"), [(-9000, False), (0, False), (7, False), (8, True), (400, True)])
def test_future_date(days: int, odd: bool) -> None:
    found = issues({"service_date": TODAY + timedelta(days=days)})
    assert found == ({"service_date_in_future": ("L1",)} if odd else {})


@pytest.mark.parametrize(
    ("price", "quantity", "amount", "odd"),
    [
        ("10", "2", "20", False),
        ("10", "2", "20.00", False),
        ("3.333", "3", "10.00", False),  # rounded to a cent
        ("0.115", "1", "0.12", False),
        ("10", "2", "20.01", False),
        ("10", "2", "20.02", True),
        ("10", "2", "19.98", True),
        ("10", "2", "10", True),
        ("0", "1", "5", True),
        ("5", "1", "0", True),
        ("10", "2", None, False),
        (None, "2", "10", False),
    ],
)
def test_amount_against_price(price: str | None, quantity: str, amount: str | None, odd: bool) -> None:
    found = issues({"unit_price": price, "quantity": quantity, "amount": amount})
    assert found == ({"amount_differs": ("L1",)} if odd else {})


@given(
    st.decimals(0, 10**6, places=4), st.decimals("0.01", 1000, places=2), st.sampled_from(["ROUND_DOWN", "ROUND_UP"])
)
def test_rounding_either_way_is_ordinary(price: Any, quantity: Any, rounding: str) -> None:
    amount = (price * quantity).quantize(msgspec.json.decode(b'"0.01"', type=type(price)), rounding)
    assert issues({"unit_price": price, "quantity": quantity, "amount": amount}) == {}


@pytest.mark.parametrize(
    ("diagnoses", "code"),
    [
        ([], "no_diagnosis"),
        ([{}], "no_diagnosis"),
        ([{"name": "高血压"}], "no_diagnosis"),
        ([{"code": "高血压"}], "diagnosis_code_not_icd10"),
        ([{"code": "I10.x00"}, {"code": "i10"}], "diagnosis_code_not_icd10"),
        ([{"code": "I10.x00"}, {"name": "高血压"}], None),
        ([{"code": "I10"}], None),
        ([{"code": "A18.0+M49.0*"}], None),
        ([{"code": "C34.100x001"}], None),
    ],
)
def test_diagnoses(diagnoses: list[dict[str, str]], code: str | None) -> None:
    assert issues({}, diagnoses=diagnoses) == ({} if code is None else {code: ()})


def test_odd_diagnosis_is_named() -> None:
    (issue,) = inspect(encounter({}, diagnoses=[{"code": "高血压"}, {"code": "I10"}]), TODAY)
    assert "高血压" in issue.message
    assert "I10" not in issue.message.replace("ICD-10", "")


def test_no_lines() -> None:
    assert issues() == {"no_lines": ()}
    assert issues(diagnoses=[]) == {"no_lines": ()}


def test_order_that_a_charge_carries_out_is_not_told_twice() -> None:
    order = {"id": "O1", "item_code": "LOCAL", "service_date": TODAY}
    assert issues({"order_id": "O1"}, order_lines=[order]) == {}
    assert issues({}, order_lines=[order]) == {"item_code_not_national": ("O1",)}


def test_all_at_once() -> None:
    line = {"item_code": "x", "service_date": "2027-01-01", "unit_price": 1, "amount": 9}
    assert set(issues(line, diagnoses=[])) == {
        "item_code_not_national", "service_date_in_future", "amount_differs", "no_diagnosis",
    }  # fmt: skip
