"""The days and the principal diagnosis of an encounter."""

from datetime import date, datetime

import pytest

from app.domain.case import Case
from app.engine.stays import are_all_coded, first_day, last_day, principal_diagnosis
from tests.engine.kinds.build import encounter, line, order

DAYS = [date(2026, 3, day) for day in range(1, 10)]
LINES = (line("b", "A", DAYS[5]), order("o", "A", DAYS[1]), line("a", "A", DAYS[3]))


@pytest.mark.parametrize(
    ("start", "end", "lines", "days"),
    [
        (2, 4, LINES, (2, 4)),
        (2, None, LINES, (2, 5)),
        (7, None, LINES, (7, 7)),
        (None, None, LINES, (1, 5)),
        (2, None, (), (2, 2)),
        (None, 4, LINES, (1, 4)),
        (None, None, (), (None, None)),
    ],
)
def test_days(start, end, lines, days):
    given = {"start_at": start, "end_at": end}
    times = {name: datetime(2026, 3, 1 + number, 23, 59) for name, number in given.items() if number is not None}  # noqa: DTZ001
    one = encounter(*lines, **times)
    assert (first_day(one), last_day(one)) == tuple(None if number is None else DAYS[number] for number in days)


@pytest.mark.parametrize(
    ("diagnoses", "found"),
    [
        ([], ""),
        ([{"code": "J06.900"}], "J06.900"),
        ([{"code": "J06.900"}, {"code": "K35.800"}], ""),
        ([{"code": "J06.900"}, {"code": "K35.800", "is_principal": True}], "K35.800"),
        ([{"code": "阑尾炎", "is_principal": True}], ""),
        (
            [
                {"code": "J06.900", "is_principal": True, "use": "admission"},
                {"code": "K35.800", "is_principal": True, "use": "discharge"},
                {"code": "I10.x00", "is_principal": True},
            ],
            "K35.800",
        ),
        ([{"code": "J06.900", "is_principal": True, "use": "admission"}, {"code": "I10.x00"}], "J06.900"),
    ],
)
def test_principal_diagnosis(diagnoses, found):
    assert principal_diagnosis(encounter(diagnoses=diagnoses)) == found


@pytest.mark.parametrize(("codes", "is_so"), [([], False), (["J06.900"], True), (["J06.900", "感冒"], False)])
def test_are_all_coded(codes, is_so):
    assert are_all_coded(Case(encounter(diagnoses=[{"code": code} for code in codes]))) is is_so
