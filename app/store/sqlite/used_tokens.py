"""Used tokens of one machine (已用令牌): an SQLite file of its own beside the database, which all workers share.

In the database a claim would wait for the disk and for others; here it takes some 50 µs, and what a power
cut takes with it has soon expired. To hand it to a thread costs more than that: what comes meanwhile goes together.
"""

import asyncio
import sqlite3
import time
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from app.store.history import Unavailable

_MAKE = """
CREATE TABLE IF NOT EXISTS used_tokens (digest BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_used_tokens_expires_at ON used_tokens (expires_at);
"""
_CLAIM = "INSERT INTO used_tokens (digest, expires_at) VALUES {} ON CONFLICT DO NOTHING RETURNING digest"
_FORGET = "DELETE FROM used_tokens WHERE expires_at < ?"
_FORGET_EVERY = 60.0  # seconds
_AT_ONCE = 1_000  # claims of one statement


class _Claim(NamedTuple):
    digest: bytes
    expires_at: int
    is_first: "asyncio.Future[bool]"


class SqliteUsedTokens:
    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-tokens")
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[_Claim] = []
        self._writing: asyncio.Task[None] | None = None
        self._forgotten = 0.0

    async def claim(self, digest: bytes, expires: float) -> bool:
        one = _Claim(digest, int(expires * 1e6), asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await one.is_first

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _write(self) -> None:
        """Until nobody waits. What somebody gave up waiting for is claimed all the same: it may have been in time."""
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                await self._write_some(some)
        finally:
            self._writing = None

    async def _write_some(self, some: list[_Claim]) -> None:
        try:
            new = await asyncio.to_thread(self._insert, [(one.digest, one.expires_at) for one in some])
        except sqlite3.Error as error:
            for one in some:
                if not one.is_first.done():
                    one.is_first.set_exception(Unavailable(f"used tokens cannot be kept: {error}"))
            return
        for one in some:
            if not one.is_first.done():
                one.is_first.set_result(one.digest in new)
            new.discard(one.digest)

    def _insert(self, rows: list[tuple[bytes, int]]) -> set[bytes]:
        """The digests that were not there before."""
        connection = self._opened()
        if time.monotonic() - self._forgotten > _FORGET_EVERY:
            connection.execute(_FORGET, (int(time.time() * 1e6),))
            self._forgotten = time.monotonic()
        statement = _CLAIM.format(", ".join(["(?, ?)"] * len(rows)))
        return {digest for (digest,) in connection.execute(statement, list(chain.from_iterable(rows)))}

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=0.5, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.executescript(_MAKE)
            self._path.chmod(0o600)
            self._forgotten, self._connection = time.monotonic() - _FORGET_EVERY - 1, connection
        return self._connection
