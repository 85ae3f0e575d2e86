"""Commit together (合并提交): what comes while the last commit runs shares the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from app.store.audit_log import NotRecorded

T = TypeVar("T")


class CommitTogether(Generic[T]):
    def __init__(self, put: Callable[[list[T]], Awaitable[None]], most: int) -> None:
        """`put` stores all or none of at most `most`, durably, and raises NotRecorded."""
        self._put, self._most = put, most
        self._waiting: deque[tuple[T, asyncio.Future[None]]] = deque()
        self._committing: asyncio.Task[None] | None = None

    async def add(self, one: T) -> None:
        """Returns when it is durable; raises NotRecorded where it could not be written."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await future

    async def _commit(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._put_batch(batch)
        finally:
            self._committing = None

    async def _put_batch(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        failure: Exception | None = None
        try:
            await self._put([one for one, _ in batch])
        except Exception as error:  # whatever it was, nobody may wait for ever
            failure = error
        for _, future in batch:
            if future.done():  # the caller has gone; what was written stays
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(NotRecorded(str(failure)) if isinstance(failure, NotRecorded) else failure)
