"""Narrowing (条件收窄): filters of few values each, looked up among what there is before any review is looked at.

Some hundred kinds, topics and places stand for millions of reviews. What no review can fit is known at once, and what
some fit is asked for by one index, whose entries are then exactly those that fit.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from app.domain.access import Scope
from app.store.review_codes import ANSWERS, CARE_TYPES, INSURANCE_TYPES, NO_ANSWER, SEVERITIES, STAGES, STATES, Codes
from app.store.review_filters import among, within
from app.store.review_tables import NO_DEADLINE, review_kinds, review_places, review_stands, review_topics, reviews
from app.store.reviews import LATEST_FIRST, Order, ReviewFilter, Sorting

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
Tests = list[ColumnElement[bool]]

_ONE, _KIND, _STAND = reviews.c, review_kinds.c, review_stands.c
_TOPIC, _PLACE = review_topics.c, review_places.c
_CODED: dict[str, tuple[ColumnElement[int], Codes[Any]]] = {
    "severities": (_KIND.severity, SEVERITIES),
    "stages": (_KIND.stage, STAGES),
    "insurance_types": (_KIND.insurance_type, INSURANCE_TYPES),
    "care_types": (_KIND.care_type, CARE_TYPES),
    "answers": (_KIND.answer, ANSWERS),
}


class Narrowed(NamedTuple):
    """Conditions on `reviews`, and the severities that are left."""

    tests: Tests
    severities: frozenset[int]


async def narrowed(ask: Ask, wanted: ReviewFilter, scope: Scope, order: Order = LATEST_FIRST) -> Narrowed | None:
    """None where nothing can fit."""
    topics = await _topics(ask, wanted)
    places = None if topics is None else await _places(ask, wanted, scope)
    if topics is None or places is None:
        return None
    kinds, stands = await _kinds(ask, wanted, topics.severities), await _stands(ask, wanted, order)
    if kinds is None or stands is None:
        return None
    return Narrowed([*kinds.tests, *topics.tests, *places, *stands], kinds.severities)


async def _topics(ask: Ask, wanted: ReviewFilter) -> Narrowed | None:
    """A rule has one class, category and severity as a rule; where it had others, they are asked for besides."""
    given = SEVERITIES.all_of(wanted.severities)
    if not (wanted.rule_classes or wanted.categories or wanted.rules):
        return Narrowed([], frozenset(given or SEVERITIES.codes.values()))
    looked_up = [(_TOPIC.rule_class, wanted.rule_classes), (_TOPIC.category, wanted.categories)]
    fits = [among(column, values) for column, values in looked_up if values]
    asked = select(_TOPIC.rule, _TOPIC.severity, and_(true(), *fits).label("fits"))
    rows = await ask(asked.where(among(_TOPIC.rule, wanted.rules)) if wanted.rules else asked)
    fitting = [(rule, severity) for rule, severity, is_fit in rows if is_fit and (not given or severity in given)]
    if not fitting:
        return None
    rules, tests = sorted({rule for rule, _ in fitting}), Tests()
    if fits:
        tests.append(among(_ONE.rule, rules))
        if not {*rules}.isdisjoint([rule for rule, _, is_fit in rows if not is_fit]):
            asked_for = [(_ONE.rule_class, wanted.rule_classes), (_ONE.category, wanted.categories)]
            tests += [among(column, values) for column, values in asked_for if values]
    return Narrowed(tests, frozenset([severity for _, severity in fitting]))


async def _kinds(ask: Ask, wanted: ReviewFilter, severities: frozenset[int]) -> Narrowed | None:
    tests: Tests = []
    for name, (column, codes) in _CODED.items():
        if values := getattr(wanted, name):
            tests.append(among(column, codes.all_of(values)))
    if wanted.has_answer is not None:
        tests.append(_KIND.answer != NO_ANSWER if wanted.has_answer else _KIND.answer == NO_ANSWER)
    if not tests:
        return Narrowed([] if wanted.is_trial is None else [_ONE.is_trial.is_(wanted.is_trial)], severities)
    if wanted.is_trial is not None:
        tests.append(_KIND.is_trial.is_(wanted.is_trial))
    tests.append(among(_KIND.severity, sorted(severities)))
    rows = await ask(select(_KIND.kind, _KIND.severity).where(*tests).order_by(_KIND.kind))
    if not rows:
        return None
    return Narrowed([among(_ONE.kind, [kind for kind, _ in rows])], frozenset([severity for _, severity in rows]))


async def _stands(ask: Ask, wanted: ReviewFilter, order: Order) -> Tests | None:
    """States that have a deadline, where one is asked for, and somebody who sees to them, where somebody is."""
    tests = await _deadlines(ask, wanted) if order.by is Sorting.DEADLINE else []
    states = await _states(ask, wanted)
    return None if states is None else [*states, *tests]


async def _deadlines(ask: Ask, wanted: ReviewFilter) -> Tests:
    """Where all states have a deadline, or none has, what is sorted by it ends or begins where those without one do."""
    if not wanted.states:
        return []
    asked = select(_STAND.has_deadline).distinct().where(among(_STAND.state, STATES.all_of(wanted.states)))
    have = {bool(has) for (has,) in await ask(asked)}
    if len(have) > 1:
        return []
    return [_ONE.deadline < NO_DEADLINE] if True in have else [_ONE.deadline == NO_DEADLINE]


async def _states(ask: Ask, wanted: ReviewFilter) -> Tests | None:
    states, tests = STATES.all_of(wanted.states), Tests()
    if wanted.deadline_from is not None or wanted.deadline_to is not None:
        tests.append(_STAND.has_deadline.is_(True))
    if wanted.assignees and len(are_named := {bool(one) for one in wanted.assignees}) == 1:
        tests.append(_STAND.is_assigned.is_(are_named.pop()))
    if tests:
        rows = await ask(select(_STAND.state).distinct().where(*tests).order_by(_STAND.state))
        states = [state for (state,) in rows if not states or state in states]
    elif not states:
        return []
    return [among(_ONE.state, states)] if states else None


async def _places(ask: Ask, wanted: ReviewFilter, scope: Scope) -> Tests | None:
    limited = {
        _PLACE.facility: wanted.facilities,
        _PLACE.department: wanted.departments,
        _PLACE.practitioner: wanted.practitioners,
    }
    if not any(limited.values()) and not wanted.campuses:
        return []
    is_fit = among(_PLACE.campus, wanted.campuses) if wanted.campuses else true()
    tests = [among(column, values) for column, values in limited.items() if values]
    asked = select(_PLACE.facility, _PLACE.department, is_fit.label("fits")).distinct()
    rows = await ask(asked.where(*tests, *within(scope, review_places)))
    pairs = {(facility, department) for facility, department, fits in rows if fits}
    if not pairs:
        return None
    if not wanted.campuses:  # a department's index begins with its facility
        facilities = sorted({facility for facility, _ in pairs})
        return [among(_ONE.facility, facilities)] if wanted.departments and not wanted.facilities else []
    by_facility: dict[str, list[str]] = {}
    for facility, department in sorted(pairs):
        by_facility.setdefault(facility, []).append(department)
    found = [or_(*[(_ONE.facility == one) & among(_ONE.department, some) for one, some in by_facility.items()])]
    if not pairs.isdisjoint([(facility, department) for facility, department, fits in rows if not fits]):
        found.append(among(_ONE.campus, wanted.campuses))
    return found
