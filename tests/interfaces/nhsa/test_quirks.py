"""The 36 quirks of real clients, by their numbers in the reference: each message is understood as it was meant.

The message is about one order that only women may have, for a man, unless the quirk needs another.
"""

import copy
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from app.interfaces.nhsa.profiles import Profile
from tests.interfaces.nhsa.caller import Caller
from tests.interfaces.nhsa.judged import asked_in, findings_in
from tests.interfaces.nhsa.mangle import flat, single_objects
from tests.interfaces.nhsa.messages import DAY, WOMEN_ONLY, diagnosis, envelope, message, order, ordered, person, visit
from tests.interfaces.nhsa.walk import camel

MONITORING, CONSULTATION = "001103000010000", "001102000030000"


class Quirk(NamedTuple):
    number: int
    what: str
    content: Any
    at_fault: tuple[str, ...] = ("YZ1",)
    profile: Profile = Profile()
    holds: Callable[[Any], bool] = lambda _: True  # of the encounter that was understood


class Always:
    """A random number that always chooses to."""

    def random(self) -> float:
        return 0.0


def without(content: Any, *names: str) -> Any:
    return {name: value for name, value in content.items() if name not in names}


def changed(**fields: Any) -> Any:
    return ordered(order(**fields))


def with_data(**data: Any) -> Any:
    return message(**data)


def first_line(encounter: Any) -> Any:
    return encounter.lines[0]


def hsa() -> Any:
    """The operations under a wrong key, and every list sent twice."""
    content = message()
    one = content["input"]["data"]["patient_dtos"][0]["fsi_encounter_dtos"][0]
    one["fsi_encounter_dtos"] = [{"oprn_code": "38.1200", "oprn_name": "示例手术", "oprn_date": DAY}]
    one["order_dtos"], one["diagnose_dtos"] = one["fsi_order_dtos"], one["fsi_diagnose_dtos"]
    return content


def hainan(infno: str) -> Any:
    content = envelope(infno, {"trigScen": camel(message()["input"]["data"])})
    return {**without(content, "fixmedins_code", "opter", "inf_time"), "medins_code": "H00000000001"}


def duplicate_key() -> bytes:
    return json.dumps(message()).replace('"matn_stas": "0"', '"matn_stas": "1", "matn_stas": 18.6').encode()


