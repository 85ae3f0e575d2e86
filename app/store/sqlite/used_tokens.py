"""Used tokens of one machine (已用令牌): an SQLite file of its own beside the database, which all workers share.

In the database a claim would wait for the disk and for others; here it takes some 50 µs, and what a power
cut takes with it has soon expired.
"""

import asyncio
import sqlite3
import time
from pathlib import Path

from app.store.history import Unavailable

_MAKE = """
CREATE TABLE IF NOT EXISTS used_tokens (digest BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_used_tokens_expires_at ON used_tokens (expires_at);
"""
_CLAIM = "INSERT INTO used_tokens (digest, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM used_tokens WHERE expires_at < ?"
_FORGET_EVERY = 60.0  # seconds


class SqliteUsedTokens:
    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-tokens")
        self._connection: sqlite3.Connection | None = None
        self._lock, self._forgotten = asyncio.Lock(), 0.0

    async def claim(self, digest: bytes, expires: float) -> bool:
        async with self._lock:
            try:
                return await asyncio.to_thread(self._claim, digest, expires)
            except sqlite3.Error as error:
                raise Unavailable(f"used tokens cannot be kept: {error}") from None

    async def close(self) -> None:
        async with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _claim(self, digest: bytes, expires: float) -> bool:
        connection = self._opened()
        if time.monotonic() - self._forgotten > _FORGET_EVERY:
            connection.execute(_FORGET, (int(time.time() * 1e6),))
            self._forgotten = time.monotonic()
        return connection.execute(_CLAIM, (digest, int(expires * 1e6))).rowcount == 1

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=0.5, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.executescript(_MAKE)
            self._path.chmod(0o600)
            self._forgotten, self._connection = time.monotonic() - _FORGET_EVERY - 1, connection
        return self._connection
