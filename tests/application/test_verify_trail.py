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
from hashlib import sha256
from pathlib import Path
from random import Random
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
from app.trail.note import Checkpoint, read_checkpoint, read_note, sign
from app.trail.tree import Peaks, leaf_hash
from tests.application.build import packs, request

TRIES = 1_000 if os.environ.get("MINGJIAN_FAULTS") == "long" else 120
SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
KEYS = [read_verifier(SIGNER.verifier_key)]
_GUARDED = ("audits", "findings", "dispositions", "withdrawals", "rulesets", "ruleset_moves", "trail_entries")


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


class Tampering:
    """One change by someone who may write anything, triggers gone; `describe` tells which."""

    def __init__(self, path: Path, seed: int) -> None:
        self.random, self.path = Random(seed), path
        self.done = ""

    def apply(self) -> None:
        ways = [self.edit, self.edit, self.edit, self.delete, self.swap, self.insert, self.truncate]
        with closing(sqlite3.connect(self.path)) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA foreign_keys = OFF")
            self.random.choice(ways)(connection)
            connection.commit()

    def table(self) -> str:
        return self.random.choice(_GUARDED)

    def some_row(self, connection: sqlite3.Connection, table: str) -> tuple[int, dict[str, Any]]:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(f"SELECT rowid AS the_row, * FROM {table}").fetchall()
        row = dict(self.random.choice(rows))
        return row.pop("the_row"), row

    def edit(self, connection: sqlite3.Connection) -> None:
        table = self.table()
        rowid, row = self.some_row(connection, table)
        column = self.random.choice([one for one in row if one not in ("seq", "audit_seq", "position")])
        self.done = f"edit {table}.{column}"
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (self.other(row[column]), rowid))

    def other(self, value: Any) -> Any:
        if isinstance(value, bytes):
            at = self.random.randrange(len(value)) if value else 0
            return value[:at] + bytes([(value[at] if value else 0) ^ 1]) + value[at + 1 :]
        if isinstance(value, str):
            return value + "x"
        return 1 - value if value in (0, 1) else (value or 0) + 1

    def delete(self, connection: sqlite3.Connection) -> None:
        table = self.table()
        rowid, _ = self.some_row(connection, table)
        self.done = f"delete {table}"
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))

    def swap(self, connection: sqlite3.Connection) -> None:
        table, column = self.random.choice(
            [("audits", "content"), ("audits", "decision"), ("trail_entries", "body"), ("dispositions", "reason"),
             ("findings", "amount_cents"), ("findings", "rule")]
        )  # fmt: skip
        self.done = f"swap {table}.{column}"
        while True:
            (one, first), (two, second) = self.some_row(connection, table), self.some_row(connection, table)
            if first[column] != second[column]:
                break
            if len({row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM {table}")}) < 2:
                return self.edit(connection)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (second[column], one))
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (first[column], two))
        return None

    def insert(self, connection: sqlite3.Connection) -> None:
        table = self.table()
        _, row = self.some_row(connection, table)
        self.done = f"insert {table}"
        if "seq" in row:
            row["seq"] = connection.execute(f"SELECT max(seq) + 1 FROM {table}").fetchone()[0]
        elif table == "findings":
            row["position"] += 50
        for name in ("id", "revision"):
            if name in row and table in ("audits", "rulesets"):
                row[name] = row[name][:-2] + "zz"
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))

    def truncate(self, connection: sqlite3.Connection) -> None:
        self.done = "truncate"
        last = connection.execute("SELECT max(seq) FROM trail_entries").fetchone()[0]
        connection.execute("DELETE FROM trail_entries WHERE seq > ?", (last - self.random.randrange(1, 40),))


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


def rewrite(path: Path, signer: Ed25519Signer) -> None:
    """Change the past and make everything fit again, signatures included."""
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        seq, body = connection.execute("SELECT seq, body FROM trail_entries WHERE kind = 'audit' LIMIT 1").fetchone()
        audit = msgspec.json.decode(body)["subject"]
        changed = body.replace(b'"block"', b'"pass"').replace(b'"require_reason"', b'"pass"')
        assert changed != body
        leaf = sha256(b"\x00" + changed).digest()
        connection.execute("UPDATE trail_entries SET body = ?, leaf = ? WHERE seq = ?", (changed, leaf, seq))
        connection.execute("UPDATE audits SET decision = 'pass' WHERE id = ?", (audit,))
        peaks = Peaks()
        sizes = {size for (size,) in connection.execute("SELECT size FROM trail_checkpoints")}
        for (entry,) in connection.execute("SELECT body FROM trail_entries ORDER BY seq").fetchall():
            peaks.append(leaf_hash(entry))
            if peaks.size in sizes:
                note = sign(Checkpoint(signer.name, peaks.size, peaks.root()).encode(), [signer]).encode()
                connection.execute(
                    "UPDATE trail_checkpoints SET root = ?, note = ? WHERE size = ?", (peaks.root(), note, peaks.size)
                )
        connection.commit()
