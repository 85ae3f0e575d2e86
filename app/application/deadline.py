"""Deadline (时限): until when an answer must be given, and how much of the time each step may take.

At order entry a doctor waits: the past gets at most 40 % of the time, the database what remains but for the last 30 %,
in which the record goes to the local spool if the database has not taken it.
"""

import time
from contextvars import ContextVar
from typing import NamedTuple

from app.domain.decision import Stage

LONGEST_MS = 1000
SHORTEST_MS = 10
FAIR = 0.05  # seconds; who waits less says nothing about the health of what it waited for
_HISTORY_SHARE, _SPOOL_SHARE = 0.4, 0.3
_PATIENCE = 10.0  # seconds that a line of a bulk request may take


SHED: ContextVar[bool] = ContextVar("mingjian.shed", default=False)  # of the request that is being answered


class Deadline(NamedTuple):
    """`due` on the monotonic clock; `seconds` is the whole time; `may_spool`: the local spool may hold the record."""

    due: float
    seconds: float
    may_spool: bool = True
    is_shed: bool = False  # there is no room for it: it is answered unjudged, and audited later

    def for_judging(self) -> float:
        """Until when on the monotonic clock rules may be judged; what is left then is for the record."""
        return self.due - self.seconds * _SPOOL_SHARE

    def for_history(self) -> float:
        """Seconds from now in which the past must be there; none left where it is negative."""
        return self.due - self.seconds * (1 - _HISTORY_SHARE) - time.monotonic()

    def for_record(self) -> float:
        """Seconds from now in which the database must have taken the record; some are left even when it is late."""
        left = self.due - self.seconds * _SPOOL_SHARE - time.monotonic()
        return max(left, self.seconds * _SPOOL_SHARE)


class Deadlines:
    def __init__(self, ordering_ms: int = 150) -> None:
        self._ordering_ms = ordering_ms

    def of(self, stage: Stage, started: float, asked_ms: int | None = None) -> Deadline:
        """The deadline of one audit that began to arrive at `started`: what the caller asks for, or what is usual."""
        usual = self._ordering_ms if stage is Stage.ORDERING else LONGEST_MS
        seconds = min(asked_ms or usual, LONGEST_MS) / 1000
        return Deadline(started + seconds, seconds, is_shed=SHED.get())

    def of_bulk(self, started: float) -> Deadline:
        """Nobody waits for a single line: it may take its time, and is sent again where the database is gone."""
        return Deadline(started + _PATIENCE, _PATIENCE, may_spool=False)
