"""The reader (读取连接): asks what every audit asks, on connections that are kept, and never waits longer than told.

Two connections, so that one long answer does not hold up the rest. One that did not answer in time is given up, and a
new one is opened in the background, one at a time: a database that hangs is not asked by more and more.
"""

import asyncio
import time
from collections import deque
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from app.store.history import Unavailable
from app.store.postgres.database import DRIVER_FAILURES, Connection, Database, is_refusal, unavailable
from app.store.vault import Vault

Question = tuple[str, *tuple[Any, ...]]  # a statement and its values

_MOST = 2
_PAUSE = 0.25  # seconds after a connection could not be opened, until the next attempt
SETTINGS = {
    "plan_cache_mode": "force_generic_plan",  # to plan anew over all partitions takes longer than to ask
    "enable_seqscan": "off",  # every question has its index; a plan made while a partition was small must use it too
    "work_mem": "16MB",
}


class Reader:
    def __init__(self, database: Database, *, timeout: float, warm_up: Question) -> None:
        """`timeout`: seconds. `warm_up` is asked first of a new connection, which would be slow to plan its answer."""
        self._database, self._timeout, self._warm_up = database, timeout, warm_up
        self._idle: list[Connection] = []
        self._count = 0  # connections that are idle or in use
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._is_closed = False

    @property
    def vault(self) -> Vault:
        return self._database.vault

    async def start(self) -> None:
        """Have a first connection ready, or at least have tried."""
        self._open_another()
        if self._opening is not None:
            await self._opening

    async def fetch(self, statement: str, *values: Any, timeout: float | None = None) -> list[asyncpg.Record]:
        """Raises Unavailable, at the latest when the time is over."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(timeout or self._timeout):
                connection = await self._take()
                rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
        except BaseException as error:
            # Whoever was cancelled has left an answer on the way: its connection cannot be used for another question.
            if connection is not None:
                self._end_use(connection, is_usable=is_refusal(error))
            if isinstance(error, DRIVER_FAILURES):
                raise unavailable(error) from None
            raise
        self._end_use(connection, is_usable=True)
        return rows

    def close(self) -> None:
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
        for connection in self._idle:
            connection.terminate()
        self._idle.clear()
        self._refuse_all(Unavailable("the store is closed"))

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._count -= 1
        if self._is_closed:
            raise Unavailable("the store is closed")
        if not self._count and time.monotonic() < self._not_before:
            raise Unavailable("the database cannot be reached")
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._open_another()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._end_use(waiter.result(), is_usable=True)
            raise

    def _end_use(self, connection: Connection, *, is_usable: bool) -> None:
        if not is_usable or connection.is_closed() or self._is_closed:
            connection.terminate()
            self._count -= 1
            if self._waiting:
                self._open_another()
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def _open_another(self) -> None:
        if self._opening is None and self._count < _MOST and not self._is_closed:
            self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        try:
            connection = await self._ready()
        except Exception as error:
            self._not_before = time.monotonic() + _PAUSE
            if not self._count:
                self._refuse_all(unavailable(error))
            return
        finally:
            self._opening = None
        self._count += 1
        self._end_use(connection, is_usable=True)
        if self._waiting:
            self._open_another()

    async def _ready(self) -> Connection:
        connection = await self._database.connect(SETTINGS)
        try:
            await connection.fetch(*self._warm_up)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _refuse_all(self, error: Unavailable) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(Unavailable(*error.args))
