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

from app.store.effects import move_entry, ruleset_entry
from app.store.history import Unavailable
from app.store.packing import microseconds
from app.store.rulesets import Move, StoredRuleset, format_of
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.trail.entry import Sealed

_PUT = (
    "INSERT INTO rulesets (revision, format, size, stored_at, stored_by, content) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (revision) DO NOTHING"
)
_READ = "SELECT content FROM rulesets WHERE revision = ?"
_MOVE = (
    "INSERT INTO ruleset_moves (revision, action, caller, reason, recorded_at)"
    " SELECT revision, ?, ?, ?, ? FROM rulesets WHERE revision = ?"
)
_MOVE_FIRST = (
    "INSERT INTO ruleset_moves (revision, action, caller, reason, recorded_at)"
    " SELECT revision, ?, ?, ?, ? FROM rulesets r WHERE revision = ?"
    " AND NOT EXISTS (SELECT 1 FROM ruleset_moves m WHERE m.revision = r.revision)"
)
_MOVES = "SELECT seq, revision, action, caller, reason, recorded_at FROM ruleset_moves ORDER BY seq DESC LIMIT ?"
_STORED = "SELECT revision, format, size, stored_at, stored_by FROM rulesets ORDER BY stored_at DESC, revision"

T = TypeVar("T")


class SqliteRulesets:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def put(self, revision: str, compiled: bytes, *, caller: str, at: datetime) -> bool:
        packed = await asyncio.to_thread(zstandard.ZstdCompressor(level=3, write_checksum=True).compress, compiled)
        row = (revision, format_of(compiled), len(compiled), microseconds(at), caller, packed)
        entry = ruleset_entry(revision, format_of(compiled), len(compiled), packed, caller=caller, at=at)
        return await self._writer.write(partial(_put, row, entry))

    async def read(self, revision: str) -> bytes | None:
        row = await asyncio.to_thread(self._ask, lambda one: one.execute(_READ, (revision,)).fetchone())
        if row is None:
            return None
        return await asyncio.to_thread(zstandard.ZstdDecompressor().decompress, row[0])

    async def move(self, revision: str, *, action: str, caller: str, reason: str, at: datetime) -> Move:
        asked = Move(0, revision, action, caller, reason, at)
        found = await self._writer.write(partial(_move, _MOVE, asked))
        if found is None:
            raise LookupError(revision)
        return found

    async def move_first(self, revision: str, *, caller: str, reason: str, at: datetime) -> Move | None:
        asked = Move(0, revision, "publish", caller, reason, at)
        return await self._writer.write(partial(_move, _MOVE_FIRST, asked))

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
        """Raises Unavailable."""
        try:
            with closing(connect(self._path)) as connection:
                return question(connection)
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error


def _put(row: tuple[Any, ...], entry: Sealed, connection: sqlite3.Connection) -> bool:
    is_new = connection.execute(_PUT, row).rowcount == 1
    if is_new:
        append_entries(connection, [entry])
    return is_new


def _move(statement: str, move: Move, connection: sqlite3.Connection) -> Move | None:
    row = (move.action, move.caller, move.reason, microseconds(move.at), move.revision)
    cursor = connection.execute(statement, row)
    if cursor.rowcount != 1 or cursor.lastrowid is None:
        return None
    found = move._replace(seq=cursor.lastrowid)
    append_entries(connection, [move_entry(found)])
    return found


def _moment(microseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(microseconds_since_1970 / 1_000_000, UTC)
