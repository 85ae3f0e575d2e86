"""Record a disposition (记录处理结果): what a doctor or clerk did about findings, whichever interface says it."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from app.domain.disposition import Disposition
from app.store.dispositions import Dispositions, Recorded


class Outcome(StrEnum):
    """What became of a disposition; each one is stored, but for a repeated one, which is stored already."""

    RECORDED = "recorded"
    REPEATED = "repeated"  # it says again what holds
    CHANGED = "changed"  # it contradicts an earlier one, which it replaces; both stay on record
    UNKNOWN_FINDING = "unknown_finding"  # no such finding was made here


class DispositionRecorder:
    def __init__(self, store: Dispositions, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now

    async def record(self, dispositions: list[Disposition], *, caller: str) -> list[Outcome]:
        """Store all of them, durably, in order. Raises NotRecorded."""
        recorded = await self._store.append(dispositions, caller=caller, at=self._now())
        return [_outcome(one, result) for one, result in zip(dispositions, recorded, strict=True)]

    async def latest(self, findings: list[str], caller: str = "") -> dict[str, Disposition]:
        """What holds for each of these findings, or what the caller said of them last."""
        return await self._store.latest(findings, caller)


def _outcome(disposition: Disposition, recorded: Recorded) -> Outcome:
    if not recorded.is_known:
        return Outcome.UNKNOWN_FINDING
    if recorded.earlier is None:
        return Outcome.RECORDED
    return Outcome.REPEATED if recorded.earlier == disposition else Outcome.CHANGED
