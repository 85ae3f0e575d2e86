"""Ruleset revisions in SQLite (规则库版本存储)."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import zstandard

from app.store.packing import microseconds
from app.store.rulesets import Move, StoredRuleset
from app.store.sqlite.writer import SqliteWriter, connect

_PUT = (
    "INSERT INTO rulesets (revision, format, size, stored_at, stored_by, content) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (revision) DO NOTHING"
)
_READ = "SELECT content FROM rulesets WHERE revision = ?"
_MOVE = (
    "INSERT INTO ruleset_moves (revision, action, caller, reason, recorded_at)"
    " SELECT revision, ?, ?, ?, ? FROM rulesets WHERE revision = ?"
)
_MOVES = "SELECT seq, revision, action, caller, reason, recorded_at FROM ruleset_moves ORDER BY seq DESC LIMIT ?"
_STORED = "SELECT revision, format, size, stored_at, stored_by FROM rulesets ORDER BY stored_at DESC, revision"

T = TypeVar("T")


class SqliteRulesets:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def put(self, revision: str, compiled: bytes, *, caller: str, at: datetime) -> bool:
        mark = compiled[:4].decode("ascii", "replace")
        packed = await asyncio.to_thread(zstandard.ZstdCompressor(level=3).compress, compiled)
        row = (revision, mark, len(compiled), microseconds(at), caller, packed)
        return await self._writer.write(partial(_put, row))

    async def read(self, revision: str) -> bytes | None:
        row = await asyncio.to_thread(self._ask, lambda one: one.execute(_READ, (revision,)).fetchone())
        if row is None:
            return None
        return await asyncio.to_thread(zstandard.ZstdDecompressor().decompress, row[0])

    async def move(self, revision: str, *, action: str, caller: str, reason: str, at: datetime) -> Move:
        seq = await self._writer.write(partial(_move, (action, caller, reason, microseconds(at), revision)))
        if seq is None:
            raise LookupError(revision)
        return Move(seq, revision, action, caller, reason, at)

    async def current(self) -> Move | None:
        found = await self.moves(1)
        return found[0] if found else None

    async def stored(self) -> list[StoredRuleset]:
        rows = await asyncio.to_thread(self._ask, lambda one: one.execute(_STORED).fetchall())
        return [StoredRuleset(one, mark, size, _moment(at), by) for one, mark, size, at, by in rows]

    async def moves(self, limit: int = 100) -> list[Move]:
        rows = await asyncio.to_thread(self._ask, lambda one: one.execute(_MOVES, (limit,)).fetchall())
        return [Move(seq, one, action, caller, reason, _moment(at)) for seq, one, action, caller, reason, at in rows]

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with closing(connect(self._path)) as connection:
            return question(connection)


def _put(row: tuple[Any, ...], connection: sqlite3.Connection) -> bool:
    return connection.execute(_PUT, row).rowcount == 1


def _move(row: tuple[Any, ...], connection: sqlite3.Connection) -> int | None:
    cursor = connection.execute(_MOVE, row)
    return cursor.lastrowid if cursor.rowcount == 1 else None


def _moment(microseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(microseconds_since_1970 / 1_000_000, UTC)
