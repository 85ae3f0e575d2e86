"""Overviews of reviews (疑点统计查询): sums by rule, department, practitioner, state or severity, and over time.

They come from the sums that are kept beside the reviews, in whole months where they can; from the reviews themselves
only where no such sum is kept: for a doctor's own patients, and where two of these are asked for at once.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, or_, select

from app.domain.access import Scope
from app.domain.disposition import Action
from app.domain.review import ReviewState
from app.store.packing import microseconds
from app.store.review_codes import ANSWERS, NO_ANSWER, SEVERITIES, STATES, Codes
from app.store.review_counts import BY_RULE_WHOLE, BY_STATE_WHOLE, DISMISSED, MEASURES, UNDECIDED, Axis, first_moment
from app.store.review_filters import among, within
from app.store.review_tables import review_counts, reviews
from app.store.reviews import Facet, Grain, Overview

_ONE, _CELL = reviews.c, review_counts.c
_COLUMNS = {Axis.RULE: _ONE.rule, Axis.PRACTITIONER: _ONE.practitioner}
_CODED: dict[Axis, tuple[ColumnElement[int], Codes[Any]]] = {
    Axis.STATE: (_ONE.state, STATES),
    Axis.SEVERITY: (_ONE.severity, SEVERITIES),
}
_DAY = timedelta(days=1)
_MICROSECONDS_A_DAY = 86_400_000_000
_EAST = 8 * 3_600_000_000  # microseconds that China is ahead
_1970 = date(1970, 1, 1).toordinal()
_FIRST_MONTH = 100_000  # what is less is a day's number since 1970, what is more a month or a day as it is written


def facets_asked(wanted: Overview, scope: Scope, by: Axis | None, most: int) -> Select[Any]:
    """Rows as `facet_of` reads them, those with the most findings first."""
    axis = _kept_axis(wanted, scope, by)
    if axis is None:
        key: ColumnElement[Any] = _ONE.facility + "/" + _ONE.department if by is None else _column(by)
        asked = select(key.label("key"), *_sums_of_reviews()).where(*_reviews_within(wanted, scope))
        return asked.group_by(key).order_by(func.count().desc(), key).limit(most)
    key = _CELL.facility + "/" + _CELL.department if by is None else _CELL.key
    kept = axis.value if by is None else _whole(wanted, scope, axis)
    spans = _spans(wanted)
    asked = select(key.label("key"), *_sums_of_cells(spans))
    asked = asked.where(*_cells_within(wanted, scope, kept, spans)).group_by(key)
    total = func.sum(signed(_CELL.total, spans))
    return asked.having(total > 0).order_by(total.desc(), key).limit(most)  # what left a cell leaves zeros behind


def series_asked(wanted: Overview, scope: Scope, grain: Grain) -> Select[Any]:
    """By day, or by month and the days beside whole months, as `in_time` reads them."""
    axis = _kept_axis(wanted, scope, None)
    if axis is None:
        day = (_ONE.first_found_at + _EAST) // _MICROSECONDS_A_DAY
        asked = select(day.label("key"), *_sums_of_reviews()).where(*_reviews_within(wanted, scope))
        return asked.group_by(day)
    kept = _whole(wanted, scope, Axis.STATE if axis is Axis.SEVERITY else axis)  # either adds up to all
    spans = [Span(_number(wanted.first), _number(wanted.last))] if grain is Grain.DAY else _spans(wanted)
    asked = select(_CELL.period.label("key"), *_sums_of_cells(spans))
    return asked.where(*_cells_within(wanted, scope, kept, spans)).group_by(_CELL.period)


def facet_of(row: Sequence[Any], by: Axis | None) -> Facet:
    key, *sums = row
    if by in _CODED and isinstance(key, int):
        key = _CODED[by][1].value(key).value
    return Facet(str(key), *[int(one or 0) for one in sums])


def in_time(rows: Iterable[Sequence[Any]], grain: Grain) -> list[Facet]:
    found: dict[str, list[int]] = {}
    for period, *sums in rows:
        day = str(period) if period >= _FIRST_MONTH else str(_number(date.fromordinal(_1970 + period)))
        key = day if grain is Grain.DAY else day[:6]
        before = found.get(key, [0] * len(sums))
        found[key] = [one + int(other or 0) for one, other in zip(before, sums, strict=True)]
    return [Facet(key, *found[key]) for key in sorted(found) if any(found[key])]


class Span(NamedTuple):
    """Periods from and to; what they hold is taken away again where `is_over`."""

    first: int
    last: int
    is_over: bool = False


def spans_of(first: date, last: date) -> list[Span]:
    """Whole months as months; of one at either end its days, or the month less the other days, if they are fewer."""
    months, days, start = list[int](), list[Span](), first.replace(day=1)
    while start <= last:
        end = _next_month(start) - _DAY
        low, high = max(first, start), min(last, end)
        outside = [one for one in ((start, low - _DAY), (high + _DAY, end)) if one[0] <= one[1]]
        if (high - low).days < sum([(some[1] - some[0]).days + 1 for some in outside]):
            days.append(Span(_number(low), _number(high)))
        else:
            months.append(_number(start) // 100)
            days += [Span(_number(one), _number(other), is_over=True) for one, other in outside]
        start = end + _DAY
    return [*([Span(months[0], months[-1])] if months else []), *days]


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


def _whole(wanted: Overview, scope: Scope, axis: Axis) -> int:
    """The sums of whole facilities, where these do."""
    is_whole = not wanted.departments and scope.campuses is None and scope.departments is None
    return {Axis.RULE: BY_RULE_WHOLE, Axis.STATE: BY_STATE_WHOLE}.get(axis, axis.value) if is_whole else axis.value


def _column(by: Axis) -> ColumnElement[Any]:
    return _CODED[by][0] if by in _CODED else _COLUMNS[by]


def _cells_within(wanted: Overview, scope: Scope, kept: int, spans: Sequence[Span]) -> list[ColumnElement[bool]]:
    times = [_CELL.period.between(one.first, one.last) for one in spans]
    tests = [_CELL.axis == kept, or_(*times), _CELL.is_trial.is_(wanted.is_trial)]
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


def _spans(wanted: Overview) -> list[Span]:
    return spans_of(wanted.first, wanted.last)


def signed(amount: ColumnElement[int], spans: Sequence[Span]) -> ColumnElement[int]:
    """What a cell adds to the sum of these spans."""
    over = [_CELL.period.between(one.first, one.last) for one in spans if one.is_over]
    return case((or_(*over), -amount), else_=amount) if over else amount


def _sums_of_cells(spans: Sequence[Span]) -> list[ColumnElement[int]]:
    return [cast(func.sum(signed(_CELL[name], spans)), BigInteger).label(name) for name in MEASURES]


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