ZERO_TOTALS = {"medfee_sumamt": 0, "ownpay_amt": 0, "selfpay_amt": 0}
FILLED = {"fsi_operation_dtos": "", "wardarea_codg": None, "matn_stas": None}
TWO_LINES = (order("CF1"), order("CF1", MONITORING), order("CF1", CONSULTATION))
QUIRKS = [
    Quirk(1, "one patient as an object", single_objects(message(), Always())),
    Quirk(2, "one visit as an object", message(person(fsi_encounter_dtos=visit()))),
    Quirk(3, "blank text or null for a list", message(person(visit(**FILLED), fsi_his_data_dto=""), rule_ids="")),
    Quirk(3, "null for a list", message(person(visit(fsi_operation_dtos=None)), rule_ids=None)),
    Quirk(4, "the flat form", flat(message(), Always())),
    *(
        Quirk(5, f"hospital data {told!r}", message(person(fsi_his_data_dto=told)))
        for told in ("", [], None, {"infno": "3101"}, [{"a": 1}])
    ),
    Quirk(5, "no hospital data", message(without(person(), "fsi_his_data_dto"))),
    *(
        Quirk(6, f"amounts as {told!r}", message(person(visit(medfee_sumamt=told, ownpay_amt=told, setl_totlnum=told))))
        for told in ("12.50", 12.5, "-", "", None)
    ),
    *(
        Quirk(6, f"a quantity as {told!r}", changed(cnt=told), holds=lambda one: first_line(one).quantity == 2)
        for told in ("2", 2, 2.0, "2.00")
    ),
    Quirk(7, "flags as numbers", changed(curr_drord_flag=1, long_drord_flag=0),
          holds=lambda one: first_line(one).current),
    Quirk(7, "the main flag as a number", ordered(fsi_diagnose_dtos=[diagnosis(maindise_flag=1)], out_setl_flag=0)),
    Quirk(8, "ids as numbers", changed(rx_id=6374, order_id=1), ("6374",)),
    Quirk(8, "a diagnosis id as a number", ordered(fsi_diagnose_dtos=[diagnosis(dise_id=3069)])),
    *(
        Quirk(9, f"discharged {told!r}", ordered(dscg_date=told, med_type="21"), holds=lambda one: one.end_at is None)
        for told in (None, "", f"{DAY} 08:30:00", "9999-12-31 00:00:00", "1900-01-01 00:00:00")
    ),
    Quirk(10, "the minutes in the month's place", ordered(adm_date="2026-47-02"),
          holds=lambda one: one.start_at is None),
    Quirk(10, "the date of another culture", changed(drord_begn_date="2026/3/2 9:00:00")),
    Quirk(10, "a date without a time", changed(drord_begn_date=DAY)),
    *(Quirk(11, f"rule ids {told!r}", with_data(rule_ids=told)) for told in (["3101"], [], "", None)),
    *(Quirk(12, f"scene {told!r}", with_data(trig_scen=told)) for told in ("23", "", None, "9")),
    Quirk(12, "the scene of an order at settlement", message(infno="3102", trig_scen="1")),
    Quirk(13, "one number on all lines", ordered(*TWO_LINES), ("CF1",), holds=lambda one: len(one.lines) == 3),
    Quirk(14, "one object many times", ordered(order(), order(), order()), holds=lambda one: len(one.lines) == 1),
    Quirk(15, "no line is current", changed(curr_drord_flag="0"), holds=lambda one: first_line(one).current),
    Quirk(15, "every line is current", ordered(order("OLD", CONSULTATION), order()),
          holds=lambda one: one.lines[0].current),
    Quirk(16, "earlier orders beside the new one", ordered(order(), order("OLD", CONSULTATION, curr_drord_flag=0))),
    Quirk(17, "earlier visits", message(person(visit(mdtrt_id="M0", fsi_order_dtos=None), visit()))),
    *(
        Quirk(18, f"main flag {flag!r}", ordered(fsi_diagnose_dtos=[diagnosis(maindise_flag=flag)]),
              holds=lambda one: one.diagnoses[0].is_principal)
        for flag in ("I10.x00", None)
    ),
    *(Quirk(19, f"as {told!r}", ordered(fsi_diagnose_dtos=[diagnosis(dias_srt_no=told)])) for told in (0, "0", "1")),
    Quirk(20, "a hospital's own term", ordered(fsi_diagnose_dtos=[diagnosis("XYZD018987", dise_id="高血压")])),
    Quirk(21, "no national code", ordered(order(), order("YZ2", "", hilist_code=None, hilist_name=None))),
    Quirk(21, "the code 0", ordered(order(), order("YZ2", "0", hilist_name="默认")),
          holds=lambda one: one.lines[1].item_code == ""),
    *(Quirk(22, f"class {told!r}", changed(hilist_lv=told)) for told in ("--", "1", "01", "", None)),
    Quirk(23, "the bill on each line", ordered(order(sumamt="5230.50"), order("YZ2", MONITORING, sumamt="5230.50")),
          holds=lambda one: one.lines[0].total_amount == 50),
    Quirk(23, "own payment copied", ordered(order(ownpay_amt="50"), order("YZ2", MONITORING, ownpay_amt="50")),
          holds=lambda one: one.lines[0].is_claimed),
    Quirk(24, "totals of nought", ordered(**ZERO_TOTALS), holds=lambda one: one.lines[0].amount == 50),
    Quirk(25, "department swapped", ordered(adm_dept_codg="虚构科", adm_dept_name="KS01"),
          holds=lambda one: one.department == "KS01"),
    Quirk(26, "in-patient by one code only", ordered(med_mdtrt_type="1", med_type="21"),
          holds=lambda one: one.care_type == "inpatient"),
    Quirk(26, "the type with a nought behind", ordered(med_mdtrt_type="210", med_type=""),
          holds=lambda one: one.care_type == "inpatient"),
    Quirk(27, "out-patients sent as in-patients", message(person(visit(med_type="21")), trig_scen="5"),
          profile=Profile(care_type={"21": "outpatient"}), holds=lambda one: one.care_type == "outpatient"),
    Quirk(28, "one key twice, then a price", duplicate_key(), profile=Profile(pregnancy="A"),
          holds=lambda one: one.patient.pregnancy == ""),
    Quirk(29, "operations under the wrong key", hsa(), holds=lambda one: one.procedures[0].code == "38.1200"),
    Quirk(30, "Hainan's 3660", hainan("3660")),
    Quirk(30, "Hainan's 3661", hainan("3661")),
    Quirk(31, "the facility under another name", {**without(message(), "fixmedins_code"), "medins_code": "H1"}),
    Quirk(32, "no message id", without(message(), "msgid")),
    Quirk(33, "3301 for 3101", message(infno="3301")),
    Quirk(34, "nulls dropped", ordered(without(order(), "grpno", "drord_stop_date", "ownpay_amt", "selfpay_amt"))),
    Quirk(34, "nulls written", changed(grpno=None, drord_stop_date=None, ownpay_amt=None, selfpay_amt=None, spec=None)),
    Quirk(35, "own keys", ordered(order(TarItemID=6374, fee_type="住院", self_paying_flag=None), setl_date=None)),
    Quirk(36, "GBK", json.dumps(message(), ensure_ascii=False).encode("gbk")),
]  # fmt: skip


def body_of(quirk: Quirk) -> bytes:
    return quirk.content if isinstance(quirk.content, bytes) else json.dumps(copy.deepcopy(quirk.content)).encode()


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: f"{quirk.number}: {quirk.what}")
def test_it_is_understood(quirk: Quirk, caller: Caller) -> None:
    body = body_of(quirk)
    found = findings_in(body, quirk.profile)
    assert {rule for _, rule, *_ in found if rule == "service-for-women"}
    women = next(one for one in found if one[1] == "service-for-women")
    assert women[3] == frozenset(quirk.at_fault)
    (asked,) = asked_in(body, quirk.profile)
    assert quirk.holds(asked.request.encounter)
    assert [one for one in caller.post(body).result if one["sev_deg"] == "1"]


def test_every_quirk_has_its_test() -> None:
    assert {quirk.number for quirk in QUIRKS} == set(range(1, 37))


@pytest.mark.parametrize("number", [1, 13, 14])
def test_repeated_objects_are_no_duplicate_charges(number: int) -> None:
    """Quirk 14, on the items that may not be charged together nor too often."""
    lines = [order("YZ1", "001102000050000")] * (number + 1)
    assert findings_in(json.dumps(ordered(*lines)).encode()) == set()


def test_answers_stay_below_the_clients_buffer(caller: Caller) -> None:
    """Quirk 36: one client reads into 1 MiB, and knows GBK only."""
    lines = [order(f"YZ{number}", WOMEN_ONLY, hilist_name="穿刺术" * 15) for number in range(3000)]
    answer = caller.post(json.dumps(ordered(*lines), ensure_ascii=False).encode("gbk"))
    assert 500_000 < len(answer.body) < 1024 * 1024
    assert answer.body.decode("gbk")
    told = answer.json()
    left_out = 3000 - len(told["output"]["result"])
    assert told["warn_msg"] == f"另有 {left_out} 条提示未列出，请在审核系统查看"
