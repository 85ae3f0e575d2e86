"""Erased is erased, the tree stays whole, and the trail tells of it; on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.erase_personal import Eraser
from app.application.keep_trail import TrailKeeper
from app.application.patient_history import PatientHistory
from app.application.verify_trail import TrailVerifier
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.store.audit_log import IdempotencyConflict
from app.store.history import HistoryQuery
from app.store.opening import store_at
from app.trail.keys import Ed25519Signer, read_verifier
from tests.application.build import request, rules
from tests.servers import Postgres

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
LATER = datetime.now(UTC) + timedelta(days=400)


async def use(url: str | None, folder: Path) -> None:
    store = store_at(url, folder / "mingjian.sqlite3")
    await store.open()
    try:
        ruleset = rules(folder / "rules")
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).open()
        auditor = EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy(), history=PatientHistory(store.history))

        async def audit(patient: str, encounter: str) -> str:
            told = request("D1")
            stay = msgspec.structs.replace(told.encounter, id=encounter, patient=msgspec.structs.replace(
                told.encounter.patient, id=patient))  # fmt: skip
            body = msgspec.json.encode(msgspec.structs.replace(told, encounter=stay))
            answer, _ = await auditor.audit(
                msgspec.json.decode(body, type=AuditRequest), body, caller="his", key=encounter
            )
            found: Any = msgspec.json.decode(answer)["id"]
            return str(found)

        gone, kept = [await audit("P1", f"E{one}") for one in range(3)], await audit("P2", "E9")
        eraser = Eraser(store.erasure)
        assert await eraser.erase_patient("P1", "F1", caller="dpo", reason="本人要求") == (3, 3, 0)
        assert [await store.log.find(one) for one in gone] == [None] * 3
        assert await store.log.find(kept) is not None
        query = HistoryQuery("F1", "E0", "P1", ("F1",), since=datetime(2026, 1, 1, tzinfo=UTC).date(), prefixes=("",))
        assert await store.history.fetch(query) == []
        with pytest.raises(IdempotencyConflict):
            await audit("P1", "E0")
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).checkpoint()
        verifier = TrailVerifier(store.trail, store.effects, [read_verifier(SIGNER.verifier_key)])
        assert (await verifier.verify()).faults == ()
        assert [one.kind for one in await store.trail.find(gone[0])] == ["audit", "erased"]
        assert await Eraser(store.erasure, lambda: LATER).erase_before(LATER - timedelta(days=200), caller="job") == (
            1,
            0,
            0,
        )
        assert (await verifier.verify()).faults == ()
    finally:
        await store.close()


def test_in_sqlite(tmp_path: Path) -> None:
    asyncio.run(use(None, tmp_path))


def test_in_postgres(tmp_path: Path, postgres: Postgres) -> None:
    asyncio.run(use(postgres.new_database(), tmp_path))


def test_not_what_the_law_wants_kept() -> None:
    nothing: Any = None
    with pytest.raises(ValueError, match="180 days"):
        asyncio.run(Eraser(nothing).erase_before(datetime.now(UTC) - timedelta(days=179), caller="job"))
