"""Overviews of reviews (疑点统计查询): sums by rule, department, practitioner, state or severity, and over time.

They come from the sums that are kept beside the reviews, in whole months where they can; from the reviews themselves
only where no such sum is kept: for a doctor's own patients, and where two of these are asked for at once.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, or_, select

from app.domain.access import Scope
from app.domain.disposition import Action
from app.domain.review import ReviewState
from app.store.packing import microseconds
from app.store.review_codes import ANSWERS, NO_ANSWER, SEVERITIES, STATES, Codes
from app.store.review_counts import DISMISSED, MEASURES, UNDECIDED, Axis, first_moment
from app.store.review_filters import among, within
from app.store.review_tables import review_counts, reviews
from app.store.reviews import Facet, Grain, Overview

_ONE, _CELL = reviews.c, review_counts.c
_COLUMNS = {Axis.RULE: _ONE.rule, Axis.PRACTITIONER: _ONE.practitioner}
_CODED: dict[Axis, tuple[ColumnElement[int], Codes[Any]]] = {
    Axis.STATE: (_ONE.state, STATES),
    Axis.SEVERITY: (_ONE.severity, SEVERITIES),
}
_IS_USED = func.sum(_CELL.total) > 0  # what left a cell leaves zeros behind
_DAY = timedelta(days=1)
_MICROSECONDS_A_DAY = 86_400_000_000
_EAST = 8 * 3_600_000_000  # microseconds that China is ahead
_1970 = date(1970, 1, 1).toordinal()


def facets_asked(wanted: Overview, scope: Scope, by: Axis | None, most: int) -> Select[Any]:
    """Rows as `facet_of` reads them, those with the most findings first."""
    axis = _kept_axis(wanted, scope, by)
    if axis is None:
        key: ColumnElement[Any] = _ONE.facility + "/" + _ONE.department if by is None else _column(by)
        asked = select(key.label("key"), *_sums_of_reviews()).where(*_reviews_within(wanted, scope))
        return asked.group_by(key).order_by(func.count().desc(), key).limit(most)
    key = _CELL.facility + "/" + _CELL.department if by is None else _CELL.key
    asked = select(key.label("key"), *_sums_of_cells()).where(*_cells_within(wanted, scope, axis))
    return asked.group_by(key).having(_IS_USED).order_by(func.sum(_CELL.total).desc(), key).limit(most)


def series_asked(wanted: Overview, scope: Scope) -> Select[Any]:
    """By day, as `in_time` reads them."""
    axis = _kept_axis(wanted, scope, None)
    if axis is None:
        day = (_ONE.first_found_at + _EAST) // _MICROSECONDS_A_DAY
        asked = select(day.label("key"), *_sums_of_reviews()).where(*_reviews_within(wanted, scope))
        return asked.group_by(day)
    spans = [(_number(wanted.first), _number(wanted.last))]
    asked = select(_CELL.period.label("key"), *_sums_of_cells()).where(*_cells_within(wanted, scope, axis, spans))
    return asked.group_by(_CELL.period).having(_IS_USED)


def facet_of(row: Sequence[Any], by: Axis | None) -> Facet:
    key, *sums = row
    if by in _CODED and isinstance(key, int):
        key = _CODED[by][1].value(key).value
    return Facet(str(key), *[int(one or 0) for one in sums])


def in_time(rows: Iterable[Sequence[Any]], grain: Grain) -> list[Facet]:
    found: dict[str, list[int]] = {}
    for period, *sums in rows:
        day = str(period) if period >= 1_000_000 else str(_number(date.fromordinal(_1970 + period)))
        key = day if grain is Grain.DAY else day[:6]
        before = found.get(key, [0] * len(sums))
        found[key] = [one + int(other or 0) for one, other in zip(before, sums, strict=True)]
    return [Facet(key, *found[key]) for key in sorted(found)]


def spans_of(first: date, last: date) -> list[tuple[int, int]]:
    """Periods from and to: whole months as months, what is left at either end as days."""
    start = first if first.day == 1 else _next_month(first)
    end = last + _DAY if (last + _DAY).day == 1 else last.replace(day=1)  # the first day that is in no whole month
    if start >= end:
        return [(_number(first), _number(last))]
    spans = [(_number(start) // 100, _number(end - _DAY) // 100)]
    if first < start:
        spans.append((_number(first), _number(start - _DAY)))
    if end <= last:
        spans.append((_number(end), _number(last)))
    return spans


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _kept_axis(wanted: Overview, scope: Scope, by: Axis | None) -> Axis | None:
    """The sums that tell all of it; None where none do."""
    needed = {axis for axis, some in ((Axis.RULE, wanted.rules), (Axis.PRACTITIONER, wanted.practitioners)) if some}
    if by is not None:
        needed.add(by)
    if scope.practitioner or len(needed) > 1:
        return None
    return next(iter(needed), Axis.SEVERITY)


def _column(by: Axis) -> ColumnElement[Any]:
    return _CODED[by][0] if by in _CODED else _COLUMNS[by]


def _cells_within(
    wanted: Overview, scope: Scope, axis: Axis, spans: list[tuple[int, int]] | None = None
) -> list[ColumnElement[bool]]:
    times = [_CELL.period.between(*one) for one in spans or spans_of(wanted.first, wanted.last)]
    tests = [_CELL.axis == axis.value, or_(*times), _CELL.is_trial.is_(wanted.is_trial)]
    named = {
        _CELL.facility: wanted.facilities,
        _CELL.department: wanted.departments,
        _CELL.key: wanted.rules or wanted.practitioners,
    }
    return tests + [among(column, values) for column, values in named.items() if values] + within(scope, review_counts)


def _reviews_within(wanted: Overview, scope: Scope) -> list[ColumnElement[bool]]:
    low, high = first_moment(_number(wanted.first)), first_moment(_number(wanted.last + _DAY))
    tests = [
        _ONE.first_found_at >= microseconds(low),
        _ONE.first_found_at < microseconds(high),
        _ONE.is_trial.is_(wanted.is_trial),
    ]
    named = {
        _ONE.facility: wanted.facilities,
        _ONE.department: wanted.departments,
        _ONE.rule: wanted.rules,
        _ONE.practitioner: wanted.practitioners,
    }
    return tests + [among(column, values) for column, values in named.items() if values] + within(scope, reviews)


def _sums_of_cells() -> list[ColumnElement[int]]:
    return [cast(func.sum(_CELL[name]), BigInteger).label(name) for name in MEASURES]


def _sums_of_reviews() -> list[ColumnElement[int]]:
    """As review_counts.measures has them for one review."""
    amount = case((_ONE.amount_cents > 0, _ONE.amount_cents), else_=0)
    is_undecided = _ONE.state.in_(STATES.all_of(sorted(UNDECIDED)))
    is_confirmed = _ONE.state.not_in(STATES.all_of(sorted(UNDECIDED | DISMISSED)))
    overriding = ANSWERS.all_of((Action.PROCEED, Action.EXCEPTED))
    tests = {
        "undecided": is_undecided,
        "confirmed": is_confirmed,
        "false_positive": _ONE.state == STATES.of(ReviewState.FALSE_POSITIVE),
        "excepted": _ONE.state == STATES.of(ReviewState.EXCEPTED),
        "lapsed": _ONE.state == STATES.of(ReviewState.LAPSED),
        "overridden": _ONE.answer.in_(overriding),
        "answered": _ONE.answer != NO_ANSWER,
    }
    sums: dict[str, ColumnElement[Any]] = {name: func.sum(case((test, 1), else_=0)) for name, test in tests.items()}
    sums["total"], sums["amount_cents"] = func.count(), func.sum(amount)
    sums["confirmed_cents"] = func.sum(case((is_confirmed, amount), else_=0))
    sums["refund_cents"] = func.sum(_ONE.refund_cents)
    return [cast(sums[name], BigInteger).label(name) for name in MEASURES]
