"""Feeds (外部数据): the records as they hold now, and a row for every time that some were loaded."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol


class Load(NamedTuple):
    """One load of a feed: which records it puts, by key, and where they come from."""

    feed: str
    records: Mapping[str, bytes]
    row_count: int
    digest: bytes
    caller: str
    at: datetime


class Loaded(NamedTuple):
    """`seq` is the number of this load; `before` that of the one before it, whoever made it."""

    before: int
    seq: int


class StoredFeeds(NamedTuple):
    """All feeds at one moment. `loaded_at` names every feed that was ever loaded, in microseconds since 1970."""

    seq: int
    loaded_at: dict[str, int]
    records: dict[str, list[bytes]]


class FeedStore(Protocol):
    async def put(self, load: Load) -> Loaded:
        """Store all records or none, durably, each in the place of the one with its key. Raises NotRecorded."""
        ...

    async def latest(self) -> int:
        """The number of the latest load."""
        ...

    async def read(self) -> StoredFeeds:
        """Everything that holds now."""
        ...
