"""Codes of reviews (复核枚举编码): the numbers that stand for values in the tables. No number is ever given anew; those
of severities are in their order, as they are sorted by.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import ReviewState

E = TypeVar("E", bound=StrEnum)


class Codes(Generic[E]):
    def __init__(self, codes: Mapping[E, int]) -> None:
        self.codes, self._values = dict(codes), {code: value for value, code in codes.items()}

    def of(self, value: E) -> int:
        return self.codes[value]

    def all_of(self, values: Iterable[E]) -> list[int]:
        return [self.codes[one] for one in values]

    def value(self, code: int) -> E:
        return self._values[code]


STATES = Codes(
    {
        ReviewState.OPEN: 1,
        ReviewState.LAPSED: 2,
        ReviewState.IN_REVIEW: 3,
        ReviewState.AWAITING_SECOND: 4,
        ReviewState.CONFIRMED: 5,
        ReviewState.FALSE_POSITIVE: 6,
        ReviewState.EXCEPTED: 7,
        ReviewState.FIRST_APPEAL: 8,
        ReviewState.FIRST_REJECTED: 9,
        ReviewState.SECOND_APPEAL: 10,
        ReviewState.SECOND_REJECTED: 11,
        ReviewState.FINAL_APPEAL: 12,
        ReviewState.RECTIFYING: 13,
        ReviewState.RECTIFIED: 14,
        ReviewState.CLOSED: 15,
    }
)
SEVERITIES = Codes({Severity.DEFINITE: 3, Severity.HIGHLY_SUSPECT: 2, Severity.SLIGHTLY_SUSPECT: 1})
STAGES = Codes({Stage.ORDERING: 1, Stage.SETTLING: 2, Stage.SETTLED: 3})
INSURANCE_TYPES = Codes(
    {
        InsuranceType.UNKNOWN: 0,
        InsuranceType.EMPLOYEE: 1,
        InsuranceType.RESIDENT: 2,
        InsuranceType.WORK_INJURY: 3,
        InsuranceType.MATERNITY: 4,
        InsuranceType.OTHER: 5,
        InsuranceType.NONE: 6,
    }
)
CARE_TYPES = Codes(
    {
        CareType.UNKNOWN: 0,
        CareType.OUTPATIENT: 1,
        CareType.CHRONIC_OUTPATIENT: 2,
        CareType.EMERGENCY: 3,
        CareType.INPATIENT: 4,
        CareType.DAY_CASE: 5,
        CareType.PHARMACY: 6,
        CareType.INTERNET: 7,
    }
)
ANSWERS = Codes({Action.PROCEED: 1, Action.REVISE: 2, Action.EXCEPTED: 3})
NO_ANSWER = 0

# How many values each part of a kind has room for. A kind is these parts as one number, by which reviews are found that
# fit several filters of few values each; were there more values one day, all kinds would have to be counted anew.
_ROOM = {"severity": 4, "stage": 4, "insurance_type": 8, "care_type": 8, "answer": 4, "is_trial": 2}
KIND_PARTS = tuple(_ROOM)


def kind_of(row: Mapping[str, int]) -> int:
    kind = 0
    for name, room in _ROOM.items():
        kind = kind * room + row[name]
    return kind


def has_room() -> bool:
    """Whether every value has its place in a kind."""
    codes: dict[str, Codes[Any]] = {
        "severity": SEVERITIES, "stage": STAGES, "insurance_type": INSURANCE_TYPES, "care_type": CARE_TYPES,
        "answer": ANSWERS,
    }  # fmt: skip
    return all(max(one.codes.values()) < _ROOM[name] for name, one in codes.items())
