"""Period (起止日期): the days on which something is in force, both ends included, as FHIR's Period."""

from datetime import date
from typing import Self

import msgspec


class Period(msgspec.Struct, frozen=True, gc=False):
    start: date = date.min
    end: date = date.max

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"the period ends on {self.end}, before it starts on {self.start}")

    def covers(self, day: date) -> bool:
        return self.start <= day <= self.end

    def overlaps(self, other: "Period") -> bool:
        return self.start <= other.end and other.start <= self.end

    def meet(self, other: Self) -> Self | None:
        """The days that both cover, or None where they share no day."""
        if not self.overlaps(other):
            return None
        return type(self)(max(self.start, other.start), min(self.end, other.end))


ALWAYS = Period()
