"""Patient history and audit log with hot history before them (缓存层): whoever asks sees what the database has."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from app.store.audit_log import AuditLog, AuditRecord, IdempotencyConflict, StoredAudit
from app.store.history import HistoryQuery, HistoryStore, HistoryWrite, StoredEncounter
from app.store.redis.hot_history import HotHistory
from app.store.redis.hot_keys import HotKeys

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """A change goes on when nobody waits for it any more, and so must what is told of it."""
    return await asyncio.shield(asyncio.ensure_future(work))


class CachedHistory:
    def __init__(self, history: HistoryStore, hot: HotHistory, keys: HotKeys) -> None:
        self._history, self._hot, self._keys = history, hot, keys

    async def fetch(self, query: HistoryQuery) -> list[StoredEncounter]:
        found = await self._hot.read(query)
        return await self._history.fetch(query) if found is None else found

    async def put(self, writes: list[HistoryWrite]) -> None:
        await to_the_end(self._put(writes))

    async def _put(self, writes: list[HistoryWrite]) -> None:
        change = await self._hot.begin(guards_of(writes, self._keys), is_bulk=True)
        await self._history.put(writes)
        self._hot.changed(change)

    async def withdraw(self, facility: str, encounter: str, line: str, *, caller: str, at: datetime) -> bool:
        return await to_the_end(self._withdraw(facility, encounter, line, caller, at))

    async def _withdraw(self, facility: str, encounter: str, line: str, caller: str, at: datetime) -> bool:
        change = await self._hot.begin([self._keys.encounter_guard(facility, encounter)])
        is_known = await self._history.withdraw(facility, encounter, line, caller=caller, at=at)
        self._hot.changed(change)
        return is_known


class CachedAuditLog:
    def __init__(self, log: AuditLog, hot: HotHistory, keys: HotKeys) -> None:
        self._log, self._hot, self._keys = log, hot, keys

    async def append(self, record: AuditRecord) -> tuple[bytes, bool]:
        if record.history is None:
            return await self._log.append(record)
        return await to_the_end(self._append(record, record.history))

    async def _append(self, record: AuditRecord, write: HistoryWrite) -> tuple[bytes, bool]:
        change = await self._hot.begin(self._keys.guards(write))
        try:
            answer, is_earlier = await self._log.append(record)
        except IdempotencyConflict:
            self._hot.changed(change)
            raise
        if is_earlier:
            self._hot.changed(change)
        else:
            self._hot.wrote(change, write)
        return answer, is_earlier

    async def restore(self, records: list[AuditRecord]) -> None:
        await to_the_end(self._restore(records))

    async def _restore(self, records: list[AuditRecord]) -> None:
        writes = [record.history for record in records if record.history is not None]
        await self._hot.begin(guards_of(writes, self._keys), is_bulk=True)
        await self._log.restore(records)
        self._hot.distrust()  # what was overtaken meanwhile may be stored under another patient

    async def find(self, audit_id: str) -> StoredAudit | None:
        return await self._log.find(audit_id)

    async def latest_ids(self, limit: int, *, before: str | None = None) -> list[str]:
        return await self._log.latest_ids(limit, before=before)


def guards_of(writes: list[HistoryWrite], keys: HotKeys) -> list[str]:
    """Each once."""
    return list(dict.fromkeys([guard for write in writes for guard in keys.guards(write)]))
