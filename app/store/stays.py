"""Settled stays (已结算病例存储): each as it was last sent, by facility and id, to be read again page by page."""

from datetime import date
from typing import NamedTuple, Protocol


class StoredStay(NamedTuple):
    """`content` is the stay as JSON."""

    facility: str
    id: str
    department: str
    discharge_date: date
    content: str


class StayFilter(NamedTuple):
    """Which stays; () and None: all of them. Both days are included."""

    facilities: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    discharged_from: date | None = None
    discharged_to: date | None = None


class StayKey(NamedTuple):
    """A stay as the store knows it: what a page ends with, and the next one goes on from."""

    facility: str
    id: str


class StayPage(NamedTuple):
    """`last` is None where no stay is left."""

    contents: list[str]
    last: StayKey | None


class StayStore(Protocol):
    async def put(self, stays: list[StoredStay]) -> None:
        """Store all or none, durably, each in the place of the one with its key. Raises NotRecorded."""
        ...

    async def count(self, wanted: StayFilter) -> int:
        """How many there are. Raises Unavailable."""
        ...

    async def page(self, wanted: StayFilter, after: StayKey | None, size: int) -> StayPage:
        """The next stays in an order that does not change. Raises Unavailable."""
        ...
