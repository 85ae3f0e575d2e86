"""Contents whose time is over are erased, and no others (保存期限); on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.erase_personal import Eraser
from app.application.keep_trail import TrailKeeper
from app.application.retain_audits import Retained, Retention, Terms
from app.application.verify_trail import TrailVerifier
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.encounter import CareType
from app.engine.ruleset import Ruleset
from app.store.opening import store_at
from app.store.store import Store
from app.trail.keys import Ed25519Signer, read_verifier
from tests.application.build import request, rules
from tests.servers import Postgres

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
NOW = datetime.now(UTC)
IN_20_YEARS, IN_40_YEARS = NOW + timedelta(days=20 * 366), NOW + timedelta(days=40 * 366)
CARE = (CareType.OUTPATIENT, CareType.INPATIENT, CareType.UNKNOWN, CareType.EMERGENCY)


async def recorded(store: Store, ruleset: Ruleset) -> dict[CareType, str]:
    """An audit of each kind of care, and its id."""
    auditor, ids = EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy()), {}
    for care in CARE:
        told = request("D1")
        stay = msgspec.structs.replace(told.encounter, id=f"E-{care}", care_type=care)
        body = msgspec.json.encode(msgspec.structs.replace(told, encounter=stay))
        answer, _ = await auditor.audit(msgspec.json.decode(body, type=AuditRequest), body, caller="his", key=None)
        ids[care] = msgspec.json.decode(answer)["id"]
    return ids


async def use(url: str | None, folder: Path) -> None:
    store = store_at(url, folder / "mingjian.sqlite3")
    await store.open()
    try:
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).open()
        ids = await recorded(store, rules(folder / "rules"))

        def at(now: datetime) -> tuple[Retention, Terms]:
            found = Retention(store.contents, store.log, Eraser(store.erasure, lambda: now), lambda: now)
            return found, found.terms(15, 30)

        async def left() -> set[CareType]:
            return {care for care, one in ids.items() if await store.log.find(one) is not None}

        early, terms = at(NOW + timedelta(days=14 * 365))
        assert await early.apply(terms, caller="job") == Retained(0, 0)
        later, terms = at(IN_20_YEARS)
        assert await later.apply(terms, caller="job", only_count=True) == Retained(2, 2)
        assert await left() == set(CARE)
        assert await later.apply(terms, caller="job") == Retained(2, 2)
        assert await left() == {CareType.INPATIENT, CareType.UNKNOWN}
        assert await later.apply(terms, caller="job") == Retained(0, 2)
        last, terms = at(IN_40_YEARS)
        assert await last.apply(terms, caller="job") == Retained(2, 0)
        assert await left() == set()
        assert [one.kind for one in await store.trail.find(ids[CareType.OUTPATIENT])] == ["audit", "erased"]
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).checkpoint()
        verifier = TrailVerifier(store.trail, store.effects, [read_verifier(SIGNER.verifier_key)])
        assert (await verifier.verify()).faults == ()
        with pytest.raises(ValueError, match="180 days"):
            await last.apply(Terms(IN_40_YEARS - timedelta(days=179), NOW), caller="job")
    finally:
        await store.close()


def test_in_sqlite(tmp_path: Path) -> None:
    asyncio.run(use(None, tmp_path))


def test_in_postgres(tmp_path: Path, postgres: Postgres) -> None:
    asyncio.run(use(postgres.new_database(), tmp_path))
