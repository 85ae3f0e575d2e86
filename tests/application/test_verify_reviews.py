"""Nobody changes what was done about a finding unseen: its steps and attachments are held against the trail.

MINGJIAN_FAULTS=long tries a thousand ways.
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from app.application.keep_trail import TrailKeeper
from app.application.verify_trail import TrailVerifier, Verified
from app.domain.access import EVERYWHERE
from app.domain.review import ReviewAction, ReviewState
from app.store.data_keys import KeySource
from app.store.opening import store_at
from app.store.reviews import Attachment, Change
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.trail.keys import Ed25519Signer, read_verifier
from tests.servers import Postgres
from tests.store.reviewing import later, put, review, step

TRIES = 1_000 if os.environ.get("MINGJIAN_FAULTS") == "long" else 80
SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
KEYS = [read_verifier(SIGNER.verifier_key)]
DATA_KEYS = "Y29udHJhY3QtdGVzdHMtY29udHJhY3QtdGVzdHMtMDE="
TABLES = ("review_steps", "review_attachments")
LIFE: tuple[tuple[ReviewAction, ReviewState, dict[str, Any]], ...] = (
    (ReviewAction.TAKE_UP, ReviewState.IN_REVIEW, {}),
    (ReviewAction.CONFIRM, ReviewState.CONFIRMED, {"attachments": ("x",)}),
    (ReviewAction.ORDER_RECTIFICATION, ReviewState.RECTIFYING, {"deadline": "2026-04-01", "deadline_is_sure": True}),
    (ReviewAction.REPORT_RECTIFIED, ReviewState.RECTIFIED, {"refund_cents": 5000}),
)


async def fill(store: Store, count: int) -> None:
    keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER])
    await keeper.open()
    for number in range(count):
        one = review(f"f{number}")
        await put(store, one)
        await store.reviews.attach(*proof(number), EVERYWHERE)
        for action, to, data in LIFE:
            made = step(one, action, to)
            said = replace(made.step, comment=f"第{number}次\0" if number % 2 else "", data=data, reason_code="R1")
            await store.reviews.save([Change(made.review, said)], EVERYWHERE)
            one = made.review
    await keeper.checkpoint()


def proof(number: int) -> tuple[Attachment, bytes]:
    content = f"%PDF-{number}".encode()
    made = Attachment(
        id=f"x{number}", review=f"f{number}", at=later(1), by="u1", type="application/pdf", size=len(content),
        digest=sha256(content).digest(), name=f"凭证{number}.pdf",
    )  # fmt: skip
    return made, content


async def opened(at: Path | str, use: Callable[[Store], Awaitable[Any]]) -> Any:
    """A file, in which nothing is encrypted that could not be changed anyway; or the URL of a database."""
    if isinstance(at, Path):
        store = sqlite_store(at)
    else:
        store = await asyncio.to_thread(store_at, at, Path(), keys=KeySource(Path(), DATA_KEYS))
    await store.open()
    try:
        return await use(store)
    finally:
        await store.close()


async def verify(store: Store) -> Verified:
    return await TrailVerifier(store.trail, store.effects, KEYS).verify()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reviewed") / "mingjian.sqlite3"
    asyncio.run(opened(path, lambda store: fill(store, 30)))
    return path


def verified(path: Path) -> Verified:
    found: Verified = asyncio.run(opened(path, verify))
    return found


def test_what_was_done_is_sound(original: Path) -> None:
    found = verified(original)
    assert found.faults == ()
    assert found.size == 1 + 1 + 30 * (len(LIFE) + 1)


class Tampering:
    def __init__(self, seed: int) -> None:
        self.random, self.done = Random(seed), ""

    def apply(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            way = self.random.choice(
                [self.edit, self.edit, self.rewrite, self.delete, self.insert, self.move, self.forget]
            )
            way(connection, self.random.choice(TABLES))
            connection.commit()

    def some_row(self, connection: sqlite3.Connection, table: str) -> dict[str, Any]:
        rows = connection.execute(f"SELECT rowid AS the_row, * FROM {table}").fetchall()
        return dict(self.random.choice(rows))

    def edit(self, connection: sqlite3.Connection, table: str) -> None:
        row = self.some_row(connection, table)
        column = self.random.choice([one for one in row if one != "the_row"])
        self.done = f"edit {table}.{column}"
        value = row[column]
        other: Any = value + (b"x" if isinstance(value, bytes) else "x" if isinstance(value, str) else 1)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (other, row["the_row"]))

    def rewrite(self, connection: sqlite3.Connection, table: str) -> None:
        """So that it still reads well."""
        ways = {
            "comment": "UPDATE review_steps SET comment = '同意' WHERE number = 2 AND review = ?",
            "no comment": "UPDATE review_steps SET comment = '' WHERE number = 2 AND review = ?",
            "amount": "UPDATE review_steps SET content = replace(content, '5000', '4000') WHERE review = ?",
            "reason": "UPDATE review_steps SET content = replace(content, 'R1', 'R2') WHERE review = ?",
            "state": "UPDATE review_steps SET content = replace(content, 'rectifying', 'closed') WHERE review = ?",
            "role": "UPDATE review_steps SET content = replace(content, 'audit_staff', 'audit_lead') WHERE review = ?",
            "sure": "UPDATE review_steps SET content = replace(content, 'true', 'false') WHERE review = ?",
        }
        self.done = self.random.choice(sorted(ways))
        finding = f"f{self.random.randrange(15) * 2 + 1}"
        assert table
        assert connection.execute(ways[self.done], (finding,)).rowcount

    def delete(self, connection: sqlite3.Connection, table: str) -> None:
        self.done = f"delete {table}"
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (self.some_row(connection, table)["the_row"],))

    def insert(self, connection: sqlite3.Connection, table: str) -> None:
        self.done = f"insert {table}"
        row = self.some_row(connection, table)
        del row["the_row"]
        row |= {"number": 9} if table == "review_steps" else {"id": "y"}
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))

    def move(self, connection: sqlite3.Connection, table: str) -> None:
        """To another finding, or in the place of another step."""
        row = self.some_row(connection, table)
        column, value = ("number", row.get("number", 0) + 10) if table == "review_steps" else ("review", "f99")
        self.done = f"move {table}"
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row["the_row"]))

    def forget(self, connection: sqlite3.Connection, table: str) -> None:
        """As if it had been erased, but no entry tells of that."""
        self.done = f"forget {table}"
        seqs = "SELECT seq FROM trail_entries WHERE kind = 'reviewed' AND subject = 'f3'"
        connection.execute(f"DELETE FROM trail_private WHERE seq IN ({seqs})")
        blank = {"review_steps": "comment = ''", "review_attachments": "name = '', content = x''"}
        connection.execute(f"UPDATE {table} SET {blank[table]} WHERE review = 'f3'")


def test_every_tampering_is_detected(original: Path, tmp_path: Path) -> None:
    missed, copy, kinds = [], tmp_path / "copy.sqlite3", set()
    for seed in range(TRIES):
        shutil.copy(original, copy)
        tampering = Tampering(seed)
        tampering.apply(copy)
        kinds.add(tampering.done)
        if verified(copy).is_sound:
            missed.append((seed, tampering.done))
    assert missed == []
    assert len(kinds) > 20


CHANGES = [
    "UPDATE review_steps SET content = replace(content, '5000', '4000') WHERE review = 'f1' AND number = 4",
    "UPDATE review_steps SET actor = 'u2' WHERE review = 'f1' AND number = 1",
    "DELETE FROM review_steps WHERE review = 'f1' AND number = 4",
    "INSERT INTO review_steps SELECT review, 5, recorded_at, actor, action, comment, content FROM review_steps"
    " WHERE review = 'f0' AND number = 4",
    "UPDATE review_attachments SET content = 'x' WHERE id = 'x1'",
    "DELETE FROM review_attachments WHERE id = 'x0'",
]


def test_in_postgres_too(postgres: Postgres) -> None:
    url = postgres.new_database()
    name = url.rpartition("/")[2]
    asyncio.run(opened(url, lambda store: fill(store, 2)))
    assert asyncio.run(opened(url, verify)).faults == ()
    for number, change in enumerate(CHANGES):
        copy = f"tampered_{number}"
        postgres.sql(f"CREATE DATABASE {copy} TEMPLATE {name}")
        postgres.sql(f"SET session_replication_role = replica; {change}", copy)
        assert not asyncio.run(opened(postgres.url(copy), verify)).is_sound, change
