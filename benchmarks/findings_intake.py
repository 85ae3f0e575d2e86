"""How many recorded audits become reviews in a second (建档速度), on either database."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.application.index_reviews import ReviewIndexer, ReviewLaw
from app.application.sightings import RuleFacts
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy, Stage
from app.domain.review_policy import ReviewPolicy
from app.domain.working_days import WEEKENDS_ONLY
from app.engine.ruleset import Ruleset
from app.store.store import Store
from tests.application.build import rules

_LINES = 40
_AT = datetime(2026, 11, 5, tzinfo=UTC)


def _request(number: int) -> AuditRequest:
    """Of three encounters one has a fault, and every second is sent again."""
    code = "D1" if number % 3 == 0 else "X1"
    lines: list[dict[str, Any]] = [
        {"id": f"L{line}", "item_code": code if line == 7 else f"X{line}", "item_name": f"某项目{line}",
         "service_date": "2026-11-05", "amount": "10.05", "quantity": "2", "department": "0201"}
        for line in range(_LINES)
    ]  # fmt: skip
    encounter = {
        "id": f"E{number // 2}",
        "facility": {"id": "F1"},
        "patient": {"id": f"P{number // 4}", "sex": "female"},
        "charge_lines": lines,
    }
    return msgspec.convert({"stage": "settling", "encounter": encounter}, AuditRequest, strict=False)


async def _fill(store: Store, ruleset: Ruleset, count: int) -> None:
    auditor = EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy(), now=lambda: _AT)
    for first in range(0, count, 200):
        asked = [_request(number) for number in range(first, min(count, first + 200))]
        await asyncio.gather(*[auditor.audit(one, msgspec.json.encode(one), caller="bench") for one in asked])


async def intake_rate(store: Store, count: int) -> float:
    """Audits in a second. The store is opened and closed here."""
    with tempfile.TemporaryDirectory() as folder:
        ruleset = rules(Path(folder))
    await store.open()
    try:
        await _fill(store, ruleset, count)
        about = RuleFacts("", needs_second=False, stages=tuple(Stage))
        law = ReviewLaw(WEEKENDS_ONLY, ReviewPolicy())
        indexer = ReviewIndexer(store.intake, lambda _: about, lambda: law)
        started = time.perf_counter()
        await indexer.catch_up()
        return count / (time.perf_counter() - started)
    finally:
        await store.close()
