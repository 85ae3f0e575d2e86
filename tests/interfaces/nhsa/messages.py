"""Messages (报文) to start from: a man, a service that only women may have, and what clients make of them."""

from typing import Any

WOMEN_ONLY = "003112010070000"
DAY = "2026-03-02"


def order(rx_id: str = "YZ1", code: str = WOMEN_ONLY, **fields: Any) -> dict[str, Any]:
    return {
        "rx_id": rx_id,
        "rxno": "CF1",
        "grpno": "1",
        "long_drord_flag": "0",
        "hilist_type": "201",
        "chrg_type": "05",
        "drord_bhvr": "0",
        "hilist_code": code,
        "hilist_name": "后穹窿穿刺术" if code == WOMEN_ONLY else "虚构项目",
        "hilist_lv": "01",
        "hilist_pric": "50.00",
        "hosplist_code": "XM0001",
        "hosplist_name": "虚构院内项目",
        "cnt": "1",
        "pric": "50.00",
        "sumamt": "50.00",
        "ownpay_amt": "0",
        "selfpay_amt": "0",
        "spec": "-",
        "spec_unt": "次",
        "drord_begn_date": f"{DAY} 08:55:00",
        "drord_stop_date": "",
        "drord_dept_codg": "KS01",
        "drord_dept_name": "虚构科",
        "drord_dr_codg": "D0000001",
        "drord_dr_name": "甲医生",
        "drord_dr_profttl": "233",
        "curr_drord_flag": "1",
        **fields,
    }


def diagnosis(code: str = "I10.x00", name: str = "高血压", **fields: Any) -> dict[str, Any]:
    plain = {"dise_id": "ZD1", "inout_dise_type": "1", "maindise_flag": "1", "dias_srt_no": "1"}
    return {**plain, "dise_codg": code, "dise_name": name, "dise_date": f"{DAY} 08:30:00", **fields}


def visit(*orders: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Without orders given, one order of a service that only women may have."""
    return {
        "mdtrt_id": "M0001",
        "medins_id": "H00000000001",
        "medins_name": "示例市虚构医院",
        "medins_admdvs": "100000",
        "medins_type": "1",
        "medins_lv": "",
        "wardarea_codg": "",
        "adm_date": f"{DAY} 08:30:00",
        "dscg_date": f"{DAY} 08:30:00",
        "dscg_main_dise_codg": "I10.x00",
        "dscg_main_dise_name": "高血压",
        "fsi_diagnose_dtos": [diagnosis()],
        "dr_codg": "D0000001",
        "adm_dept_codg": "KS01",
        "adm_dept_name": "虚构科",
        "med_mdtrt_type": "1",
        "med_type": "11",
        "fsi_order_dtos": list(orders) or [order()],
        "matn_stas": "0",
        "medfee_sumamt": 50,
        "ownpay_amt": "0",
        "selfpay_amt": "0",
        "setl_totlnum": "1",
        "insutype": "310",
        "reim_flag": "1",
        "out_setl_flag": "0",
        "fsi_operation_dtos": [],
        **fields,
    }


def person(*visits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "patn_id": "P0001",
        "patn_name": "测试甲",
        "gend": "1",
        "brdy": "1955-06-01",
        "poolarea": "100000",
        "curr_mdtrt_id": "M0001",
        "fsi_encounter_dtos": list(visits) or [visit()],
        "fsi_his_data_dto": "",
        **fields,
    }


def envelope(infno: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {
        "infno": infno,
        "msgid": "H00000000001202603020900000001",
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
        "inf_time": f"{DAY} 09:00:00",
        "fixmedins_code": "H00000000001",
        "fixmedins_name": "示例市虚构医院",
        "sign_no": "",
        "input": content,
        **fields,
    }


def message(*persons: dict[str, Any], infno: str = "3101", **data: Any) -> dict[str, Any]:
    head = {"syscode": "TEST", "trig_scen": "2", "rule_ids": [], "task_id": ""}
    return envelope(infno, {"data": {**head, "patient_dtos": list(persons) or [person()], **data}})


def ordered(*orders: dict[str, Any], infno: str = "3101", **fields: Any) -> dict[str, Any]:
    """A message about one visit with these orders."""
    return message(person(visit(*orders, **fields)), infno=infno)


def feedback(*warns: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return envelope("3103", {"data": {"warn_type": "1", "warns": list(warns)}}, **fields)


def warn(finding: str, way: Any = "1", reason: Any = "病情需要，已与患者沟通") -> dict[str, Any]:
    return {"warn_rslt_id": finding, "dspo_way": way, "dspo_way_rea": reason}
