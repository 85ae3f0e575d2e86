"""Erasure (删除个人信息): the only thing in this package that takes content away, and never without an entry."""

from collections.abc import Sequence
from typing import Protocol

from app.trail.entry import Sealed


class ErasableStore(Protocol):
    async def audits_of(self, patient: str, facility: str) -> list[str]:
        """Ids of the audits of a patient that hold anything yet; they are known by the patient's history."""
        ...

    async def audits_before(self, microseconds: int, limit: int) -> list[str]:
        """Ids of audits older than that, which hold anything yet; the oldest first."""
        ...

    async def erase(self, audits: Sequence[str], entries: Sequence[Sealed]) -> None:
        """The contents of these audits; the entries tell of it, in the same transaction. Raises NotRecorded."""
        ...

    async def erase_history(self, patient: str, facility: str) -> int:
        """Every encounter of the patient in the facility, with its lines; how many there were. Raises NotRecorded."""
        ...
