"""Judging with feeds: a case made on the spot, and an oracle beside a rule on thousands of encounters."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.domain.feed import FEEDS, FeedRecord
from app.domain.feeds import NO_FEEDS, Feeds
from app.engine.ruleset import Ruleset
from tests.engine.kinds import agreement
from tests.engine.kinds.build import open_rule

Rows = dict[str, list[dict[str, Any]]]
Told = tuple[list[tuple[Any, ...]], set[str]]


def feeds(rows: Rows) -> Feeds:
    """Records as text, by the name of their feed; [] is a feed that is empty."""
    found = NO_FEEDS
    for name, given in rows.items():
        shape = FEEDS[name]
        found = found.with_records(shape, [msgspec.convert(row, shape, strict=False) for row in given])
    return found


def judge(
    kind: str, parameters: dict[str, Any], points: Sequence[dict[str, str]], visit: Encounter, rows: Rows, **rule: Any
) -> Judgement:
    return open_rule(kind, parameters, points, **rule).audit(Case(visit, Stage.SETTLED, None, feeds(rows)))


def agree(
    ruleset: Ruleset,
    shape: type[FeedRecord],
    draw: Callable[[Random], tuple[Encounter, list[Any] | None]],
    expected: Callable[[Encounter, list[Any] | None], Told],
    tell: Callable[[Any], tuple[Any, ...]],
) -> None:
    """The rule says of each drawn encounter and feed (None: never loaded) what the definition says."""

    def case_of(visit: Encounter, records: list[Any] | None) -> Case:
        return Case(visit, Stage.SETTLED, None, None if records is None else NO_FEEDS.with_records(shape, records))

    unknown = agreement.agree([(ruleset, expected)], draw, case_of, tell)
    assert unknown > agreement.COUNT / 50, unknown
