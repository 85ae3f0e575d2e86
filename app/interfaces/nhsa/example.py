"""A message to try (示例报文): a 3101 about an invented man."""

from typing import Any

_DAY = "2026-11-16"
_ORDER = {
    "rx_id": "YZ1", "rxno": "CF1", "hilist_type": "201", "hilist_code": "003112010070000",
    "hilist_name": "后穹窿穿刺术", "hilist_lv": "01", "cnt": "1", "pric": "50.00", "sumamt": "50.00",
    "drord_begn_date": f"{_DAY} 08:55:00", "drord_dept_codg": "KS01", "drord_dr_codg": "DEMO-D1",
    "curr_drord_flag": "1",
}  # fmt: skip

MESSAGE_3101: dict[str, Any] = {
    "infno": "3101",
    "msgid": "DEMO-MESSAGE-1",
    "inf_time": f"{_DAY} 09:00:00",
    "fixmedins_code": "DEMO-HOSPITAL",
    "input": {
        "data": {
            "task_id": "DEMO-TASK",
            "trig_scen": "1",
            "patient_dtos": [
                {
                    "patn_id": "DEMO-P1",
                    "gend": "1",
                    "brdy": "1980-05-04",
                    "curr_mdtrt_id": "DEMO-1",
                    "fsi_encounter_dtos": [
                        {
                            "mdtrt_id": "DEMO-1",
                            "medins_id": "DEMO-HOSPITAL",
                            "adm_date": f"{_DAY} 08:30:00",
                            "med_type": "11",
                            "med_mdtrt_type": "1",
                            "insutype": "310",
                            "adm_dept_codg": "KS01",
                            "dr_codg": "DEMO-D1",
                            "fsi_diagnose_dtos": [
                                {"maindise_flag": "1", "dise_codg": "N41.000", "dise_name": "急性前列腺炎"}
                            ],
                            "fsi_order_dtos": [_ORDER],
                        }
                    ],
                }
            ],
        }
    },
}
