"""Patient history (患者既往明细): the lines of all encounters as they stand now, keyed by facility, encounter and line.

A line that is sent again takes the place of its earlier version, and one that is withdrawn counts no more until it is
sent again. An order counts until a charge of its encounter carries it out. Which encounters a caller may see together
is the application's business: the store is told the facilities.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

HistoryLine = tuple[str, str, str, bool, str, str]
# line id, service date (ISO), item code, is a charge, the order that it carries out or "", the line as JSON


class HistoryWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one message says of an encounter. `header` is the encounter as JSON, without lines. Lines it does not name
    stay as they are.
    """

    facility: str
    encounter: str
    patient: str
    header: str
    month: int  # YYYYMM, of the encounter's first day: where its rows are kept, once and for all
    last_date: str  # ISO: the latest day that the message tells of
    has_death: bool
    lines: list[HistoryLine]


class HistoryQuery(NamedTuple):
    """What one audit needs of the past: all lines of its own encounter that are not withdrawn (orders that a charge
    carries out too: the request may say otherwise), and of the patient's others

    - header and service dates of those that reach into the time since `dates_since`, and of every one with a death;
    - lines since `since` whose item code is one of `codes` or begins with one of `prefixes` ("" is every item).

    The two days are told as seen from `first`, the first day that the request tells of. Where a line of the own
    encounter lies before it, both move back by as many days (`seen_from`).
    """

    facility: str
    encounter: str
    patient: str
    facilities: tuple[str, ...]  # that share their history, the asking one among them
    dates_since: date | None = None
    since: date | None = None
    codes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    first: date | None = None

    @property
    def earliest(self) -> date | None:
        """From which day other encounters matter; None: none do."""
        return min([day for day in (self.dates_since, self.since) if day is not None], default=None)

    def seen_from(self, day: date | None) -> "HistoryQuery":
        """The query where the own encounter's stored lines begin on this day."""
        if day is None or self.first is None or day >= self.first:
            return self
        moved = (self.first - day).days
        dates_since, since = (
            None if one is None else one - timedelta(days=min(moved, (one - date.min).days))
            for one in (self.dates_since, self.since)
        )
        return self._replace(dates_since=dates_since, since=since, first=day)


class StoredEncounter(msgspec.Struct, frozen=True, kw_only=True):
    """One encounter as far as it was asked for; one of which nothing was may be left out. `dates` are the days of all
    lines that count, where asked for.
    """

    facility: str
    encounter: str
    header: str
    orders: list[str]
    charges: list[str]
    dates: list[date]


class HistoryStore(Protocol):
    async def fetch(self, query: HistoryQuery) -> list[StoredEncounter]:
        """In one round trip; ordered by facility and encounter, lines by service date and id. Raises Unavailable."""
        ...

    async def put(self, writes: list[HistoryWrite]) -> None:
        """Store all or none, durably. Raises NotRecorded."""
        ...

    async def withdraw(self, facility: str, encounter: str, line: str, *, caller: str, at: datetime) -> bool:
        """The line counts no more; False where there is no such line. Durable. Raises NotRecorded."""
        ...


class Unavailable(Exception):
    """The past cannot be read now; whoever asks goes on without."""
