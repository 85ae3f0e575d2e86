"""Rule quality (规则质量): what became of a rule's findings, so that the office sees which rules serve it."""

from datetime import date
from typing import NamedTuple

from app.application.overview import filled, override_rate, precision
from app.domain.access import Scope
from app.engine.compiled import RuleHead
from app.engine.ruleset import Ruleset
from app.knowledge.rule import Status
from app.store.overviews import OverviewStore
from app.store.review_counts import MEASURES, Axis
from app.store.reviews import Facet, Grain, Overview, ReviewStore

_MOST = 2000  # rules
_NOTHING = Facet("", *[0] * len(MEASURES))


class RuleQuality(NamedTuple):
    """`since`: the day from which its present parameters hold; None: they hold no longer, or not yet."""

    head: RuleHead
    sums: Facet
    last_hit: str  # a day or a month; blank: never
    since: date | None

    @property
    def precision(self) -> float | None:
        return precision(self.sums)

    @property
    def override_rate(self) -> float | None:
        return override_rate(self.sums)


class RuleQualities:
    def __init__(self, reviews: ReviewStore, overviews: OverviewStore) -> None:
        self._reviews, self._overviews = reviews, overviews

    async def of_all(self, ruleset: Ruleset, first: date, last: date, scope: Scope) -> list[RuleQuality]:
        """Those with the most findings first. Raises Unavailable."""
        sums = await self._sums(first, last, scope)
        hits = await self._overviews.last_hits(list(ruleset.rules), scope)
        since = _since(ruleset, last)
        found = [
            RuleQuality(head, sums.get(name, _NOTHING), hits.get(name, ""), since.get(name))
            for name, head in ruleset.rules.items()
        ]
        return sorted(found, key=lambda one: (-one.sums.total, one.head.id))

    async def of_one(self, ruleset: Ruleset, head: RuleHead, first: date, last: date, scope: Scope) -> RuleQuality:
        """Raises Unavailable."""
        wanted = Overview(first=first, last=last, rules=(head.id,), is_trial=head.status is Status.TRIAL)
        found = await self._reviews.facets(wanted, scope, Axis.RULE, 1)
        hits = await self._overviews.last_hits([head.id], scope)
        since = _since(ruleset, last).get(head.id)
        return RuleQuality(head, found[0] if found else _NOTHING, hits.get(head.id, ""), since)

    async def by_month(self, head: RuleHead, first: date, last: date, scope: Scope) -> list[Facet]:
        """Raises Unavailable."""
        wanted = Overview(first=first, last=last, rules=(head.id,), is_trial=head.status is Status.TRIAL)
        return filled(await self._reviews.series(wanted, scope, Grain.MONTH), wanted, Grain.MONTH)

    async def _sums(self, first: date, last: date, scope: Scope) -> dict[str, Facet]:
        """Of rules in force and on trial: of one that changed from one to the other, both together."""
        sums: dict[str, Facet] = {}
        for is_trial in (False, True):
            wanted = Overview(first=first, last=last, is_trial=is_trial)
            for one in await self._reviews.facets(wanted, scope, Axis.RULE, _MOST):
                before = sums.get(one.key, _NOTHING)
                sums[one.key] = Facet(one.key, *map(sum, zip(before[1:], one[1:], strict=True)))
        return sums


def _since(ruleset: Ruleset, today: date) -> dict[str, date]:
    rules = ruleset.header.rules
    return {
        rules[period.rule].id: period.start for period in ruleset.header.periods if period.start <= today <= period.end
    }
