"""Record reads (查阅留痕): who looked at which patients' records, when and what for, in the trail.

Every use case that shows people records of identified patients calls it before it answers: what cannot be recorded is
not shown.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from app.domain.access import Caller
from app.store.trail import TrailStore
from app.trail.entry import Details, Kind, TrailEntry, seal

_MOST_NAMED = 1000  # patients of one read; the entry tells how many there were


class ReadRecorder:
    def __init__(
        self,
        trail: TrailStore,
        lookup: Callable[[str], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`lookup` gives what stands for a patient."""
        self._trail, self._lookup, self._now = trail, lookup, now

    async def record_read(
        self, caller: Caller, what: str, *, rows: int, patients: Iterable[str], purpose: str = "", subject: str = ""
    ) -> None:
        """`what`: the operation, as `GET /v1/findings`; `subject`: the id of the one thing that was read, where it was
        one; `patients`: their ids, as they were sent. Durable when it returns. Raises NotRecorded.
        """
        keys = sorted({str(self._lookup(one)) for one in patients})  # msgspec writes no kind of str but str
        details: Details = {"what": what, "rows": rows, "patients": len(keys)}
        private = msgspec.json.encode({"purpose": purpose, "patients": keys[:_MOST_NAMED]})
        entry = TrailEntry(
            kind=Kind.READ, subject=subject, at=self._now(), actor=caller.id, details=details, private=private
        )
        await self._trail.append([seal(entry)])
