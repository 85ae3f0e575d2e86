"""Debts (待补通知): changes that Redis could not be told of, and is told of as soon as it answers.

Until then nothing that is kept there is used by whoever owes; others may be shown what was before, for as long as
Redis cannot be reached from here, and never longer than a patient's history is kept. What is told late is told as
being under way: it lapses, however late the commit was.
"""

import asyncio
from contextlib import suppress

from app.store.redis.connection import RedisConnection, Script, Unreachable
from app.store.redis.hot_keys import CLOCK

_BEGIN, _RENEW = Script("shared", "begin"), Script("shared", "renew")
_AT_ONCE = 500
_MOST = 10_000  # guards; more are dearer to name than to begin anew
_PAUSE = 0.1


async def tell_begun(connection: RedisConnection, guards: list[str], token: str, lease: int, remember: int) -> None:
    """Raises Unreachable, perhaps after some of them were told."""
    for start in range(0, len(guards), _AT_ONCE):
        await connection.run(_BEGIN, [CLOCK, *guards[start : start + _AT_ONCE]], [lease, token, remember])


class Debts:
    def __init__(self, connection: RedisConnection, lease: int, remember: int) -> None:
        self._connection, self._lease, self._remember = connection, lease, remember
        self._guards: dict[str, list[str]] = {}  # by the token of the change
        self._count = 0
        self._renewals_owed = self._renewals_paid = 0
        self._paying: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return self._renewals_owed > self._renewals_paid or bool(self._guards)

    def owe(self, token: str, guards: list[str]) -> None:
        """Redis is to be told that this change is under way, if it is not told that it is over (`paid`)."""
        self._guards[token] = guards
        self._count += len(guards)
        if self._count > _MOST:
            self.owe_everything()
        self._pay_soon()

    def owe_everything(self) -> None:
        """Nothing that is kept by then may be used."""
        self._renewals_owed += 1
        self._pay_soon()

    def paid(self, token: str) -> None:
        self._count -= len(self._guards.pop(token, ()))

    def _pay_soon(self) -> None:
        if self._paying is None:
            self._paying = asyncio.get_running_loop().create_task(self._pay())
            self._paying.add_done_callback(self._at_ease)

    def _at_ease(self, _: asyncio.Task[None]) -> None:
        self._paying = None

    async def _pay(self) -> None:
        while self:
            await asyncio.sleep(_PAUSE)  # most hiccups are over by then, and the change too
            with suppress(Unreachable):  # the breaker sees to it that few of these are questions
                await self._pay_some()

    async def _pay_some(self) -> None:
        if (renewal := self._renewals_owed) > self._renewals_paid:
            owed = list(self._guards)
            await self._connection.run(_RENEW, [CLOCK], [self._lease])
            self._renewals_paid = renewal
            for token in owed:
                self.paid(token)
        for token, guards in list(self._guards.items()):
            await tell_begun(self._connection, guards, token, self._lease, self._remember)
            self.paid(token)

    async def settled(self) -> None:
        if self._paying is not None:
            await asyncio.gather(self._paying, return_exceptions=True)

    async def close(self) -> None:
        if self._paying is not None:
            self._paying.cancel()
            await asyncio.gather(self._paying, return_exceptions=True)
