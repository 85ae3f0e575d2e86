"""Used tokens in Redis (已用令牌), where there is one; what Redis cannot tell in time the database is asked."""

import time
from collections.abc import Callable

from app.store.redis.connection import RedisConnection, Unreachable
from app.store.used_tokens import UsedTokens

_NAME = "mingjian:used:{}:{}"


class RedisUsedTokens:
    def __init__(self, connection: RedisConnection, installation: Callable[[], str], behind: UsedTokens) -> None:
        """`installation` tells this one from others on the same Redis."""
        self._connection, self._installation, self._behind = connection, installation, behind

    async def claim(self, digest: bytes, expires: float) -> bool:
        name = _NAME.format(self._installation(), digest.hex())
        life = max(1, int((expires - time.time()) * 1000))
        try:
            return bool(await self._connection.ask(lambda redis: redis.set(name, b"1", px=life, nx=True)))
        except Unreachable:
            return await self._behind.claim(digest, expires)

    async def close(self) -> None:
        await self._behind.close()
