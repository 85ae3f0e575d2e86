"""Load a feed (导入外部数据): every row is checked, all are stored or none, and audits see them from then on."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from app.application.feed_rows import Form, read_rows
from app.domain.feed import FEEDS, FeedRecord
from app.domain.feeds import NO_FEEDS, Feeds
from app.store.feeds import FeedStore, Load, StoredFeeds

log = logging.getLogger("mingjian")

_LOOK_EVERY = 5.0  # seconds after which another process's load is taken up at the latest


class FeedLoaded(NamedTuple):
    """What became of the rows: added + changed + unchanged of them were read. `records` is what the feed now holds."""

    feed: str
    rows: int
    added: int
    changed: int
    unchanged: int
    records: int


class FeedState(NamedTuple):
    """`newest` is the latest day or month that a record is about; `loaded_at` None: the feed was never loaded."""

    name: str
    title: str
    records: int
    newest: str
    loaded_at: datetime | None


class FeedLoader:
    def __init__(self, store: FeedStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now
        self._current, self._seq = NO_FEEDS, 0
        self._loaded_at: dict[str, int] = {}
        self._lock = asyncio.Lock()  # one load at a time, so that snapshots follow each other as the records do

    def current(self) -> Feeds:
        """All feeds as they hold now: one snapshot, for the whole of an audit."""
        return self._current

    async def open(self) -> None:
        """Take up what is stored."""
        await self._reload()

    async def load(self, name: str, content: bytes, form: Form, *, caller: str) -> FeedLoaded:
        """Store the rows and judge by them from now on. `name` is one of FEEDS.

        Raises BadFeed for rows that are no records (nothing is taken then), NotRecorded.
        """
        shape = FEEDS[name]
        records = await asyncio.to_thread(read_rows, content, shape, form)
        async with self._lock:
            await self._catch_up()
            old, at = self._current, self._now()
            new = [one for one in records if not _holds(old, one)]
            known = sum(_known(old, one) for one in new)
            encoded = {_key(one): msgspec.json.encode(one) for one in new}
            feeds = await asyncio.to_thread(old.with_records, shape, new)
            load = Load(name, encoded, len(records), sha256(content).digest(), caller, at)
            done = await self._store.put(load)
            if done.before == self._seq:
                self._current, self._seq = feeds, done.seq
                self._loaded_at[name] = int(at.timestamp() * 1_000_000)
            else:
                await self._reload()
            total = self._current.count(shape) or 0
        return FeedLoaded(name, len(records), len(new) - known, known, len(records) - len(new), total)

    async def refresh(self) -> None:
        """Take up what another process has loaded."""
        async with self._lock:
            await self._catch_up()

    async def follow(self) -> None:
        """Refresh from time to time, for ever; call it as a task."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self.refresh()
            except Exception:  # the feeds in memory serve on, and the next look may do better
                log.exception("feeds could not be read anew")

    def states(self) -> list[FeedState]:
        """Every feed that there is, loaded or not."""
        feeds, loaded_at = self._current, dict(self._loaded_at)
        return [_state(feeds, name, shape, loaded_at.get(name)) for name, shape in FEEDS.items()]

    async def _catch_up(self) -> None:
        if await self._store.latest() != self._seq:
            await self._reload()

    async def _reload(self) -> None:
        stored = await self._store.read()
        self._take(stored, await asyncio.to_thread(_snapshot, stored))

    def _take(self, stored: StoredFeeds, feeds: Feeds) -> None:
        self._current, self._seq, self._loaded_at = feeds, stored.seq, stored.loaded_at


def _snapshot(stored: StoredFeeds) -> Feeds:
    feeds = NO_FEEDS
    for name, rows in stored.records.items():
        if (shape := FEEDS.get(name)) is not None:
            decode = msgspec.json.Decoder(shape).decode
            feeds = feeds.with_records(shape, map(decode, rows))
    return feeds


def _holds(feeds: Feeds, record: FeedRecord) -> bool:
    return record in (feeds.find(type(record), record.subject) or ())


def _known(feeds: Feeds, record: FeedRecord) -> bool:
    return any(one.key == record.key for one in feeds.find(type(record), record.subject) or ())


def _key(record: FeedRecord) -> str:
    return msgspec.json.encode(record.key).decode()


def _state(feeds: Feeds, name: str, shape: type[FeedRecord], loaded_at: int | None) -> FeedState:
    newest = max((one.when for one in feeds.all_of(shape) or ()), default="")
    at = None if loaded_at is None else datetime.fromtimestamp(loaded_at / 1_000_000, UTC)
    return FeedState(name, shape.title, feeds.count(shape) or 0, newest, at)
