"""Narrowing (条件收窄): filters of few values each, looked up among what there is before any review is looked at.

Some hundred kinds, topics and places stand for millions of reviews. What no review can fit is known at once, and what
some fit is asked for by one index, whose entries are then exactly those that fit.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from app.domain.access import Scope
from app.store.review_codes import ANSWERS, CARE_TYPES, INSURANCE_TYPES, NO_ANSWER, SEVERITIES, STAGES, Codes
from app.store.review_filters import among, within
from app.store.review_tables import review_kinds, review_places, review_topics, reviews
from app.store.reviews import ReviewFilter

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
Tests = list[ColumnElement[bool]]

_ONE, _KIND, _TOPIC, _PLACE = reviews.c, review_kinds.c, review_topics.c, review_places.c
_CODED: dict[str, tuple[ColumnElement[int], Codes[Any]]] = {
    "severities": (_KIND.severity, SEVERITIES),
    "stages": (_KIND.stage, STAGES),
    "insurance_types": (_KIND.insurance_type, INSURANCE_TYPES),
    "care_types": (_KIND.care_type, CARE_TYPES),
    "answers": (_KIND.answer, ANSWERS),
}


async def narrowed(ask: Ask, wanted: ReviewFilter, scope: Scope) -> Tests | None:
    """Conditions on `reviews`; None where nothing can fit them."""
    found: Tests = []
    for part in (_kinds, _topics, _places):
        tests = await part(ask, wanted, scope)
        if tests is None:
            return None
        found += tests
    return found


async def _kinds(ask: Ask, wanted: ReviewFilter, _: Scope) -> Tests | None:
    tests: Tests = []
    for name, (column, codes) in _CODED.items():
        if values := getattr(wanted, name):
            tests.append(among(column, codes.all_of(values)))
    if wanted.has_answer is not None:
        tests.append(_KIND.answer != NO_ANSWER if wanted.has_answer else _KIND.answer == NO_ANSWER)
    if not tests:
        return [] if wanted.is_trial is None else [_ONE.is_trial.is_(wanted.is_trial)]
    if wanted.is_trial is not None:
        tests.append(_KIND.is_trial.is_(wanted.is_trial))
    kinds = [kind for (kind,) in await ask(select(_KIND.kind).where(*tests).order_by(_KIND.kind))]
    return [among(_ONE.kind, kinds)] if kinds else None


async def _topics(ask: Ask, wanted: ReviewFilter, _: Scope) -> Tests | None:
    """A rule has one class and category as a rule; where it was given another, that is asked for besides."""
    if not wanted.rule_classes and not wanted.categories:
        return []
    fits, given = _fitting(
        [(_ONE.rule_class, _TOPIC.rule_class, wanted.rule_classes), (_ONE.category, _TOPIC.category, wanted.categories)]
    )
    asked = select(_TOPIC.rule, fits).where(among(_TOPIC.rule, wanted.rules) if wanted.rules else true())
    rows = await ask(asked)
    rules = {rule for rule, is_fit in rows if is_fit}
    if not rules:
        return None
    is_clear = rules.isdisjoint([rule for rule, is_fit in rows if not is_fit])
    return [among(_ONE.rule, sorted(rules)), *([] if is_clear else given)]


async def _places(ask: Ask, wanted: ReviewFilter, scope: Scope) -> Tests | None:
    limited = {
        "facility": (wanted.facilities, scope.facilities),
        "campus": (wanted.campuses, scope.campuses),
        "department": (wanted.departments, scope.departments),
    }
    if sum([bool(some) or allowed is not None for some, allowed in limited.values()]) < 2 - bool(wanted.campuses):
        return []  # one limit alone contradicts nothing
    fits, given = _fitting([(_ONE.campus, _PLACE.campus, wanted.campuses)])
    asked = select(_PLACE.facility, _PLACE.department, fits).where(*within(_without_practitioner(scope), review_places))
    for column, values in ((_PLACE.facility, wanted.facilities), (_PLACE.department, wanted.departments)):
        asked = asked.where(among(column, values)) if values else asked
    rows = await ask(asked)
    pairs = {(facility, department) for facility, department, is_fit in rows if is_fit}
    if not pairs:
        return None
    if not wanted.campuses:
        return []
    by_facility: dict[str, list[str]] = {}
    for facility, department in sorted(pairs):
        by_facility.setdefault(facility, []).append(department)
    test = or_(*[and_(_ONE.facility == one, among(_ONE.department, some)) for one, some in by_facility.items()])
    is_clear = pairs.isdisjoint([(facility, department) for facility, department, is_fit in rows if not is_fit])
    return [test, *([] if is_clear else given)]


def _without_practitioner(scope: Scope) -> Scope:
    return Scope(facilities=scope.facilities, campuses=scope.campuses, departments=scope.departments)


def _fitting(
    columns: Sequence[tuple[ColumnElement[str], ColumnElement[str], tuple[str, ...]]],
) -> tuple[ColumnElement[bool], Tests]:
    """Whether a row of the lookup fits, and the same asked of reviews."""
    given = [(one, looked_up, values) for one, looked_up, values in columns if values]
    if not given:
        return true().label("fits"), []
    fits = and_(*[among(looked_up, values) for _, looked_up, values in given])
    return or_(fits, false()).label("fits"), [among(one, values) for one, _, values in given]
