"""Dispositions (处理记录): every one is kept; the latest of a finding is what holds."""

from datetime import datetime
from typing import NamedTuple, Protocol

from app.domain.disposition import Disposition


class Recorded(NamedTuple):
    """What became of one disposition: `is_known` whether the finding was made here; `earlier` what held before it."""

    is_known: bool
    earlier: Disposition | None


class Dispositions(Protocol):
    async def append(self, dispositions: list[Disposition], *, caller: str, at: datetime) -> list[Recorded]:
        """Store all or none, durably. What the same caller says again while it holds is not stored twice."""
        ...

    async def latest(self, findings: list[str], caller: str = "") -> dict[str, Disposition]:
        """What holds for each of the findings, or what the caller said last; those without a disposition are absent."""
        ...
