"""Stretches: on every day exactly the checks that hold then, in the order given."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.engine.stretch import in_force, stretches

_FIRST = date(2026, 1, 1)
_days = st.integers(0, 20).map(lambda days: _FIRST + timedelta(days=days))
_periods = st.tuples(_days | st.just(date.min), _days | st.just(date.max)).filter(lambda two: two[0] <= two[1])


def _bound(periods: list[tuple[date, date]]) -> list[Any]:
    """Checks and origins are opaque here: numbers and names stand for them."""
    return [(start, end, number, f"origin {number}") for number, (start, end) in enumerate(periods)]


@given(st.lists(_periods, max_size=6), _days | st.sampled_from([date.min, date.max]))
def test_a_day_has_the_checks_whose_period_covers_it(periods: list[tuple[date, date]], day: date) -> None:
    found = list(in_force(stretches(_bound(periods), {}), day))
    covering = [number for number, (start, end) in enumerate(periods) if start <= day <= end]
    assert found == [(number, f"origin {number}") for number in covering]


def test_no_checks_are_no_stretch() -> None:
    assert stretches([], {}) is None


def test_equal_days_are_one_object() -> None:
    days: dict[date, date] = {}
    first = stretches(_bound([(date(2026, 1, 1), date.max)]), days)
    second = stretches(_bound([(date(2026, 1, 1), date.max)]), days)
    assert first is not None
    assert second is not None
    assert first.start is second.start
