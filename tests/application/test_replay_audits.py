"""Stored audits come out byte for byte when they are judged again, whatever was known of the past and of the feeds."""

import asyncio
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.load_feed import FeedLoader, Form
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import FacilityGroups, PatientHistory
from app.application.replay_audits import Replayer, again
from app.domain.audit import AuditRequest
from app.domain.decision import Decision, DecisionPolicy, Severity, Stage
from app.engine.ruleset import Ruleset
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from tests.application.build import request, rules
from tests.service import ROOT

COUNT = 10_000 if os.environ.get("MINGJIAN_FAULTS") == "long" else 600
_FIRST = date(2026, 3, 1)
STRICT = DecisionPolicy({Stage.ORDERING: {Severity.DEFINITE: Decision.BLOCK}})


@pytest.fixture(scope="module")
def national() -> Ruleset:
    return load_ruleset(ROOT / "rules")


class World:
    """Patients who come again and again, with items that the national rules speak of."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.random = Random(20260322)
        codes = {
            code
            for head in ruleset.rules.values()
            for point in ruleset.points_of(head)[:30]
            for code in getattr(point, "item_code", ()) or ()
            if not code.endswith("*")
        }
        self.codes = sorted(codes)

    def body(self, number: int) -> bytes:
        random = self.random
        day = _FIRST + timedelta(days=number % 40)
        lines = [
            {
                "id": f"L{random.randrange(40)}-{place}",
                "item_code": random.choice(self.codes),
                "service_date": (day - timedelta(days=random.randrange(3))).isoformat(),
                "quantity": str(random.choice([1, 2, 7, 40])),
                "amount": str(random.choice([10, 99.5, 1000])),
                "current": random.random() < 0.9,
            }
            for place in range(random.randrange(1, 8))
        ]
        encounter = {
            "id": f"E{random.randrange(60)}",
            "facility": {"id": random.choice(["F1", "F2", "F3"]), "level": random.choice(["primary", "tertiary"])},
            "patient": {
                "id": f"P{random.randrange(20)}", "sex": random.choice(["male", "female"]), "birth_date": "1960-02-29",
            },
            "care_type": random.choice(["inpatient", "outpatient"]),
            "start_at": f"{day.isoformat()}T08:00:00",
            "diagnoses": [{"code": random.choice(["I10.x00", "J18.900", "N73.900"]), "is_principal": True}],
            random.choice(["order_lines", "charge_lines"]): lines,
        }  # fmt: skip
        return json.dumps({"stage": random.choice(["ordering", "settling"]), "encounter": encounter}).encode()


async def audit_many(store: Store, national: Ruleset, other: Ruleset, count: int) -> None:
    """Half by one revision and half by the other; feeds change meanwhile; every fifth came otherwise."""
    world, feeds = World(national), FeedLoader(store.feeds)
    await feeds.open()
    held = {"ruleset": national}
    auditor = EncounterAuditor(
        lambda: held["ruleset"], store.log, STRICT, feeds=feeds.current,
        history=PatientHistory(store.history, FacilityGroups([["F1", "F2"]])),
    )  # fmt: skip
    for number in range(count):
        if number == count // 3:
            await feeds.load("budgets", _BUDGETS, Form.JSON_LINES, caller="test")
        held["ruleset"] = other if number % 2 else national
        body = world.body(number)
        asked = msgspec.json.decode(body, type=AuditRequest)
        wrapped = number % 5 == 0
        judged = await auditor.judge(asked, is_body=not wrapped)
        await auditor.record(judged, b"<wrapped>" if wrapped else body, caller="test", sent=b"{}" if wrapped else b"")


_BUDGETS = json.dumps(
    {"facility": "F1", "month": "2026-03", "amount": "1000", "spent": "999", "spent_until": "2026-03-10"}
).encode()


def test_thousands_come_out_as_they_were_answered(tmp_path: Path, national: Ruleset) -> None:
    asyncio.run(_thousands(tmp_path, national))


async def _thousands(tmp_path: Path, national: Ruleset) -> None:
    store = sqlite_store(tmp_path / "mingjian.sqlite3")
    await store.open()
    other = rules(tmp_path / "other")
    for packs in (ROOT / "rules", tmp_path / "other"):
        revision = load_ruleset(packs, tmp_path / "compiled").revision
        (file,) = (tmp_path / "compiled").glob(f"{revision}.*")
        assert await store.rulesets.put(revision, file.read_bytes(), caller="test", at=datetime.now(UTC))
    await audit_many(store, national, other, COUNT)
    found = [one async for one in Replayer(store.log, store.rulesets).replay_latest(COUNT * 2)]
    await store.close()
    assert len(found) == COUNT
    assert [one for one in found if not one.is_identical] == []
    assert sum(b'"findings":[{' in one.stored for one in found) > COUNT / 10
    assert any(b'"related_lines":[' in one.stored for one in found)


async def one_audit(store: Store, ruleset: Ruleset) -> str:
    auditor = EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy(), history=PatientHistory(store.history))
    body = msgspec.json.encode(request("D1"))
    answer, _ = await auditor.audit(msgspec.json.decode(body, type=AuditRequest), body, caller="test")
    found: str = json.loads(answer)["id"]
    return found


def run(tmp_path: Path, use: Any) -> Any:
    async def inside() -> Any:
        store = sqlite_store(tmp_path / "mingjian.sqlite3")
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(inside())


def test_a_changed_answer_is_noticed(tmp_path: Path) -> None:
    ruleset = rules(tmp_path / "rules")

    async def use(store: Store) -> None:
        stored = await store.log.find(await one_audit(store, ruleset))
        assert stored is not None
        assert again(stored, ruleset).is_identical
        changed = msgspec.structs.replace(stored, audit=stored.audit.replace(b'"block"', b'"inform"', 1))
        assert not again(changed, ruleset).is_identical

    run(tmp_path, use)


@pytest.mark.parametrize("known", [True, False])
def test_a_revision_that_is_stored_nowhere(tmp_path: Path, known: bool) -> None:
    ruleset = rules(tmp_path / "rules")

    async def use(store: Store) -> None:
        audit_id = await one_audit(store, ruleset)
        found = await Replayer(store.log, store.rulesets, (lambda: ruleset) if known else None).replay(audit_id)
        assert found is not None
        assert found.is_identical == known
        assert found.problem == ("" if known else f"the ruleset {ruleset.revision} is not stored here")

    run(tmp_path, use)


def test_what_cannot_be_replayed_is_told(tmp_path: Path) -> None:
    ruleset = rules(tmp_path / "rules")

    async def use(store: Store) -> None:
        replayer = Replayer(store.log, store.rulesets, lambda: ruleset)
        assert await replayer.replay("nothing") is None
        stored = await store.log.find(await one_audit(store, ruleset))
        assert stored is not None
        for facts, words in ((b"", "older than facts"), (b"\x91\x01", "cannot be read")):
            found = await replayer.replay_stored(msgspec.structs.replace(stored, facts=facts))
            assert not found.is_identical
            assert words in found.problem

    run(tmp_path, use)
