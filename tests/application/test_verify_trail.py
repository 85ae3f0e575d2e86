"""Tampering is found out: by someone with full access to the database, in every way that we could think of.

MINGJIAN_FAULTS=long tries a thousand of each seed's ways.
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.keep_trail import TrailKeeper
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import PatientHistory
from app.application.verify_trail import TrailVerifier, Verified
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.disposition import Action, Disposition
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.trail.keys import Ed25519Signer, read_verifier
from app.trail.note import Checkpoint, read_checkpoint, read_note
from tests.application.build import packs, request
from tests.application.tampering import Tampering, rewrite

TRIES = 1_000 if os.environ.get("MINGJIAN_FAULTS") == "long" else 120
SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
KEYS = [read_verifier(SIGNER.verifier_key)]


async def fill(store: Store, folder: Path) -> None:
    """A few hundred effects of every kind, and several checkpoints."""
    ruleset = load_ruleset(packs(folder / "rules"), folder / "compiled")
    keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER])
    await keeper.open()
    auditor = EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy(), history=PatientHistory(store.history))
    at = datetime(2026, 3, 1, 8, 30, 0, 123457, tzinfo=UTC)
    (file,) = (folder / "compiled").iterdir()
    await store.rulesets.put(ruleset.revision, file.read_bytes(), caller="editor", at=at)
    for number in range(300):
        body = msgspec.json.encode(request(f"D{number}", "S1"))
        answer, _ = await auditor.audit(msgspec.json.decode(body, type=AuditRequest), body, caller="his")
        if number % 5 == 0:
            finding = msgspec.json.decode(answer)["findings"][0]["id"]
            said = Disposition(finding=finding, action=Action.PROCEED, reason=f"病情需要{number}", practitioner="D01")
            await store.dispositions.append([said], caller="his", at=at)
        if number % 50 == 0:
            await store.rulesets.move(ruleset.revision, action="publish", caller="lead", reason="月度更新", at=at)
            await store.history.withdraw("F1", "E1", "L1", caller="his", at=at)
            await keeper.checkpoint()
    await keeper.checkpoint()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trail")
    run(folder / "mingjian.sqlite3", lambda store: fill(store, folder))
    return folder / "mingjian.sqlite3"


def run(path: Path, use: Callable[[Store], Any]) -> Any:
    async def inside() -> Any:
        store = sqlite_store(path)
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(inside())


def verified(path: Path, **of: Any) -> Verified:
    found: Verified = run(path, lambda store: TrailVerifier(store.trail, store.effects, KEYS).verify(**of))
    return found


def head(path: Path) -> Checkpoint:
    found = run(path, lambda store: store.trail.checkpoint())
    return read_checkpoint(read_note(found.note).text)


def test_an_untouched_log_is_sound(original: Path) -> None:
    found = verified(original)
    assert found.faults == ()
    assert found.size > 350
    assert found.checkpoints == 7
    assert verified(original, since=300).is_sound
    assert verified(original, against=[head(original)]).is_sound


@pytest.mark.parametrize("part", range(4))
def test_every_tampering_is_detected(original: Path, tmp_path: Path, part: int) -> None:
    missed, copy = [], tmp_path / "copy.sqlite3"
    for seed in range(part, TRIES, 4):
        shutil.copy(original, copy)
        tampering = Tampering(copy, seed)
        tampering.apply()
        if verified(copy, most_faults=1).is_sound:
            missed.append((seed, tampering.done))
    assert missed == []


def test_who_recomputes_every_hash_cannot_sign(original: Path, tmp_path: Path) -> None:
    """Bodies, leaves, nodes and roots all fit again: only the signature does not."""
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(original, copy)
    rewrite(copy, Ed25519Signer(SIGNER.name, bytes(32)))
    assert "not signed by a key that is known" in verified(copy).faults[0].what


def test_who_has_the_key_too_is_found_by_a_witness(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(original, copy)
    rewrite(copy, SIGNER)
    assert verified(copy).is_sound  # the limit of what one party alone can promise
    found = verified(copy, against=[head(original)])
    assert "kept elsewhere" in found.faults[0].what


def test_a_backup_put_back_is_found_by_a_later_checkpoint(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(original, copy)

    async def go_on(store: Store) -> None:
        said = Disposition(finding="f", action=Action.PROCEED)
        await store.dispositions.append([said], caller="his", at=datetime.now(UTC))
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).checkpoint()

    run(copy, go_on)
    later = head(copy)
    assert later.size > head(original).size
    assert verified(copy, against=[head(original)]).is_sound
    assert verified(original).is_sound
    found = verified(original, against=[later])
    assert f"a checkpoint kept elsewhere has {later.size} entries" in found.faults[0].what


def test_nothing_is_signed_over_a_changed_past(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(original, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DROP TRIGGER trail_entries_fixed")
        last = connection.execute("SELECT max(seq) FROM trail_entries").fetchone()[0]
        connection.execute("UPDATE trail_entries SET leaf = zeroblob(32) WHERE seq = ?", (last - 3,))
        connection.commit()

    async def go_on(store: Store) -> str:
        await store.dispositions.append(
            [Disposition(finding="f", action=Action.PROCEED)], caller="his", at=datetime.now(UTC)
        )
        keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER])
        assert await keeper.checkpoint() is None
        return keeper.broken

    assert "do not lead to the root" in run(copy, go_on)


@pytest.mark.parametrize("table", ["trail_entries", "audits", "findings", "dispositions", "ruleset_moves"])
def test_the_database_itself_refuses(original: Path, table: str) -> None:
    with closing(sqlite3.connect(original)) as connection:
        column = "seq" if table != "findings" else "position"
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                connection.execute(statement)
