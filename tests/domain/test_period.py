"""Period: both ends are in it, the days beside them are not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.period import ALWAYS, Period

DAY = timedelta(days=1)
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(DAYS)
    return Period(start, start + timedelta(days=draw(st.integers(0, 800))))


@given(periods())
def test_covers_its_first_and_last_day_and_neither_neighbour(period: Period) -> None:
    assert period.covers(period.start)
    assert period.covers(period.end)
    assert not period.covers(period.start - DAY)
    assert not period.covers(period.end + DAY)


@given(periods(), periods(), DAYS)
def test_meet_covers_what_both_cover(one: Period, other: Period, day: date) -> None:
    common = one.meet(other)
    assert (common is not None) == one.overlaps(other) == other.overlaps(one)
    assert (common is not None and common.covers(day)) == (one.covers(day) and other.covers(day))


@given(periods())
def test_periods_that_only_touch_do_not_overlap_the_day_after(period: Period) -> None:
    after = Period(period.end + DAY, period.end + 2 * DAY)
    assert not period.overlaps(after)
    assert period.meet(after) is None
    assert period.overlaps(Period(period.end, period.end + DAY))


@given(DAYS)
def test_always_covers_every_day(day: date) -> None:
    assert ALWAYS.covers(day)
    assert ALWAYS.covers(date.min)
    assert ALWAYS.covers(date.max)


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(ValueError, match="ends on 2026-01-01, before it starts on 2026-01-02"):
        Period(date(2026, 1, 2), date(2026, 1, 1))
