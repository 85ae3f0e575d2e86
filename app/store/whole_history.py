"""A patient's whole history (患者全部既往明细), for those who keep a copy of it."""

from datetime import date
from typing import Protocol

import msgspec

from app.store.history import HistoryLine


class WholeEncounter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One encounter as it is stored, with every line that is not withdrawn, in no order."""

    facility: str
    encounter: str
    header: str
    last_date: str  # ISO
    has_death: bool
    lines: list[HistoryLine]


class WholeHistory(Protocol):
    async def read(
        self, patient: str, facilities: tuple[str, ...], since: date, most: int
    ) -> list[WholeEncounter] | None:
        """The patient's encounters in these facilities that reach into the time since that day, and those with a death,
        all as of one moment, which is not before the call; None where they have more than `most` lines. Raises
        Unavailable.
        """
        ...
