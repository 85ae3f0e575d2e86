"""Debts (待补通知): changes that Redis could not be told of, and is told of as soon as it answers.

Until then nothing that is kept there is used by whoever owes; others may be shown what was before, for as long as
Redis cannot be reached from here, and never longer than a patient's history is kept.
"""

import asyncio
from itertools import islice

from app.store.redis.connection import RedisConnection, Script, Unreachable
from app.store.redis.hot_keys import CLOCK

_BEGIN, _RENEW = Script("shared", "begin"), Script("shared", "renew")
_MOST = 10_000  # guards; more are dearer to name than to begin anew
_AT_ONCE = 500
_PAUSE = 0.1
_TOKEN = "unsaid"  # noqa: S105 - as a change that is under way and never ends: it lapses


class Debts:
    def __init__(self, connection: RedisConnection, lease: int, remember: int) -> None:
        self._connection, self._lease, self._remember = connection, lease, remember
        self._guards: dict[str, None] = {}
        self._is_everything = False
        self._paying: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return self._is_everything or bool(self._guards)

    def owe(self, guards: list[str]) -> None:
        self._guards.update(dict.fromkeys(guards))
        if len(self._guards) > _MOST:
            self._is_everything = True
        self._pay_soon()

    def owe_everything(self) -> None:
        self._is_everything = True
        self._pay_soon()

    def _pay_soon(self) -> None:
        if self._paying is None:
            self._paying = asyncio.get_running_loop().create_task(self._pay())
            self._paying.add_done_callback(self._paid)

    def _paid(self, _: asyncio.Task[None]) -> None:
        self._paying = None

    async def _pay(self) -> None:
        while self:
            try:
                await self._pay_some()
            except Unreachable:  # the breaker sees to it that few of these are questions
                await asyncio.sleep(_PAUSE)

    async def _pay_some(self) -> None:
        if self._is_everything:
            owed = list(self._guards)
            await self._connection.run(_RENEW, [CLOCK], [self._lease])
            self._is_everything = False
        else:
            owed = list(islice(self._guards, _AT_ONCE))
            await self._connection.run(_BEGIN, [CLOCK, *owed], [self._lease, _TOKEN, self._remember])
        for guard in owed:
            self._guards.pop(guard, None)

    async def settled(self) -> None:
        if self._paying is not None:
            await asyncio.gather(self._paying, return_exceptions=True)

    async def close(self) -> None:
        if self._paying is not None:
            self._paying.cancel()
            await asyncio.gather(self._paying, return_exceptions=True)
