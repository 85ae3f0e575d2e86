"""Spooled audits (审核暂存): acknowledged and durable beside the database, until that has them.

A record is known here from the moment that it is durable until the database has it: a retry with its key gets its
answer, and it can be read by its id.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import NamedTuple

from app.store.audit_log import AuditRecord, IdempotencyConflict, IdempotencyKey, StoredAudit
from app.store.spool import Place, Spool
from app.store.spool_file import SpoolFile
from app.store.spooled import Spooled, Unreadable, as_stored, pack_spooled, unpack_spooled
from app.store.vault import PLAIN, Vault

Answer = tuple[bytes, bool]


class Entry(NamedTuple):
    """A frame that is not done with."""

    id: str
    place: Place
    vault: Vault
    is_open: bool = False
    key: IdempotencyKey | None = None
    digest: bytes = b""  # of the request
    is_adopted: bool = False  # from a process that is gone

    def read(self) -> Spooled:
        """Raises Unreadable."""
        return unpack_spooled(self.place.read(), self.vault)


class _Keyed(NamedTuple):
    id: str
    digest: bytes
    writing: "asyncio.Future[Entry]"


class AuditSpool:
    def __init__(self, spool: Spool, clock: Callable[[], float] = time.time, vault: Vault = PLAIN) -> None:
        self._spool, self._clock, self._vault = spool, clock, vault
        self._records: dict[str, Entry] = {}  # in the order in which they were acknowledged
        self._open: dict[str, Entry] = {}  # to be audited again, in order
        self._tries: Counter[str] = Counter()  # to audit again those that were put off
        self._keys: dict[IdempotencyKey, _Keyed] = {}
        self._left: Counter[SpoolFile] = Counter()  # what is not done with, by file
        self._ends: dict[SpoolFile, int] = {}
        self.news = asyncio.Event()  # something is to be stored or audited again
        self.since: float | None = None  # when the spool was last empty
        self.set_aside = 0

    @property
    def record_count(self) -> int:
        return len(self._records)

    @property
    def open_count(self) -> int:
        return len(self._open)

    @property
    def size(self) -> int:
        return self._spool.size

    async def adopt(self) -> None:
        """Take over what processes that are gone have left."""
        for file, entries in await asyncio.to_thread(self._adopt):
            self._ends[file] = file.size
            self._left[file] += 1  # until all of it is known
            for entry, has_record in entries:
                self._add(entry, has_record)
                if entry.key is not None:
                    writing = asyncio.get_running_loop().create_future()
                    writing.set_result(entry)
                    self._keys[entry.key] = _Keyed(entry.id, entry.digest, writing)
            await self._release([file])

    def _adopt(self) -> list[tuple[SpoolFile, list[tuple[Entry, bool]]]]:
        adopted = []
        for file, places in self._spool.adopt():
            entries = []
            for place in places:
                try:
                    found = unpack_spooled(place.read(), self._vault)
                except Unreadable as error:
                    self._spool.set_aside(place, str(error))
                    continue
                entries.append((_entry(found, place, self._vault)._replace(is_adopted=True), found.record is not None))
            adopted.append((file, entries))
        self.set_aside = self._spool.count_aside()
        return adopted

    def earlier(self, record: AuditRecord) -> Awaitable[Answer] | None:
        """The answer to an earlier request with the same key, where that is here. Raises IdempotencyConflict."""
        if record.key is None or not self._keys or (found := self._keys.get(record.key)) is None:
            return None
        if found.digest != record.request_digest:
            raise IdempotencyConflict(record.key.key)
        return _answer(found)

    async def keep(self, record: AuditRecord, *, is_open: bool) -> Answer:
        """The answer to give, once the record is durable here. Raises IdempotencyConflict or NotRecorded."""
        if (earlier := self.earlier(record)) is not None:  # it may have come while this one waited for the database
            return await earlier
        writing = asyncio.ensure_future(self._keep(record, is_open))
        if record.key is not None:
            self._keys[record.key] = _Keyed(record.id, record.request_digest, writing)
        await asyncio.shield(writing)  # who stops waiting does not undo what is under way
        return record.sent or record.audit, False

    async def _keep(self, record: AuditRecord, is_open: bool) -> Entry:
        spooled = Spooled(id=record.id, record=record, is_open=is_open)
        try:
            place = await self._spool.append(pack_spooled(spooled, self._vault))
            entry = _entry(spooled, place, self._vault)
        except BaseException:
            self._keys.pop(record.key, None)  # type: ignore[arg-type]
            raise
        self._add(entry, has_record=True)
        return entry

    async def keep_open(self, audit_id: str) -> None:
        """Promise to audit again what is stored already, durably. Raises NotRecorded."""
        spooled = Spooled(id=audit_id, is_open=True)
        place = await self._spool.append(pack_spooled(spooled, self._vault))
        self._add(_entry(spooled, place, self._vault), has_record=False)

    def _add(self, entry: Entry, has_record: bool) -> None:
        if self.since is None:
            self.since = self._clock()
        file = entry.place.file
        self._ends[file] = max(self._ends.get(file, 0), entry.place.offset + entry.place.length)
        if has_record:
            self._records[entry.id] = entry
            self._left[file] += 1
        if entry.is_open:
            self._open[entry.id] = entry
            self._left[file] += 1
        self.news.set()

    def records(self, most: int) -> list[Entry]:
        """The first that are to be stored."""
        return list(islice(self._records.values(), most))

    def open(self, most: int) -> list[Entry]:
        """The first that are to be audited again, once no record is left to be stored before them."""
        return [] if self._records else list(islice(self._open.values(), most))

    async def stored(self, entries: Iterable[Entry]) -> None:
        """These are in the database."""
        files = []
        for entry in entries:
            if self._records.pop(entry.id, None) is None:
                continue  # it was put aside
            if entry.key is not None and (keyed := self._keys.get(entry.key)) and keyed.id == entry.id:
                del self._keys[entry.key]
            files.append(entry.place.file)
        await self._release(files)

    def put_off(self, entry: Entry) -> int:
        """It could not be audited again: the others come first. How often it was tried."""
        self._open[entry.id] = self._open.pop(entry.id)
        self._tries[entry.id] += 1
        return self._tries[entry.id]

    async def audited_again(self, entries: list[Entry]) -> None:
        for entry in entries:
            del self._open[entry.id], self._tries[entry.id]
        await self._release([entry.place.file for entry in entries])

    async def put_aside(self, entry: Entry, why: str) -> None:
        """It cannot be stored: kept for somebody to look at."""
        self._spool.set_aside(entry.place, why)
        self.set_aside += 1
        if self._open.pop(entry.id, None) is not None:
            self._left[entry.place.file] -= 1
        await self.stored([entry])

    async def _release(self, files: list[SpoolFile]) -> None:
        """Count down, and remove the files that are done with."""
        for file in files:
            self._left[file] -= 1
        for file in set(files):
            if self._left[file] <= 0 and await self._spool.discard(file, self._ends[file]):
                del self._left[file], self._ends[file]
        if not self._records and not self._open:
            self.since = None

    def find(self, audit_id: str) -> StoredAudit | None:
        entry = self._records.get(audit_id)
        record = None if entry is None else entry.read().record
        return None if record is None else as_stored(record)


def _entry(spooled: Spooled, place: Place, vault: Vault) -> Entry:
    if (record := spooled.record) is None:
        return Entry(spooled.id, place, vault, spooled.is_open)
    return Entry(spooled.id, place, vault, spooled.is_open, record.key, record.request_digest)


async def _answer(keyed: _Keyed) -> Answer:
    entry = await asyncio.shield(keyed.writing)
    record = entry.read().record
    assert record is not None  # noqa: S101 - only records have keys
    return record.sent or record.audit, True
