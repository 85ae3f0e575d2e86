"""The 3101 message (明细审核事前分析) that a HIS would send for an encounter: the fields of the official table."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.domain.encounter import CareType, Diagnosis, Encounter, Sex
from app.domain.line import Line
from app.domain.money import plain

_SEX = {Sex.MALE: "1", Sex.FEMALE: "2", Sex.UNKNOWN: "9"}
_MED_TYPE = {CareType.INPATIENT: "21", CareType.OUTPATIENT: "11"}
_DAY = "2026-03-02 08:00:00"


def message_of(encounter: Encounter) -> bytes:
    """The encounter's lines are sent as orders; the answer names them by their ids as `rx_id`."""
    facility = encounter.facility.id
    return msgspec.json.encode(
        {
            "infno": "3101",
            "msgid": f"{facility[:12]:0<12}202603020800000001",
            "mdtrtarea_admvs": "100000",
            "insuplc_admdvs": "100000",
            "recer_sys_code": "MBS_LOCAL",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "D0000001",
            "opter_name": "甲医生",
            "inf_time": _DAY,
            "fixmedins_code": facility,
            "fixmedins_name": "虚构医院",
            "sign_no": "",
            "input": {
                "data": {
                    "syscode": "BENCH",
                    "task_id": "",
                    "trig_scen": "5",
                    "rule_ids": [],
                    "patient_dtos": [_person(encounter)],
                }
            },
        }
    )


def _person(encounter: Encounter) -> dict[str, Any]:
    patient = encounter.patient
    return {
        "patn_id": patient.id,
        "patn_name": "测试甲",
        "gend": _SEX[patient.sex],
        "brdy": patient.birth_date,
        "poolarea": encounter.coverage.pooling_area,
        "curr_mdtrt_id": encounter.id,
        "fsi_encounter_dtos": [_visit(encounter)],
        "fsi_his_data_dto": "",
    }


def _visit(encounter: Encounter) -> dict[str, Any]:
    department = {"codg": encounter.department, "name": "虚构科"}
    main = encounter.diagnoses[0]
    return {
        "mdtrt_id": encounter.id,
        "medins_id": encounter.facility.id,
        "medins_name": "虚构医院",
        "medins_admdvs": "100000",
        "medins_type": "1",
        "medins_lv": "02",
        "wardarea_codg": "",
        "wardno": "",
        "bedno": "",
        "adm_date": _time(encounter.start_at),
        "dscg_date": _time(encounter.end_at),
        "dscg_main_dise_codg": main.code,
        "dscg_main_dise_name": main.name,
        "fsi_diagnose_dtos": [_diagnosis(number, one) for number, one in enumerate(encounter.diagnoses, 1)],
        "dr_codg": "D0000001",
        **{f"{when}_dept_{part}": value for when in ("adm", "dscg") for part, value in department.items()},
        "med_mdtrt_type": "1",
        "med_type": _MED_TYPE[encounter.care_type],
        "fsi_order_dtos": [_order(one) for one in encounter.lines],
        "matn_stas": "0",
        "medfee_sumamt": sum(((one.amount or Decimal(0)) for one in encounter.lines), Decimal(0)),
        "ownpay_amt": "0",
        "selfpay_amt": "0",
        "acct_payamt": "",
        "ma_amt": "",
        "hifp_payamt": "",
        "setl_totlnum": "1",
        "insutype": "310",
        "reim_flag": "1",
        "out_setl_flag": "0",
        "fsi_operation_dtos": [],
    }


def _diagnosis(number: int, diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "dise_id": f"ZD{number}",
        "inout_dise_type": "1",
        "maindise_flag": "1" if number == 1 else "0",
        "dias_srt_no": str(number),
        "dise_codg": diagnosis.code,
        "dise_name": diagnosis.name,
        "dise_date": _DAY,
    }


def _order(line: Line) -> dict[str, Any]:
    price, amount = line.unit_price or Decimal(0), line.amount or Decimal(0)
    return {
        "rx_id": line.id,
        "rxno": line.prescription_id,
        "grpno": "1",
        "long_drord_flag": "0",
        "hilist_type": "101" if line.item_code.startswith("X") else "201",
        "chrg_type": "09",
        "drord_bhvr": "0",
        "hilist_code": line.item_code,
        "hilist_name": line.item_name,
        "hilist_dosform": "",
        "hilist_lv": "02",
        "hilist_pric": plain(price),
        "hosplist_code": "YP0001",
        "hosplist_name": line.item_name,
        "hosplist_dosform": "",
        "cnt": plain(line.quantity),
        "pric": plain(price),
        "sumamt": plain(amount),
        "ownpay_amt": "0",
        "selfpay_amt": "0",
        "spec": "-",
        "spec_unt": "支",
        "drord_begn_date": f"{line.service_date} 08:00:00",
        "drord_stop_date": "",
        "drord_dept_codg": line.department,
        "drord_dept_name": "虚构科",
        "drord_dr_codg": "D0000001",
        "drord_dr_name": "甲医生",
        "drord_dr_profttl": "233",
        "curr_drord_flag": "1",
    }


def _time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(" ", "seconds")
