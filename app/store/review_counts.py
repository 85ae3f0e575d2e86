"""Counts of reviews (疑点统计): what each review adds to the sums that dashboards show, by day and by month.

They change in the transaction of what they count, so they are never behind and never wrong.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from operator import add, sub
from typing import Any

from app.domain.disposition import Action
from app.domain.review import Review, ReviewAction, ReviewState, ReviewStep

CHINA = timezone(timedelta(hours=8))  # one time in the whole country, without summer time
MEASURES = (
    "total", "amount_cents", "undecided", "confirmed", "confirmed_cents", "false_positive", "excepted", "lapsed",
    "refund_cents", "overridden", "answered",
)  # fmt: skip
KEYS = ("axis", "period", "is_trial", "facility", "campus", "department", "key")

UNDECIDED = frozenset({ReviewState.OPEN, ReviewState.IN_REVIEW, ReviewState.AWAITING_SECOND})
DISMISSED = frozenset({ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED, ReviewState.LAPSED})

# Axes beside those of Axis: by rule and by state again, with departments and campuses added up; and steps of appeals,
# by what was done, on the day of the step.
BY_RULE_WHOLE, OF_APPEALS, BY_STATE_WHOLE = 5, 6, 7
APPEALS = (ReviewAction.APPEAL, ReviewAction.REJECT, ReviewAction.GRANT, ReviewAction.GRANT_EXCEPTION)

Cell = tuple[int, int, bool, str, str, str, str]
Sums = tuple[int, ...]


class Axis(IntEnum):
    """What is counted by; departments are columns of every axis."""

    RULE = 1
    PRACTITIONER = 2
    STATE = 3
    SEVERITY = 4


def day_of(at: datetime) -> int:
    """YYYYMMDD where the hospital is."""
    local = at.astimezone(CHINA)
    return local.year * 10_000 + local.month * 100 + local.day


def first_moment(day: int) -> datetime:
    return datetime(day // 10_000, day // 100 % 100, day % 100, tzinfo=CHINA).astimezone(UTC)


def measures(one: Review) -> Sums:
    """In the order of MEASURES. What was confirmed and is appealed or mended counts as confirmed."""
    amount, state = one.amount_cents or 0, one.state
    is_confirmed = state not in UNDECIDED and state not in DISMISSED
    return (
        1,
        amount,
        state in UNDECIDED,
        is_confirmed,
        amount if is_confirmed else 0,
        state is ReviewState.FALSE_POSITIVE,
        state is ReviewState.EXCEPTED,
        state is ReviewState.LAPSED,
        one.refund_cents or 0,
        one.doctor_answer in (Action.PROCEED, Action.EXCEPTED),
        one.doctor_answer is not None,
    )


def cells(one: Review) -> list[Cell]:
    day = day_of(one.first_found_at)
    place = (one.is_trial, one.facility, one.campus, one.department)
    keys = {
        Axis.RULE: one.rule,
        Axis.PRACTITIONER: one.practitioner,
        Axis.STATE: one.state.value,
        Axis.SEVERITY: one.severity.value,
    }
    whole = (one.is_trial, one.facility, "", "")
    told = [(axis.value, place, key) for axis, key in keys.items()]
    told += [(BY_RULE_WHOLE, whole, one.rule), (BY_STATE_WHOLE, whole, one.state.value)]
    return [(axis, period, *where, key) for axis, where, key in told for period in (day, day // 100)]


def changes(pairs: Iterable[tuple[Review | None, Review]]) -> list[Mapping[str, Any]]:
    """What the cells gain or lose when each first review becomes the second; None: it is new. In the order of cells, as
    others wait for them.
    """
    found: dict[Cell, Sums] = {}
    for before, after in pairs:
        if before is not None:
            _put(found, before, -1)
        _put(found, after, 1)
    return [
        dict(zip((*KEYS, *MEASURES), (*cell, *map(int, sums)), strict=True))
        for cell, sums in sorted(found.items())
        if any(sums)
    ]


def appeal_changes(told: Iterable[tuple[Review, ReviewStep]]) -> list[Mapping[str, Any]]:
    """Likewise, of steps that were done now, each with its review."""
    found: Counter[Cell] = Counter()
    for one, step in told:
        if step.action in APPEALS:
            place, day = (one.is_trial, one.facility, one.campus, one.department), day_of(step.at)
            found.update([(OF_APPEALS, period, *place, step.action.value) for period in (day, day // 100)])
    rest = dict.fromkeys(MEASURES, 0)
    return [{**dict(zip(KEYS, cell, strict=True)), **rest, "total": count} for cell, count in sorted(found.items())]


def _put(found: dict[Cell, Sums], one: Review, sign: int) -> None:
    sums, combine = measures(one), add if sign > 0 else sub
    nothing = (0,) * len(MEASURES)
    for cell in cells(one):
        found[cell] = tuple(map(combine, found.get(cell, nothing), sums))
