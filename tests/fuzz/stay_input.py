"""Cases to be grouped (分组病例): as a stay, an encounter, or a case object of other groupers."""

import json
from typing import Any

from tests.fuzz.mutate import mutate_json
from tests.fuzz.served import ask
from tests.fuzz.target import Target
from tests.service import charge, request

PATHS = ("/v1/groupings/drg", "/v1/groupings/dip", "/v1/coding/check", "/v1/settlements/preview")


def seeds() -> list[bytes]:
    stay = {
        "id": "S1", "sex": "female", "age_years": 40, "age_days": 14600, "weight_grams": 3000, "department": "A03",
        "stay_days": 7, "discharge_disposition": "1", "diagnoses": ["I10.x00", "E11.900"], "procedures": ["47.0100"],
        "total_amount": "8000.50",
    }  # fmt: skip
    case = {
        "Index": "1", "gender": "2", "age": "40", "ageDay": "", "weight": "3000", "dept": "A03", "inHospitalTime": "7",
        "leavingType": "1", "zdList": "I10.x00|E11.900", "ssList": ["47.0100"], "icuHours": 3, "amount": "8000.5",
    }  # fmt: skip
    encounter = request(
        charge(), start_at="2026-02-27T08:00:00", end_at="2026-03-05T08:00:00", care_type="inpatient",
        procedures=[{"code": "47.0100", "performed_date": "2026-03-01"}],
    )["encounter"]  # fmt: skip
    told: list[Any] = [
        {"stay": stay},
        {"encounter": encounter},
        {"case": case},
        case,
        stay,
        {"stay": stay, "facts": {}},
    ]
    asked = [{"scheme": "starter", "trace": True, **one} for one in told]
    return [json.dumps(one, ensure_ascii=False).encode() for one in asked] + [b"[" * 5000, b'{"stay":' * 3000]


def examine(data: bytes) -> None:
    for path in PATHS:
        ask(path, data)


TARGET = Target(seeds, examine, mutate_json)
