"""Exceptions (例外): findings that an area or a hospital has decided not to be shown, with a reason and an end date.

An excepted finding is still made and stored; it is only not put before the doctor.
"""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from app.domain.line import Line


class RuleException(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of `exceptions.csv`. A blank `point` or `department` means any. Both dates are included."""

    rule: str
    start: date
    end: date
    reason: str
    approved_by: str
    point: str = ""
    department: str = ""
    area: str = ""
    facility: str = ""

    def covers(self, point: str, lines: Iterable[Line]) -> bool:
        """Whether it holds for a finding of this point whose lines at fault are these, all of them."""
        return self.point in ("", point) and all(
            self.start <= line.service_date <= self.end and self.department in ("", line.department) for line in lines
        )
