"""Keep history (积累既往明细): take in past claims that were not audited here; withdraw lines that count no more."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from app.application.commit_together import CommitTogether
from app.application.patient_history import to_keep
from app.domain.encounter import Encounter
from app.store.history import HistoryStore, HistoryWrite

_BATCH = 256  # encounters of one commit


class Kept(msgspec.Struct, frozen=True):
    """What was taken in of one encounter."""

    facility: str
    encounter: str
    order_lines: int
    charge_lines: int


class HistoryKeeper:
    """Whatever comes again takes its own place."""

    def __init__(self, store: HistoryStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now
        self._together: CommitTogether[HistoryWrite] = CommitTogether(lambda writes: self._store.put(writes), _BATCH)

    async def keep(self, encounter: Encounter) -> Kept:
        """Returns when it is durable; raises NotRecorded where it could not be written."""
        await self._together.add(to_keep(encounter, self._now().date()))
        return Kept(encounter.facility.id, encounter.id, len(encounter.order_lines), len(encounter.charge_lines))

    async def withdraw(self, facility: str, encounter: str, line: str, *, caller: str) -> bool:
        """The line counts no more; False where no such line was ever told. Durable. Raises NotRecorded."""
        return await self._store.withdraw(facility, encounter, line, caller=caller, at=self._now())
