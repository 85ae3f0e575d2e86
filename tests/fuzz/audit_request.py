"""POST /v1/audits and /v1/history: encounters as JSON (审核请求)."""

import json
from typing import Any

from tests.fuzz.mutate import mutate_json
from tests.fuzz.served import ask
from tests.fuzz.target import Target
from tests.service import charge, request


def seeds() -> list[bytes]:
    order = {
        "id": "O1", "item_code": "XA10BJL326B002010101523", "item_name": "利拉鲁肽注射液", "service_date": "2026-03-01",
        "quantity": "2", "unit": "支", "unit_price": "200.5", "days_supply": 7, "is_standing": True,
        "start_at": "2026-03-01T08:00:00", "practitioner": {"id": "D1", "title": "chief"},
    }  # fmt: skip
    whole = request(
        charge(), charge("L2", quantity="2.5", unit_price="20", amount="50", uncovered_amount=1, order_id="O1"),
        stage="ordering", order_lines=[order], care_type="inpatient", start_at="2026-02-27T08:00:00",
        end_at="2026-03-05T08:00:00", department="A03",
        coverage={"insurance_type": "employee", "pooling_area": "100000"},
        diagnoses=[{"code": "I10.x00", "name": "高血压", "is_principal": True, "use": "discharge"}],
        procedures=[{"code": "47.0100", "performed_date": "2026-03-01", "is_principal": True}],
    )  # fmt: skip
    past: Any = request(id="E0")["encounter"]
    told: list[Any] = [request(), whole, {**request(), "history": [past]}, past]
    return [json.dumps(one, ensure_ascii=False).encode() for one in told] + [b"[" * 5000, b'{"a":' * 3000, b"\xff", b""]


def examine(data: bytes) -> None:
    ask("/v1/audits", data)
    ask("/v1/audits/bulk", data, "application/x-ndjson")


TARGET = Target(seeds, examine, mutate_json)
