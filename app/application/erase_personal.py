"""Erase what identifies people (个人信息删除): at the end of its retention, or because the law asks for it.

What the trail commits to is erased with its salt: the tree stays whole, and the entry tells nothing any more. That
something was erased, when, why and by whom, is an entry itself.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.store.erasure import ErasableStore
from app.trail.entry import Kind, Sealed, TrailEntry, seal

_AT_ONCE = 500
LEAST_DAYS = 180  # 网络安全法: logs are kept for six months at least


class Erased(NamedTuple):
    """How many held anything. Of findings it is what was said about them, not that they were made."""

    audits: int
    encounters: int
    findings: int = 0


class Eraser:
    def __init__(self, store: ErasableStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now

    async def erase_patient(self, patient: str, facility: str, *, caller: str, reason: str) -> Erased:
        """Everything that is kept of the patient in this facility: history, the contents of audits, and what was said
        about findings.
        """
        audits = await self._store.audits_of(patient, facility)
        await self._erase(audits, caller, reason)
        findings = await self._store.erase_findings(patient, facility, lambda one: self._entry(one, caller, reason))
        return Erased(len(audits), await self._store.erase_history(patient, facility), findings)

    async def erase_before(self, day: datetime, *, caller: str) -> Erased:
        """The contents of audits of before that day. Raises ValueError for a day of the last six months."""
        if (self._now() - day).days < LEAST_DAYS:
            raise ValueError(f"logs are kept for {LEAST_DAYS} days at least (网络安全法); give an earlier day")
        count = 0
        while audits := await self._store.audits_before(int(day.timestamp() * 1_000_000), _AT_ONCE):
            await self._erase(audits, caller, "retention")
            count += len(audits)
        return Erased(count, 0)

    async def erase_audits(self, audits: Sequence[str], *, caller: str, reason: str) -> None:
        """The contents of these audits. Raises NotRecorded."""
        await self._erase(audits, caller, reason)

    async def _erase(self, audits: Sequence[str], caller: str, reason: str) -> None:
        for start in range(0, len(audits), _AT_ONCE):
            some = audits[start : start + _AT_ONCE]
            await self._store.erase(some, [self._entry(one, caller, reason) for one in some])

    def _entry(self, subject: str, caller: str, reason: str) -> Sealed:
        details = {"reason": reason}
        return seal(TrailEntry(kind=Kind.ERASED, subject=subject, at=self._now(), actor=caller, details=details))
