"""Drain the spool (暂存入库): store what was spooled, in order, and audit again what was made without history.

In the background and with moderation: while requests are served it rests after each step for three times as long as the
step took, so that they have the service and the database for most of the time.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from app.application.reaudit import Reauditor, following_id
from app.application.spool_audits import AuditSpool, Entry
from app.store.audit_log import AuditLog, AuditRecord, NotRecorded, StoredAudit, Unstorable
from app.store.breaker import Breaker
from app.store.history import Unavailable
from app.store.spooled import Unreadable, as_stored

log = logging.getLogger("mingjian.spool")

_BATCH = 32  # records that are stored together: more would keep the event loop from live requests
_AGAIN = 16  # audits that are made again together
_PATIENCE = 5.0  # seconds that a step may take
_REST = 0.005  # seconds between two steps, at least
_RESTS = 3  # times as long as a step took, while requests are served
_RETRY = 0.2
_TRIES = 5  # to make an audit again, while others succeed
_LOOK_AROUND = 30.0  # seconds between looks for what dead processes left


class SpoolDrain:
    def __init__(
        self,
        spool: AuditSpool,
        log: AuditLog,
        record: Breaker,
        history: Breaker,
        look: Callable[[], Awaitable[None]],
        served: Callable[[], int],
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`look` asks whether the past can be read at all, and raises where it cannot; `served` counts requests;
        `is_busy`: others need the process more.
        """
        self._served, self._is_busy = served, is_busy
        self._spool, self._log, self._look = spool, log, look
        self._record, self._history = record, history

    async def run(self, reauditor: Reauditor) -> None:
        """For ever."""
        while True:
            await self._give_way()
            self._spool.news.clear()
            started, served = time.monotonic(), self._served()
            try:
                worked = await self._step(reauditor)
            except Exception:  # whatever it was, the rest must not stay here for it
                log.exception("the spool could not be drained; it is tried again")
                await asyncio.sleep(_RETRY)
                continue
            if worked:
                took = time.monotonic() - started
                await asyncio.sleep(_REST if self._served() == served else max(_REST, _RESTS * took))
            else:
                await self._wait_for_news()

    async def _give_way(self) -> None:
        """Not for ever: a process that is always busy must store what it acknowledged, too."""
        until = time.monotonic() + _PATIENCE
        while self._is_busy() and time.monotonic() < until:
            await asyncio.sleep(_RETRY)

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_AROUND):
                await self._spool.news.wait()
        except TimeoutError:
            await self._spool.adopt()

    async def _step(self, reauditor: Reauditor) -> bool:
        """Whether there was something to do, and the database seemed to let it be done."""
        if not self._record.is_closed:
            return False
        if entries := self._spool.records(_BATCH):
            await self._attempt(self._record, self._store(entries))
            return True
        if self._history.is_closed and (entries := self._spool.open(_AGAIN)):
            await self._attempt(self._history, self._audit_again(reauditor, entries))
            return True
        return False

    async def _attempt(self, breaker: Breaker, step: Awaitable[None]) -> None:
        try:
            await step
        except (TimeoutError, NotRecorded, Unavailable) as error:
            breaker.failed(error)
            await asyncio.sleep(_RETRY)

    async def store_first(self) -> bool:
        """Store the first record that waits; False where none does."""
        entries = self._spool.records(1)
        await self._store(entries)
        return bool(entries)

    async def _store(self, entries: list[Entry]) -> None:
        try:
            await self._restore(await self._read(entries))
        except Unstorable:
            for entry in entries:  # one of them is at fault: the others must not stay here for it
                await self._store_alone(entry)
        else:
            await self._spool.stored(entries)

    async def _store_alone(self, entry: Entry) -> None:
        try:
            await self._restore(await self._read([entry]))
        except Unstorable as error:
            await self._spool.put_aside(entry, f"the database does not take it: {error}")
        else:
            await self._spool.stored([entry])

    async def _restore(self, records: list[AuditRecord]) -> None:
        if records:
            async with asyncio.timeout(_PATIENCE):
                await self._log.restore(records)

    async def _read(self, entries: list[Entry]) -> list[AuditRecord]:
        records = []
        for entry in entries:
            try:
                record = entry.read().record
            except Unreadable as error:
                await self._spool.put_aside(entry, str(error))
                continue
            if record is not None:
                records.append(record)
        return records

    async def _audit_again(self, reauditor: Reauditor, entries: list[Entry]) -> None:
        made: list[AuditRecord] = []
        done: list[Entry] = []
        for entry in entries:
            try:
                async with asyncio.timeout(_PATIENCE):
                    stored = await self._to_be_made_again(entry)
                    record = None if stored is None else await reauditor.audit_again(stored)
            except Exception as error:  # whatever it was, the others must not wait for it
                await self._look()
                if self._spool.put_off(entry) < _TRIES:
                    continue
                log.error("audit %s is not made again, it failed %d times", entry.id, _TRIES, exc_info=error)
                record = None
            if record is not None:
                made.append(record)
            done.append(entry)
        await self._restore(made)
        await self._spool.audited_again(done)

    async def _to_be_made_again(self, entry: Entry) -> StoredAudit | None:
        """None where it was made again before, or is not to be found."""
        if entry.is_adopted and await self._log.find(following_id(entry.id)) is not None:
            return None  # by the process that is gone
        if (record := entry.read().record) is not None:
            return as_stored(record)
        stored = await self._log.find(entry.id)
        if stored is None:
            log.error("audit %s was to be made again, and is not stored", entry.id)
        return stored
