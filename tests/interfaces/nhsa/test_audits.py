"""3101 and 3102: stages, what is returned and what is only stored, and ids that a HIS can remember."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.nhsa.caller import Caller
from tests.interfaces.nhsa.messages import message, order, ordered, person, visit

MakeCaller = Callable[..., Caller]
MONITORING, CONSULTATION, WARD = "001103000010000", "001102000030000", "001102000050000"


@pytest.fixture
def his(with_profiles: MakeCaller) -> Caller:
    return with_profiles()


def audit_of(caller: Caller) -> Any:
    return json.loads(caller.records()[-1].audit)


@pytest.mark.parametrize(
    ("infno", "scene", "stage", "decision"),
    [
        ("3101", "1", "ordering", "require_reason"),
        ("3101", "5", "ordering", "require_reason"),
        ("3301", "", "ordering", "require_reason"),
        ("3660", "4", "ordering", "require_reason"),
        ("3102", "6", "settling", "block"),
        ("3102", "10", "settling", "block"),
        ("3102", "1", "settling", "block"),
        ("3661", "8", "settling", "block"),
    ],
)
def test_the_transaction_is_the_stage(his: Caller, infno: str, scene: str, stage: str, decision: str) -> None:
    his.post(message(infno=infno, trig_scen=scene))
    audit = audit_of(his)
    assert (audit["stage"], audit["decision"]) == (stage, decision)


@pytest.mark.parametrize(
    ("rule_ids", "rules"),
    [
        ([], {"GZ99999999000001", "items-charged-twice"}),
        ("", {"GZ99999999000001", "items-charged-twice"}),
        (None, {"GZ99999999000001", "items-charged-twice"}),
        (["3101"], {"GZ99999999000001", "items-charged-twice"}),
        (["items-charged-twice"], {"items-charged-twice"}),
        ("items-charged-twice", {"items-charged-twice"}),
        (["GZ99999999000001", "3101"], {"GZ99999999000001"}),
        (["service-for-women"], {"GZ99999999000001"}),
        (["item-too-often"], set()),
    ],
)
def test_rule_ids_restrict_what_is_returned_not_what_is_stored(his: Caller, rule_ids: Any, rules: set[str]) -> None:
    orders = order(), order("YZ2", MONITORING), order("YZ3", CONSULTATION)
    result = his.post(message(person(visit(*orders)), rule_ids=rule_ids)).result
    assert {one["rule_id"] for one in result} == rules
    assert {one["rule"] for one in audit_of(his)["findings"]} == {"service-for-women", "items-charged-twice"}


def test_the_task_is_echoed_or_named(his: Caller) -> None:
    assert his.post(message(task_id="T-1")).result[0]["task_id"] == "T-1"
    (found,) = his.post(message()).result
    assert found["task_id"] == audit_of(his)["id"]


def test_history_explains_and_is_not_accused_again(his: Caller) -> None:
    old = order("OLD", drord_begn_date="2026-03-01 08:00:00", curr_drord_flag="0")
    result = his.post(ordered(old, order("YZ2", WARD))).result
    assert result == []
    record = his.records()[-1]
    assert b"service-for-women" in record.hidden
    kept, new = order("A", MONITORING, curr_drord_flag="0"), order("B", CONSULTATION)
    (found,) = his.post(ordered(kept, new)).result
    assert [(one["rx_id"], one["vola_item_type"]) for one in found["judge_result_detail_dtos"]] == [
        ("B", "1"),
        ("A", "2"),
    ]


def test_an_earlier_visit_is_never_accused(his: Caller) -> None:
    past = visit(mdtrt_id="M0000", adm_date="2026-01-05", dscg_date="2026-01-12")
    assert his.post(message(person(past, visit(order("W", WARD))))).result == []


def test_what_was_not_understood_is_stored_and_does_not_disturb(his: Caller) -> None:
    content = ordered(order(pric="十元", extra="kept"), med_type="0")
    (found,) = his.post(content).result
    issue = next(one for one in audit_of(his)["data_issues"] if one["code"] == "message_not_understood")
    assert "pric “十元”不是数字" in issue["message"]
    assert "med_type “0”不在字典中" in issue["message"]
    assert "十元" not in json.dumps(found, ensure_ascii=False)
    assert b'"extra": "kept"' in his.records()[-1].request


def test_every_patient_is_judged_and_recorded(his: Caller) -> None:
    second = person(visit(mdtrt_id="M2"), patn_id="P2", curr_mdtrt_id="M2")
    clean = person(visit(mdtrt_id="M3"), patn_id="P3", curr_mdtrt_id="M3", gend="2")
    result = his.post(message(person(), second, clean)).result
    assert [(one["patn_id"], one["mdtrt_id"]) for one in result] == [("P0001", "M0001"), ("P2", "M2")]
    assert len({one["jr_id"] for one in result}) == 2
    assert len(his.records()) == 3
    assert len({one["task_id"] for one in result}) == 1


def ids(caller: Caller, content: Any) -> dict[str, str]:
    """The finding's id by the order it is about."""
    return {one["judge_result_detail_dtos"][0]["rx_id"]: one["jr_id"] for one in caller.post(content).result}


def test_the_same_message_has_the_same_ids(his: Caller, with_profiles: MakeCaller) -> None:
    content = ordered(order(), order("YZ2", MONITORING), order("YZ3", CONSULTATION))
    first = ids(his, content)
    assert len(first) == 2
    assert ids(his, content) == first
    assert ids(with_profiles(), content) == first, "also of a service that was started anew"
    content["inf_time"], content["msgid"] = "2026-03-02 10:00:00", "H00000000001202603021000000009"
    assert ids(his, content) == first


@pytest.mark.parametrize("number", ["YZ1", "CF1"])
def test_ids_stay_when_lines_come_before_or_after(his: Caller, number: str) -> None:
    """Also where the client gives every line of a prescription the same number."""
    alone = ids(his, ordered(order(number)))[number]
    others = [order("CF1", WARD), order("CF1", MONITORING), order("YZ9", WARD)]
    assert ids(his, ordered(*others, order(number)))[number] == alone
    assert ids(his, ordered(order(number), *others))[number] == alone
    assert ids(his, ordered(others[0], order(number), *others[1:]))[number] == alone


def test_ids_differ_by_patient_visit_line_and_day(his: Caller) -> None:
    found = [
        *ids(his, ordered(order())).values(),
        *ids(his, ordered(order("YZ2"))).values(),
        *ids(his, ordered(order(drord_begn_date="2026-03-03 08:00:00"))).values(),
        *ids(his, message(person(visit(mdtrt_id="M2"), curr_mdtrt_id="M2"))).values(),
        *ids(his, message(person(visit(medins_id="H2")))).values(),
    ]
    assert len(set(found)) == len(found) == 5


def test_a_finding_of_settlement_is_that_of_the_order(his: Caller) -> None:
    assert ids(his, message()) == ids(his, message(infno="3102"))
