"""The trail in SQLite (存证存储). Appended to inside the writer's transaction, which holds the only write lock."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from app.store.sealing import opened_private, sealed_private
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.trail import Advance, StoredCheckpoint, StoredEntry
from app.store.vault import vault_of
from app.trail.entry import Sealed

_LAST = "SELECT coalesce(max(seq), -1) FROM trail_entries"
_INSERT = "INSERT INTO trail_entries (seq, kind, subject, recorded_at, body, leaf) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_PRIVATE = "INSERT INTO trail_private (seq, salt, content) VALUES (?, ?, ?)"
_ENTRIES = "SELECT seq, kind, subject, recorded_at, body, leaf FROM trail_entries WHERE seq >= ? ORDER BY seq LIMIT ?"
_FIND = "SELECT seq, kind, subject, recorded_at, body, leaf FROM trail_entries WHERE subject = ? ORDER BY seq"
_COUNT = "SELECT count(*) FROM trail_entries WHERE kind = ? AND seq < ?"
_PRIVATE = "SELECT seq, salt, content FROM trail_private WHERE seq IN (SELECT value FROM json_each(?))"
_LEAVES = "SELECT leaf FROM trail_entries WHERE seq >= ? AND seq < ? ORDER BY seq"
_NODES = "SELECT hash FROM trail_nodes WHERE height = ? AND number >= ? AND number < ? ORDER BY number"
_LATEST = "SELECT size, root, note, recorded_at FROM trail_checkpoints ORDER BY size DESC LIMIT 1"
_NEXT = "SELECT size, root, note, recorded_at FROM trail_checkpoints WHERE size >= ? ORDER BY size LIMIT 1"
_PUT_NODE = "INSERT INTO trail_nodes (height, number, hash) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_CHECKPOINT = "INSERT INTO trail_checkpoints (size, root, note, recorded_at) VALUES (?, ?, ?, ?)"
_COSIGNED = "UPDATE trail_checkpoints SET note = ? WHERE size = ?"

T = TypeVar("T")


def append_entries(connection: sqlite3.Connection, entries: Sequence[Sealed]) -> None:
    """The next entries of the trail, inside the caller's transaction."""
    (last,) = connection.execute(_LAST).fetchone()
    rows, private = [], []
    for seq, one in enumerate(entries, start=last + 1):
        rows.append((seq, one.kind, one.subject, one.at, one.body, sha256(b"\x00" + one.body).digest()))
        if one.salt:
            private.append(sealed_private(vault_of(connection), seq, one))
    connection.executemany(_INSERT, rows)
    if private:
        connection.executemany(_INSERT_PRIVATE, private)


class SqliteTrail:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def append(self, entries: Sequence[Sealed]) -> None:
        await self._writer.write(partial(append_entries, entries=entries))

    async def size(self) -> int:
        return await self._ask(lambda one: int(one.execute(_LAST).fetchone()[0]) + 1)

    async def entries(self, first: int, count: int) -> list[StoredEntry]:
        return await self._ask(lambda one: [StoredEntry(*row) for row in one.execute(_ENTRIES, (first, count))])

    async def find(self, subject: str) -> list[StoredEntry]:
        return await self._ask(lambda one: [StoredEntry(*row) for row in one.execute(_FIND, (subject,))])

    async def count(self, kind: str, before: int) -> int:
        return await self._ask(lambda one: int(one.execute(_COUNT, (kind, before)).fetchone()[0]))

    async def private_of(self, seqs: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        asked = f"[{','.join(map(str, seqs))}]"
        rows = await self._ask(lambda one: one.execute(_PRIVATE, (asked,)).fetchall())
        return {row[0]: opened_private(self._writer.vault, *row) for row in rows}

    async def hashes(self, height: int, first: int, count: int) -> list[bytes]:
        query, values = (_LEAVES, (first, first + count)) if not height else (_NODES, (height, first, first + count))
        return await self._ask(lambda one: [hash_ for (hash_,) in one.execute(query, values)])

    async def checkpoint(self, at_least: int | None = None) -> StoredCheckpoint | None:
        query, values = (_LATEST, ()) if at_least is None else (_NEXT, (at_least,))
        row = await self._ask(lambda one: one.execute(query, values).fetchone())
        return None if row is None else StoredCheckpoint(*row)

    async def advance(self, advance: Advance) -> bool:
        return await self._writer.write(partial(_advance, advance))

    async def cosigned(self, size: int, note: str) -> None:
        await self._writer.write(lambda one: one.execute(_COSIGNED, (note, size)).rowcount)

    async def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._answer, question)

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with closing(connect(self._path)) as connection:
            return question(connection)


def _advance(advance: Advance, connection: sqlite3.Connection) -> bool:
    latest = connection.execute(_LATEST).fetchone()
    if latest is not None and latest[0] >= advance.checkpoint.size:
        return False
    connection.executemany(_PUT_NODE, advance.nodes)
    connection.execute(_PUT_CHECKPOINT, advance.checkpoint)
    return True
