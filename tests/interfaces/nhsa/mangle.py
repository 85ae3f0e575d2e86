"""What clients make of a message (报文变形): each function turns a plain message into one that says the same."""

import copy
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from tests.interfaces.nhsa.walk import camel, dicts, orders, persons, visits

Mangle = Callable[[Any, Random], Any]


def single_objects(message: Any, random: Random) -> Any:
    for one in dicts(message):
        for name, value in one.items():
            if name.endswith("_dtos") and isinstance(value, list) and len(value) == 1 and random.random() < 0.7:
                one[name] = value[0]
    return message


def blank_lists(message: Any, random: Random) -> Any:
    for one in dicts(message):
        for name, value in list(one.items()):
            if value == []:
                one[name] = random.choice(["", None, [], [None]])
                if random.random() < 0.2:
                    del one[name]
    return message


def other_numbers(message: Any, random: Random) -> Any:
    for one in orders(message):
        for name in ("cnt", "pric", "sumamt", "ownpay_amt", "selfpay_amt", "hilist_pric"):
            number = Decimal(str(one[name]))
            one[name] = random.choice(
                [
                    str(number),
                    float(number),
                    f" {number} ",
                    f"{number:.2f}",
                    int(number) if number == int(number) else str(number),
                ]
            )
    for visit in visits(message):
        for name in ("medfee_sumamt", "ownpay_amt", "selfpay_amt", "setl_totlnum"):
            visit[name] = random.choice(["-", "", None, 0, "0", 12.5])
    return message


def other_flags(message: Any, random: Random) -> Any:
    for one in dicts(message):
        for name in ("curr_drord_flag", "long_drord_flag", "maindise_flag", "reim_flag", "out_setl_flag"):
            if one.get(name) in ("0", "1"):
                one[name] = random.choice([one[name], int(one[name])])
    return message


def number_ids(message: Any, random: Random) -> Any:
    for one in dicts(message):
        if one.get("dise_id") is not None:
            one["dise_id"] = random.choice([3069, "诊断文本", "I10.x00"])
        if str(one.get("rxno", "")).isdecimal():
            one["rxno"] = int(one["rxno"])
        if "dias_srt_no" in one:
            one["dias_srt_no"] = random.choice(["1", 0, 2, ""])
    return message


_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S.000")


def other_dates(message: Any, random: Random) -> Any:
    for one in dicts(message):
        for name in ("drord_begn_date", "adm_date", "dise_date"):
            if isinstance(one.get(name), str) and one[name]:
                one[name] = datetime.fromisoformat(one[name]).strftime(random.choice(_DATES))
    for visit in visits(message):
        visit["dscg_date"] = random.choice([None, "", "9999-12-31 00:00:00", "1900-01-01 00:00:00", visit["dscg_date"]])
    return message


def blank_texts(message: Any, random: Random) -> Any:
    for one in dicts(message):
        for name in (
            "grpno",
            "spec",
            "hilist_memo",
            "drord_stop_date",
            "wardarea_codg",
            "drord_bhvr",
            "dev_no",
            "cainfo",
        ):
            if name in one:
                one[name] = random.choice(["", "-", None])
    return message


def drop_envelope(message: Any, random: Random) -> Any:
    for name in (
        "msgid",
        "recer_sys_code",
        "opter",
        "opter_name",
        "opter_type",
        "infver",
        "fixmedins_name",
        "sign_no",
        "dev_no",
    ):
        if random.random() < 0.5:
            message.pop(name, None)
    if random.random() < 0.5:
        message["medins_code"] = message.pop("fixmedins_code", "H00000000001")
        message["insur_code"] = "100000"
    return message


def drop_nulls(message: Any, random: Random) -> Any:
    for one in dicts(message):
        for name, value in list(one.items()):
            if value is None and random.random() < 0.8:
                del one[name]
    return message


def extra_keys(message: Any, random: Random) -> Any:
    for one in list(dicts(message)):
        for number in range(random.randrange(4)):
            one[f"his_column_{number}"] = random.choice([1, "x", None, [1], {"a": []}, 1.5, True])
    return message


def repeat_under_other_keys(message: Any, random: Random) -> Any:
    for visit in visits(message):
        visit["order_dtos"] = copy.deepcopy(visit["fsi_order_dtos"])
        visit["diagnose_dtos"] = copy.deepcopy(visit["fsi_diagnose_dtos"])
        if random.random() < 0.5:
            visit["fsi_encounter_dtos"] = [{"oprn_code": "38.1200", "main_oprn_flag": "1", "oprn_date": "2026-03-02"}]
    return message


def repeat_orders(message: Any, random: Random) -> Any:
    for visit in visits(message):
        found = visit["fsi_order_dtos"]
        if isinstance(found, list) and found:
            visit["fsi_order_dtos"] = [copy.deepcopy(one) for one in found for _ in range(random.randint(1, 3))]
    return message


def no_order_is_current(message: Any, _: Random) -> Any:
    for one in orders(message):
        one["curr_drord_flag"] = "0"
    return message


def swap_departments(message: Any, _: Random) -> Any:
    for visit in visits(message):
        visit["adm_dept_codg"], visit["adm_dept_name"] = visit["adm_dept_name"], visit["adm_dept_codg"]
    return message


def useless_rule_ids(message: Any, random: Random) -> Any:
    message["input"]["data"]["rule_ids"] = random.choice(["", None, [], ["3101"], "3101"])
    return message


def earlier_visits(message: Any, random: Random) -> Any:
    for person in persons(message):
        found = person["fsi_encounter_dtos"]
        if isinstance(found, list) and len(found) == 1:
            past = {
                "mdtrt_id": "M-PAST",
                "adm_date": "2025-11-05 08:00:00",
                "dscg_date": "2025-11-12",
                "fsi_order_dtos": None,
            }
            found.insert(random.randrange(2), past)
    return message


def flat(message: Any, _: Random) -> Any:
    """The nodes as siblings of `data`; only where there is one patient with one visit."""
    found = persons(message)
    data = message["input"]["data"]
    if len(found) != 1 or not isinstance(data.get("patient_dtos"), (list, dict)):
        return message
    (person,) = found
    visit = person["fsi_encounter_dtos"]
    if isinstance(visit, list):
        if len(visit) != 1:
            return message
        (visit,) = visit
    whole = message["input"]
    whole["patient_dtos"], whole["fsi_encounter_dtos"] = data["patient_dtos"], visit
    whole["fsi_diagnose_dtos"], whole["fsi_order_dtos"] = visit["fsi_diagnose_dtos"], visit["fsi_order_dtos"]
    data["patient_dtos"] = person["fsi_encounter_dtos"] = ""
    visit["fsi_diagnose_dtos"] = visit["fsi_order_dtos"] = ""
    person["curr_mdtrt_id"] = "440300"
    return message


def hainan(message: Any, _: Random) -> Any:
    content = message["input"]
    if set(content) == {"data"}:
        message["infno"] = {"3101": "3660", "3102": "3661"}[message["infno"]]
        message["input"] = {"trigScen": camel(content["data"])}
    return message


SHAPES: tuple[Mangle, ...] = (  # in this order: objects that are repeated must stay alike
    extra_keys,
    other_numbers,
    other_flags,
    number_ids,
    other_dates,
    blank_texts,
    repeat_under_other_keys,
    repeat_orders,
    no_order_is_current,
    swap_departments,
    useless_rule_ids,
    earlier_visits,
    drop_envelope,
    blank_lists,
    single_objects,
    drop_nulls,
    flat,
    hainan,
)
