"""Used tokens in PostgreSQL (已用令牌): on a connection of its own that does not wait for the disk."""

import asyncio
import time

from app.store.postgres.database import FAILURES, Connection, Database, unavailable

_CLAIM = "INSERT INTO used_tokens (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM used_tokens WHERE expires_at < $1"
_FORGET_EVERY = 60.0  # seconds
_PATIENCE = 0.5  # seconds for a statement


class PostgresUsedTokens:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._lock, self._forgotten = asyncio.Lock(), 0.0

    async def claim(self, digest: bytes, expires: float) -> bool:
        async with self._lock:
            try:
                connection = await self._opened()
                if time.monotonic() - self._forgotten > _FORGET_EVERY:
                    self._forgotten = time.monotonic()
                    await connection.execute(_FORGET, int(time.time() * 1e6))
                done = await connection.execute(_CLAIM, digest, int(expires * 1e6))
            except FAILURES as error:
                self._drop()
                raise unavailable(error) from None
            except asyncio.CancelledError:  # given up in the middle of a statement: nobody can use it after
                self._drop()
                raise
        return done.endswith(" 1")

    async def close(self) -> None:
        async with self._lock:
            self._drop()

    async def _opened(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.connect({"synchronous_commit": "off"}, timeout=_PATIENCE)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
