"""Stores that wait at every step until they are let go, and a connection that can be cut (逐步执行)."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.store.audit_log import NotRecorded
from app.store.history import HistoryQuery
from app.store.redis.connection import RedisConnection, Unreachable
from app.store.whole_history import WholeEncounter, WholeHistory


class Gates:
    """Where something waits until it is let go; `waiting` are those that wait, the first to come first."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(gate)
        await gate

    def open(self, index: int) -> None:
        self.waiting.pop(index % len(self.waiting)).set_result(None)


class Stepwise:
    """A store whose writes wait before and after their commit, and may fail either way."""

    def __init__(self, store: Any, before: Gates, after: Gates) -> None:
        self._store, self._before, self._after = store, before, after
        self.outcome = "well"

    async def _in_steps(self, work: Coroutine[Any, Any, Any]) -> Any:
        outcome = self.outcome
        await self._before.wait()
        if outcome == "refused":
            work.close()
            raise NotRecorded
        found = await work
        await self._after.wait()
        if outcome == "stored yet refused":
            raise NotRecorded
        return found

    async def append(self, one: Any) -> Any:
        return await self._in_steps(self._store.append(one))

    async def put(self, some: Any) -> Any:
        return await self._in_steps(self._store.put(some))

    async def withdraw(self, *place: Any, **told: Any) -> Any:
        return await self._in_steps(self._store.withdraw(*place, **told))

    async def fetch(self, asked: HistoryQuery) -> Any:
        return await self._store.fetch(asked)


class StepwiseWhole:
    def __init__(self, whole: WholeHistory, before: Gates, after: Gates) -> None:
        self._whole, self._before, self._after = whole, before, after

    async def read(self, *asked: Any) -> list[WholeEncounter] | None:
        await self._before.wait()
        found = await self._whole.read(*asked)
        await self._after.wait()
        return found


class Cuttable(RedisConnection):
    """As if the network between this worker and Redis were cut, and only that."""

    is_cut = False

    async def ask(self, *asked: Any) -> Any:
        if self.is_cut:
            raise Unreachable("cut")
        return await super().ask(*asked)
