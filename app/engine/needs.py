"""What rules need of the patient's past (所需既往数据), told before it is fetched: how many days, and which items."""

from collections.abc import Iterable
from typing import Any

import msgspec

from app.domain.codes import CodeSet
from app.engine.kind import On, RuleKind


class Needs(msgspec.Struct, frozen=True):
    """`date_days`: days back in which the other encounters and the dates of their lines matter, 0 for none. `days`:
    days back in which lines of these items matter, 0 for none.
    """

    date_days: int = 0
    days: int = 0
    codes: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()

    def __or__(self, other: "Needs") -> "Needs":
        if other is NOTHING or other is self:
            return self
        return Needs(
            date_days=max(self.date_days, other.date_days),
            days=max(self.days, other.days),
            codes=self.codes | other.codes,
            prefixes=self.prefixes | other.prefixes,
        )


NOTHING = Needs()


def needs_of(kind: RuleKind[Any, Any], point: Any, parameters: Any) -> Needs:
    """What one knowledge point needs. A kind that names no items needs those that it is about."""
    days = kind.past_days(point, parameters)
    if not days:
        return NOTHING
    if kind.on is On.ENCOUNTER:
        return Needs(date_days=days)
    codes = CodeSet((*kind.past_patterns(point, parameters), *kind.patterns(point, parameters)))
    return Needs(days=days, codes=frozenset(codes.exact), prefixes=frozenset(codes.prefixes))


def all_of(needs: Iterable[Needs]) -> Needs:
    whole = NOTHING
    for one in needs:
        whole = one if whole is NOTHING else whole | one
    return whole
