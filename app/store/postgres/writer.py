"""The writer (成组提交): one connection that writes, and one commit for all the requests that wait for it.

A task of the event loop takes whatever has gathered while the last commit ran, does it in one transaction, and wakes
the requests together. Each worker has its own; the database keeps them apart.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]

from app.store.audit_log import NotRecorded
from app.store.postgres.database import (
    DRIVER_FAILURES,
    Connection,
    Database,
    commit_durably,
    is_at_fault,
    is_conflict,
    is_refusal,
    not_recorded,
    told,
)

log = logging.getLogger("mingjian")

_BATCH = 256
_ATTEMPTS = 3

T = TypeVar("T")
Job = Callable[[Connection], Awaitable[Any]]
Batch = Callable[[Connection, list[Any]], Awaitable[list[Any]]]
Waiting = tuple[Batch, Any, "asyncio.Future[Any]"]  # what does it, with what, who waits


class _LostBeforeCommit(Exception):
    """The connection broke while nothing could have been stored yet."""


class PostgresWriter:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None

    def start(self) -> None:
        """Begin to write; call it from the event loop that will await."""
        self._task = asyncio.create_task(self._serve())

    async def close(self) -> None:
        """Write what still waits, then stop."""
        self._is_closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def write(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """Do the job inside a transaction and return what it returns, once that is durable.

        The job may run more than once, so it must do nothing but write, and it should be quick: others wait for it.
        Raises NotRecorded where the database refuses, is gone, or does not answer in time.
        """
        found: T = await self.write_together(_each, job)
        return found

    async def write_together(self, batch: Batch, payload: Any) -> Any:
        """The same for what is written often: `batch` gets all payloads that wait for it and gives a result for each.

        A statement costs a round trip, so few statements for many records are worth more than their work.
        """
        if self._task is None:
            raise NotRecorded("the store is not open")
        if self._is_closing:
            raise NotRecorded("the store is closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, payload, future))
        self._wake.set()
        return await future

    async def _serve(self) -> None:
        is_last = False
        try:
            while not is_last:
                await self._wake.wait()
                self._wake.clear()
                is_last = self._is_closing
                while batch := self._take():
                    await self._write_all(batch)
        finally:
            self._is_closing = True
            self._drop()
            self._refuse_all("the store is closed")

    def _take(self) -> list[Waiting]:
        batch: list[Waiting] = []
        while self._waiting and len(batch) < _BATCH:
            batch.append(self._waiting.popleft())
        # What is written together goes first: all workers then lock rows in one order.
        return sorted(batch, key=lambda one: one[0] is _each)

    async def _write_all(self, batch: list[Waiting]) -> None:
        """Write in one transaction; should a record be at fault, each apart, so that it fails alone."""
        try:
            async with asyncio.timeout(self._database.connect_timeout + self._database.command_timeout):
                results = await self._attempt(batch)
        except (*DRIVER_FAILURES, _LostBeforeCommit) as error:
            log.warning("%d records could not be written: %s", len(batch), told(error))
            results = [NotRecorded(told(error)) for _ in batch]
            self._drop()
            if not is_refusal(error):
                self._refuse_all(told(error))  # they have waited as long: none of them need find out for itself
        except Exception as error:
            log.exception("%d records could not be written", len(batch))
            results = [NotRecorded(type(error).__name__) for _ in batch]
            self._drop()
        for (_, _, future), result in zip(batch, results, strict=True):
            _settle(future, result)

    async def _attempt(self, batch: list[Waiting]) -> list[Any]:
        for left in reversed(range(_ATTEMPTS)):
            try:
                return await self._commit(batch, _together)
            except _LostBeforeCommit:
                if not left:
                    raise
            except DRIVER_FAILURES as error:
                if is_conflict(error) and left:
                    continue
                if not is_at_fault(error):
                    raise
                break
            except Exception:
                break
        return await self._commit(batch, _apart)

    async def _commit(
        self, batch: list[Waiting], how: Callable[[Connection, list[Waiting]], Awaitable[list[Any]]]
    ) -> list[Any]:
        connection = await self._connected()
        is_committing = False
        try:
            await connection.execute("BEGIN")
            results = await how(connection, batch)
            is_committing = True
            if await connection.execute("COMMIT") != "COMMIT":
                raise asyncpg.InternalClientError("the transaction was rolled back")
        except Exception as error:
            if connection.is_closed():
                self._drop()
                if not is_committing:
                    raise _LostBeforeCommit from error
            elif not isinstance(error, TimeoutError):
                await connection.execute("ROLLBACK")
            raise
        return results

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.connect()
            await commit_durably(self._connection)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _refuse_all(self, why: str) -> None:
        while self._waiting:
            _settle(self._waiting.popleft()[2], NotRecorded(why))


async def _together(connection: Connection, batch: list[Waiting]) -> list[Any]:
    results: list[Any] = []
    for do, some in groupby(batch, key=itemgetter(0)):
        results += await do(connection, [payload for _, payload, _ in some])
    return results


async def _apart(connection: Connection, batch: list[Waiting]) -> list[Any]:
    """In one transaction all the same: one wait for the disk."""
    results: list[Any] = []
    for do, payload, _ in batch:
        await connection.execute("SAVEPOINT apart")
        try:
            results += await do(connection, [payload])
        except Exception as error:
            if connection.is_closed() or (isinstance(error, DRIVER_FAILURES) and not is_refusal(error)):
                raise
            await connection.execute("ROLLBACK TO SAVEPOINT apart")
            results.append(not_recorded(error) if is_refusal(error) else error)
        await connection.execute("RELEASE SAVEPOINT apart")
    return results


async def _each(connection: Connection, jobs: list[Job]) -> list[Any]:
    return [await job(connection) for job in jobs]


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():  # the request was cancelled; its record stays
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
