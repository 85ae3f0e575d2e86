"""Order lines: what each field becomes, ids that stay, repeated objects, bills copied into lines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from app.domain.line import ChargeLine, FormularyClass, ItemCategory, OrderLine, Practitioner
from app.interfaces.nhsa.leaves import Reader
from app.interfaces.nhsa.lines import LineReader, Lines
from app.interfaces.nhsa.message import Order
from app.interfaces.nhsa.profiles import Profile
from tests.interfaces.nhsa.messages import WOMEN_ONLY, order

FALLBACK = date(2026, 3, 1)
at = datetime.fromisoformat


def read(*orders: Any, profile: Profile | None = None, line_type: Any = OrderLine) -> tuple[Lines, list[str]]:
    reader = Reader()
    node = msgspec.convert(list(orders), list[Order | str | int | None])
    return LineReader(reader, profile or Profile(), FALLBACK).read(node, line_type), reader.notes


def one(profile: Profile | None = None, **fields: Any) -> tuple[OrderLine, list[str]]:
    lines, notes = read(order(**fields), profile=profile)
    (line,) = lines.lines
    return line, notes


def test_a_plain_order_becomes_a_line_whole() -> None:
    line, notes = one(
        hilist_memo="限住院", spec="0.25g*24片", ownpay_amt="5", selfpay_amt="4.5",
        drord_stop_date="2026-03-04 08:00:00", long_drord_flag=1, drord_bhvr="1",
    )  # fmt: skip
    assert notes == []
    assert line == OrderLine(
        id=f"YZ1#{WOMEN_ONLY}#260302",
        service_date=date(2026, 3, 2),
        item_code=WOMEN_ONLY,
        item_name="后穹窿穿刺术",
        local_item_code="XM0001",
        local_item_name="虚构院内项目",
        category=ItemCategory.SERVICE,
        prescription_id="CF1",
        group_id="1",
        quantity=Decimal(1),
        unit="次",
        specification="0.25g*24片",
        unit_price=Decimal("50.00"),
        amount=Decimal("50.00"),
        uncovered_amount=Decimal(5),
        copay_amount=Decimal("4.5"),
        start_at=at("2026-03-02T08:55"),
        stop_at=at("2026-03-04T08:00"),
        department="KS01",
        practitioner=Practitioner(id="D0000001", title="attending"),
        is_standing=True,
        is_discharge_medication=True,
        formulary_class=FormularyClass.A,
        payment_note="限住院",
    )


def test_charges_are_made_the_same_way() -> None:
    lines, _ = read(order(), line_type=ChargeLine)
    assert isinstance(lines.lines[0], ChargeLine)
    assert lines.rx_ids == {lines.lines[0].id: "YZ1"}


@pytest.mark.parametrize(
    ("fields", "attribute", "value", "notes"),
    [
        ({"cnt": 2}, "quantity", 2, []),
        ({"cnt": "2.50"}, "quantity", Decimal("2.5"), []),
        ({"cnt": ""}, "quantity", 1, ["cnt 未填写或无法识别，按 1 计算"]),
        ({"cnt": "-"}, "quantity", 1, ["cnt 未填写或无法识别，按 1 计算"]),
        ({"cnt": None}, "quantity", 1, ["cnt 未填写或无法识别，按 1 计算"]),
        ({"cnt": "两"}, "quantity", 1, ["cnt “两”不是数字", "cnt 未填写或无法识别，按 1 计算"]),
        ({"sumamt": ""}, "amount", None, []),
        ({"pric": None}, "unit_price", None, []),
        ({"ownpay_amt": None}, "uncovered_amount", None, []),
        ({"hilist_code": None}, "item_code", "", []),
        ({"hilist_code": "0", "hilist_name": "默认"}, "item_code", "", []),
        ({"hilist_lv": "--"}, "formulary_class", "", []),
        ({"hilist_lv": "3"}, "formulary_class", FormularyClass.C, []),
        ({"hilist_lv": "7"}, "formulary_class", "", ["hilist_lv “7”不在字典中"]),
        ({"hilist_type": "102"}, "category", ItemCategory.DECOCTION_PIECE, []),
        ({"hilist_type": ""}, "category", ItemCategory.SERVICE, []),
        ({"hilist_type": "1"}, "category", ItemCategory.SERVICE, ["hilist_type “1”不在字典中"]),
        ({"hilist_type": "", "hilist_code": "XB01AXA223B002010100156"}, "category", ItemCategory.DRUG, []),
        ({"hilist_type": "", "hilist_code": ""}, "category", "", []),
        ({"drord_dr_profttl": "2"}, "practitioner", Practitioner(id="D0000001", title="resident"), []),
        ({"drord_dr_profttl": "-"}, "practitioner", Practitioner(id="D0000001"), []),
        ({"drord_dr_profttl": "77"}, "practitioner", Practitioner(id="D0000001"), ["drord_dr_profttl “77”不在字典中"]),
        ({"drord_begn_date": None}, "service_date", FALLBACK, ["drord_begn_date 未填写或无法识别，按就诊日期计算"]),
        ({"drord_stop_date": "9999-12-31"}, "stop_at", None, []),
        ({"drord_stop_date": "2026-03-01"}, "stop_at", None, ["drord_stop_date 早于 drord_begn_date，未采用"]),
        ({"long_drord_flag": ""}, "is_standing", None, []),
        ({"drord_bhvr": "-"}, "is_discharge_medication", False, []),
        ({"spec": ["a"]}, "specification", "", ["spec 应为单个值"]),
        ({"cnt": {"a": 1}}, "quantity", 1, ["cnt 应为单个值", "cnt 未填写或无法识别，按 1 计算"]),
    ],
)  # fmt: skip
def test_each_field(fields: dict[str, Any], attribute: str, value: Any, notes: list[str]) -> None:
    line, told = one(**fields)
    assert getattr(line, attribute) == value
    assert told == notes


@pytest.mark.parametrize(
    ("cnt", "note"), [("-2", "退费"), (-2, "退费"), (0, "cnt 为 0 的明细未审核"), ("1e9", "cnt 为")]
)
def test_lines_that_cannot_be_judged_are_left_out_and_noted(cnt: Any, note: str) -> None:
    lines, notes = read(order("YZ1", cnt=cnt), order("YZ2"))
    assert [lines.rx_ids[line.id] for line in lines.lines] == ["YZ2"]
    assert any(note in told for told in notes)


def test_profiles_add_titles_and_classes() -> None:
    profile = Profile(title={"77": "chief"}, formulary_class={"7": "b"})
    line, notes = one(profile, drord_dr_profttl="77", hilist_lv="7")
    assert (line.practitioner.title, line.formulary_class, notes) == ("chief", FormularyClass.B, [])


@pytest.mark.parametrize(
    ("flags", "current"),
    [
        (("1", "0"), [True, False]),
        ((1, 0), [True, False]),
        (("0", "0"), [True, True]),
        (("1", "1"), [True, True]),
        (("", None), [True, True]),
        (("1", None), [True, False]),
    ],
)
def test_what_is_current(flags: tuple[Any, Any], current: list[bool]) -> None:
    lines, _ = read(order("A", curr_drord_flag=flags[0]), order("B", curr_drord_flag=flags[1]))
    assert [line.current for line in lines.lines] == current


def ids(*orders: dict[str, Any]) -> list[str]:
    return [line.id for line in read(*orders)[0].lines]


def test_the_rx_id_is_echoed_also_where_it_is_repeated() -> None:
    lines, notes = read(order("CF1"), order("CF1", "001102000030000"), order("CF1", "", hilist_code=None))
    assert list(lines.rx_ids.values()) == ["CF1"] * 3
    assert len({line.id for line in lines.lines}) == 3
    assert notes == []


@pytest.mark.parametrize(
    "before",
    [
        [order("YZ0", "001102000030000")],
        [order("YZ1", "001102000030000")],  # the same number on every line
        [order("YZ1", drord_begn_date="2026-03-01 08:00:00")],  # a tariff number: the same item the day before
        [order("", "")],
        [order("YZ0", cnt="-1")],
    ],
)
def test_ids_stay_when_lines_are_added(before: list[dict[str, Any]]) -> None:
    (alone,) = ids(order("YZ1"))
    assert alone in ids(*before, order("YZ1"))
    assert alone in ids(order("YZ1"), *before)
    assert ids(*before, order("YZ1"))[-1] == alone


def test_ids_stay_when_a_line_is_no_longer_current_or_costs_more() -> None:
    assert ids(order(curr_drord_flag="1")) == ids(order(curr_drord_flag="0", cnt=3, sumamt=150))


def test_lines_alike_in_number_item_and_day_have_ids_of_their_own_whatever_their_order() -> None:
    first, second = order(drord_begn_date="2026-03-02 08:00:00"), order(drord_begn_date="2026-03-02 20:00:00")
    assert len(set(ids(first, second))) == 2
    assert ids(first, second) == ids(second, first)[::-1]
    third = order("YZ3")
    assert ids(third, first, second)[1:] == ids(first, second)


def test_a_history_line_like_the_new_one_is_another_line() -> None:
    lines, notes = read(order(curr_drord_flag="1"), order(curr_drord_flag="0"))
    assert len({line.id for line in lines.lines}) == 2
    assert notes == []


@pytest.mark.parametrize("number", ["一" * 40, "A" * 50, "A" * 300])
def test_ids_fit_into_the_domain_and_stay_apart(number: str) -> None:
    found = ids(order(f"{number}1"[-50:]), order(f"{number}2"[-50:]), order(f"{number}2"[-50:], "001102000030000"))
    assert len(set(found)) == 3
    assert all(1 <= len(one) <= 64 for one in found)


@pytest.mark.parametrize("times", [2, 3, 50])
def test_the_same_object_many_times_is_one_line(times: int) -> None:
    lines, notes = read(*[order()] * times, order("YZ2"))
    assert [lines.rx_ids[line.id] for line in lines.lines] == ["YZ1", "YZ2"]
    assert notes == ["同一医嘱对象重复出现，只审核一次"]


def test_two_orders_of_one_item_with_numbers_of_their_own_are_two_lines() -> None:
    assert len(ids(order("YZ1"), order("YZ2"))) == 2


def test_the_whole_bill_on_every_line_is_not_its_amount() -> None:
    lines, notes = read(order("A", sumamt="5230.50"), order("B", sumamt="5230.50", cnt="2"))
    assert [line.amount for line in lines.lines] == [None, None]
    assert [line.total_amount for line in lines.lines] == [50, 100]
    assert notes == ["每条明细的 sumamt 都是整单金额，改用单价乘以数量"]


@pytest.mark.parametrize("other", [{"sumamt": "50.00"}, {"sumamt": "5230.51"}, {"pric": None}])
def test_amounts_that_may_be_the_lines_own_are_kept(other: dict[str, Any]) -> None:
    lines, notes = read(order("A", sumamt="5230.50"), order("B", **{"sumamt": "5230.50", **other}))
    assert lines.lines[0].amount == Decimal("5230.50")
    assert notes == []


@pytest.mark.parametrize("total", ["50.00", "5230.50"])
def test_own_payment_that_repeats_the_amount_on_every_line_is_not_used(total: str) -> None:
    lines, notes = read(order("A", sumamt=total, ownpay_amt="50"), order("B", sumamt=total, ownpay_amt="50"))
    assert [line.uncovered_amount for line in lines.lines] == [None, None]
    assert all(line.is_claimed for line in lines.lines)
    assert notes[-1] == "每条明细的 ownpay_amt 都等于金额，未采用"


def test_one_line_that_the_patient_pays_is_believed_unless_the_profile_says_otherwise() -> None:
    mixed, _ = read(order("A", ownpay_amt="50"), order("B", ownpay_amt="0"))
    assert [line.is_claimed for line in mixed.lines] == [False, True]
    assert one(ownpay_amt="50")[0].is_claimed is False
    assert one(Profile(trust_own_payment=False), ownpay_amt="50")[0].is_claimed is True


@pytest.mark.parametrize("node", [None, "", [], [None, ""], "没有"])
def test_no_orders(node: Any) -> None:
    assert LineReader(Reader(), Profile(), FALLBACK).read(node, OrderLine) == Lines((), {})


def test_entries_that_are_no_objects_are_noted() -> None:
    lines, notes = read(order(), "x", 5)
    assert len(lines.lines) == 1
    assert notes == ["fsi_order_dtos “x”不是对象", "fsi_order_dtos “5”不是对象"]
