"""Patients (虚构患者): each with one sex and one day of birth; nobody is at two places on the same day."""

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from demo.month.hospital import Ward

_FEWEST = 2_000  # so that every ward finds somebody
_VISITS_EACH = 1.4
_CHILDREN = 0.12
_YEAR = 365.25


class Patient(NamedTuple):
    id: str
    sex: str
    born: date


class Patients:
    """Those who come in a month, as many as so many visits have."""

    def __init__(self, visits: int, today: date, draw: Random) -> None:
        self._today, self._draw = today, draw
        self._known = [
            self._made(number, "", (1, 13) if draw.random() < _CHILDREN else (18, 88))
            for number in range(max(_FEWEST, round(visits / _VISITS_EACH)))
        ]
        self._count = len(self._known)
        self._away: dict[str, list[tuple[date, date]]] = {}

    def come(self, ward: Ward, first: date, last: date) -> Patient:
        """Somebody whom this ward treats, and who is nowhere else on these days."""
        while True:
            one = self._draw.choice(self._known)
            days = self._away.setdefault(one.id, [])
            if self._suits(one, ward) and all(last < start or end < first for start, end in days):
                days.append((first, last))
                return one

    def stranger(self, ward: Ward) -> Patient:
        """Somebody who was not here before and does not come again."""
        self._count += 1
        return self._made(self._count, ward.sex, ward.ages)

    def _made(self, number: int, sex: str, ages: tuple[int, int]) -> Patient:
        born = self._today - timedelta(days=round(_YEAR * self._draw.uniform(*ages)))
        return Patient(f"P{number:07}", sex or self._draw.choice(("male", "female")), born)

    def _suits(self, one: Patient, ward: Ward) -> bool:
        years = (self._today - one.born).days / _YEAR
        return ward.sex in ("", one.sex) and ward.ages[0] <= years <= ward.ages[1]
