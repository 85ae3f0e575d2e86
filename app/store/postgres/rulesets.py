"""Ruleset revisions in PostgreSQL (规则库版本存储)."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any

import zstandard
from sqlalchemy import select

from app.store.effects import move_entry, ruleset_entry
from app.store.packing import microseconds
from app.store.postgres.database import Connection, Database
from app.store.postgres.trail import append_entries
from app.store.rulesets import Move, StoredRuleset, format_of
from app.store.tables import ruleset_moves, rulesets
from app.trail.entry import Sealed

_PUT = """
INSERT INTO rulesets (revision, format, size, stored_at, stored_by, content) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (revision) DO NOTHING
"""
# Moves must be numbered in the order of their commits: the last move is what holds.
_ONE_AT_A_TIME = "LOCK TABLE ruleset_moves IN SHARE ROW EXCLUSIVE MODE"
_MOVE = """
INSERT INTO ruleset_moves (revision, action, caller, reason, recorded_at)
SELECT revision, $2, $3, $4, $5 FROM rulesets r WHERE revision = $1 AND {} RETURNING seq
"""
_NEVER_MOVED_TO = "NOT EXISTS (SELECT 1 FROM ruleset_moves m WHERE m.revision = r.revision)"


class PostgresRulesets:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, revision: str, compiled: bytes, *, caller: str, at: datetime) -> bool:
        packed = await asyncio.to_thread(zstandard.ZstdCompressor(level=3, write_checksum=True).compress, compiled)
        row = (revision, format_of(compiled), len(compiled), microseconds(at), caller, packed)
        entry = ruleset_entry(revision, format_of(compiled), len(compiled), packed, caller=caller, at=at)
        return await self._database.write(partial(_put, row=row, entry=entry))

    async def read(self, revision: str) -> bytes | None:
        """Raises Unavailable, as all that reads."""
        async with self._database.reading() as connection:
            asked = select(rulesets.c.content).where(rulesets.c.revision == revision)
            packed = (await connection.execute(asked)).scalar_one_or_none()
        if packed is None:
            return None
        return await asyncio.to_thread(zstandard.ZstdDecompressor().decompress, packed)

    async def move(self, revision: str, *, action: str, caller: str, reason: str, at: datetime) -> Move:
        asked = Move(0, revision, action, caller, reason, at)
        found = await self._database.write(partial(_move, statement=_MOVE.format("true"), move=asked))
        if found is None:
            raise LookupError(revision)
        return found

    async def move_first(self, revision: str, *, caller: str, reason: str, at: datetime) -> Move | None:
        asked = Move(0, revision, "publish", caller, reason, at)
        return await self._database.write(partial(_move, statement=_MOVE.format(_NEVER_MOVED_TO), move=asked))

    async def current(self) -> Move | None:
        found = await self.moves(1)
        return found[0] if found else None

    async def stored(self) -> list[StoredRuleset]:
        one = rulesets.c
        asked = select(one.revision, one.format, one.size, one.stored_at, one.stored_by)
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked.order_by(one.stored_at.desc(), one.revision.collate("C")))).all()
        return [StoredRuleset(name, mark, size, _moment(at), by) for name, mark, size, at, by in rows]

    async def moves(self, limit: int = 100) -> list[Move]:
        one = ruleset_moves.c
        asked = select(one.seq, one.revision, one.action, one.caller, one.reason, one.recorded_at)
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked.order_by(one.seq.desc()).limit(limit))).all()
        return [Move(seq, name, action, caller, reason, _moment(at)) for seq, name, action, caller, reason, at in rows]


async def _put(connection: Connection, row: tuple[Any, ...], entry: Sealed) -> bool:
    is_new = bool(await connection.execute(_PUT, *row) == "INSERT 0 1")
    await append_entries(connection, [entry] if is_new else [])
    return is_new


async def _move(connection: Connection, statement: str, move: Move) -> Move | None:
    await connection.execute(_ONE_AT_A_TIME)
    row = (move.revision, move.action, move.caller, move.reason, microseconds(move.at))
    seq: int | None = await connection.fetchval(statement, *row)
    if seq is None:
        return None
    found = move._replace(seq=seq)
    await append_entries(connection, [move_entry(found)])
    return found


def _moment(microseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(microseconds_since_1970 / 1_000_000, UTC)
