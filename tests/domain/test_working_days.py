from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.working_days import WEEKENDS_ONLY, WorkingCalendar, day_of
from app.knowledge.calendar_file import read_calendar

FILE = Path(__file__).parents[2] / "rules" / "calendar" / "holidays.csv"
CALENDAR = read_calendar(FILE, FILE.read_bytes())
DAYS = st.dates(date(2024, 12, 1), date(2027, 3, 31))


def _works(day: date) -> bool:
    """The same question, asked of the file's text."""
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith(day.isoformat()):
            return ",work," in line
    return day.strftime("%a") not in {"Sat", "Sun"}


@pytest.mark.parametrize(
    ("year", "off", "work", "working"),
    [(2025, 28, 5, 248), (2026, 33, 6, 248)],  # 248: the 365 days less weekends, and 13 holidays by law
)
def test_the_year_has_the_days_of_its_notice(year: int, off: int, work: int, working: int) -> None:
    assert sum(day.year == year for day in CALENDAR.off) == off
    assert sum(day.year == year for day in CALENDAR.work) == work
    first = date(year, 1, 1)
    assert sum(CALENDAR.is_working(first + timedelta(days=number)) for number in range(365)) == working


@pytest.mark.parametrize(
    ("day", "count", "last"),
    [
        (date(2026, 9, 18), 1, date(2026, 9, 20)),  # the Sunday before 国庆 is worked
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # so is the Saturday after
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 14), 5, date(2026, 2, 28)),
        (date(2025, 10, 5), 0, date(2025, 10, 5)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),  # 2027 has no notice yet: 元旦 counts as any Friday
    ],
)
def test_a_time_ends_on_its_last_working_day(day: date, count: int, last: date) -> None:
    assert CALENDAR.after(day, count) == last


@given(DAYS, st.integers(0, 40))
def test_counting_agrees_with_walking_day_by_day(start: date, count: int) -> None:
    day, seen = start, 0
    while seen < count:
        day += timedelta(days=1)
        if _works(day):
            seen += 1
    assert CALENDAR.after(start, count) == day
    assert CALENDAR.left(start, day) == count
    assert CALENDAR.left(day, start) == (0 if day == start else -count)


@given(DAYS, st.integers(0, 40))
def test_before_and_after_undo_each_other_on_working_days(day: date, count: int) -> None:
    last = CALENDAR.after(day, count)
    ahead = CALENDAR.before(last, count)
    if CALENDAR.is_working(day):
        assert ahead == day


def test_a_year_without_notice_is_not_sure() -> None:
    assert CALENDAR.is_sure(date(2025, 1, 1), date(2026, 12, 31))
    assert not CALENDAR.is_sure(date(2026, 12, 31), date(2027, 1, 1))
    assert not WEEKENDS_ONLY.is_sure(date(2026, 1, 1), date(2026, 1, 1))


def test_the_day_is_that_of_china() -> None:
    assert day_of(datetime(2026, 5, 1, 16, 0, tzinfo=UTC)) == date(2026, 5, 2)
    assert day_of(datetime(2026, 5, 1, 15, 59, tzinfo=UTC)) == date(2026, 5, 1)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 working days"):
        WorkingCalendar().after(date(2026, 1, 1), -1)
