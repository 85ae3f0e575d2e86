"""Case: look-ups over lines and history, ages and bed days at their boundaries."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.case import Case, age_in_days, age_in_years, stay_days
from app.domain.codes import CodeSet
from app.domain.encounter import Encounter
from app.domain.line import Line

BIRTHS = st.dates(date(1920, 1, 1), date(2026, 1, 1))


def encounter(**fields: Any) -> Encounter:
    written = {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P"}, **fields}
    return msgspec.convert(written, Encounter, strict=False)


def line(id: str, code: str, day: str = "2026-03-01", **fields: Any) -> dict[str, Any]:
    return {"id": id, "item_code": code, "service_date": day, **fields}


def ids(lines: list[Any]) -> list[str]:
    return [one.id for one in lines]


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("2008-03-10", "2026-03-09", 17),
        ("2008-03-10", "2026-03-10", 18),
        ("2026-03-10", "2026-03-10", 0),
        ("2024-02-29", "2025-02-28", 0),
        ("2024-02-29", "2025-03-01", 1),
        ("2024-02-29", "2028-02-28", 3),
        ("2024-02-29", "2028-02-29", 4),
        ("2025-12-31", "2026-01-01", 0),
    ],
)
def test_age_in_years_at_birthdays(birth: str, day: str, age: int) -> None:
    assert age_in_years(date.fromisoformat(birth), date.fromisoformat(day)) == age


@given(BIRTHS, st.integers(0, 36_000))
def test_age_rises_by_one_at_most_once_a_day_and_never_falls(birth: date, days: int) -> None:
    day = birth + timedelta(days=days)
    step = age_in_years(birth, day + timedelta(days=1)) - age_in_years(birth, day)
    assert step in (0, 1)
    assert age_in_days(birth, day) == days


@given(BIRTHS.filter(lambda day: (day.month, day.day) != (2, 29)), st.integers(1, 70))
def test_age_changes_on_the_birthday_itself(birth: date, years: int) -> None:
    birthday = birth.replace(year=birth.year + years)
    assert age_in_years(birth, birthday) == years
    assert age_in_years(birth, birthday - timedelta(days=1)) == years - 1


@pytest.mark.parametrize(
    ("start", "end", "until", "days"),
    [
        ("2026-03-01T09:00:00", "2026-03-05T10:00:00", None, 4),
        ("2026-03-01T00:00:00", "2026-03-01T23:59:00", None, 1),
        ("2026-03-01T23:59:00", "2026-03-02T00:01:00", None, 1),
        ("2024-02-28T09:00:00", "2024-03-01T09:00:00", None, 2),
        ("2026-03-01T09:00:00", None, "2026-03-04", 3),
        ("2026-03-01T09:00:00", "2026-03-03T09:00:00", "2026-03-09", 2),
        ("2026-03-05T09:00:00", None, "2026-03-01", 1),
        ("2026-03-01T09:00:00", None, None, None),
        (None, "2026-03-05T10:00:00", None, None),
        (None, None, "2026-03-05", None),
    ],
)
def test_stay_days(start: str | None, end: str | None, until: str | None, days: int | None) -> None:
    stay = encounter(start_at=start, end_at=end)
    assert stay_days(stay, date.fromisoformat(until) if until else None) == days


def test_lines_are_found_by_code_in_order_of_day_and_then_as_sent() -> None:
    case = Case(
        encounter(
            charge_lines=[
                line("L1", "A", "2026-03-03"),
                line("L2", "A", "2026-03-01"),
                line("L3", "B", "2026-03-02"),
                line("L4", "A", "2026-03-01"),
            ]
        )
    )
    assert ids(case.lines_of(CodeSet(["A"]))) == ["L2", "L4", "L1"]
    assert ids(case.lines_of(CodeSet(["A", "B"]))) == ["L2", "L4", "L3", "L1"]
    assert ids(case.lines_of(CodeSet(["*"]))) == ["L2", "L4", "L3", "L1"]
    assert not case.lines_of(CodeSet(["C"]))


def day_of(line: Line) -> date:
    return line.service_date


def test_lines_that_share_a_key_form_a_group() -> None:
    case = Case(
        encounter(charge_lines=[line("L1", "A"), line("L2", "B"), line("L3", "A", "2026-03-09"), line("L4", "C")])
    )
    codes = CodeSet(["A", "B"])
    assert ids(case.group_of(case.lines[0], codes, day_of)) == ["L1", "L2"]
    assert ids(case.group_of(case.lines[2], codes, day_of)) == ["L3"]


def test_the_history_leaves_out_the_encounter_itself() -> None:
    past = (
        encounter(charge_lines=[line("L1", "A")]),
        encounter(id="E0", charge_lines=[line("L1", "A", "2026-01-05")]),
        encounter(facility={"id": "G"}, charge_lines=[line("L1", "A", "2026-01-01")]),
    )
    case = Case(encounter(charge_lines=[line("L1", "A")]), history=past)
    assert [one.service_date.isoformat() for one in case.past_lines_of(CodeSet(["A"]))] == ["2026-01-01", "2026-01-05"]


def test_an_earlier_encounter_that_was_sent_twice_counts_once_as_last_sent() -> None:
    first = encounter(id="E0", charge_lines=[line("L1", "A", "2026-01-05"), line("L2", "A", "2026-01-06")])
    again = encounter(id="E0", charge_lines=[line("L1", "A", "2026-01-05")])
    assert ids(Case(encounter(), history=(first, again)).past_lines_of(CodeSet(["A"]))) == ["L1"]


def test_no_history_and_an_unknown_one_hold_no_lines() -> None:
    for history in (None, ()):
        assert Case(encounter(), history=history).past_lines_of(CodeSet(["*"])) == []


def test_a_line_without_a_prescription_stands_alone() -> None:
    case = Case(
        encounter(
            charge_lines=[
                line("L1", "A", prescription_id="R1"),
                line("L2", "B"),
                line("L3", "C", prescription_id="R1"),
                line("L4", "D"),
            ]
        )
    )
    assert [ids(case.prescription_of(one)) for one in case.lines] == [["L1", "L3"], ["L2"], ["L1", "L3"], ["L4"]]


def test_blank_codes_are_no_codes() -> None:
    case = Case(encounter(diagnoses=[{"name": "头痛"}, {"code": "R51"}], procedures=[{"name": "x"}, {"code": "47.0"}]))
    assert case.diagnosis_codes == ("R51",)
    assert case.procedure_codes == ("47.0",)
