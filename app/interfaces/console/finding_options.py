"""Options of the filter bar (筛选项): the departments and rules about which there were findings lately."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from app.domain.access import Scope
from app.interfaces.console.finding_words import DeadlineClock
from app.store.review_counts import Axis
from app.store.reviews import Directory, Facet, Overview, ReviewStore

_LATELY = timedelta(days=180)
_FRESH = 60.0  # seconds
_MOST, _MOST_SCOPES = 200, 500


class Options(NamedTuple):
    """Codes and names."""

    departments: list[tuple[str, str]]
    rules: list[tuple[str, str]]


class FilterOptions:
    def __init__(
        self,
        store: ReviewStore,
        directory: Directory,
        title: Callable[[str], str],
        days: DeadlineClock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`title` gives a rule's."""
        self._store, self._directory, self._title, self._days, self._clock = store, directory, title, days, clock
        self._kept: dict[Scope, tuple[float, Options]] = {}

    async def of(self, scope: Scope) -> Options:
        """Raises Unavailable."""
        kept = self._kept.get(scope)
        if kept is not None and self._clock() - kept[0] < _FRESH:
            return kept[1]
        today = self._days.today()
        asked = Overview(first=today - _LATELY, last=today)
        rules = [one.key for one in await self._store.facets(asked, scope, Axis.RULE, _MOST)]
        departments = await self._departments(await self._store.facets(asked, scope, None, _MOST))
        found = Options(departments, sorted([(one, self._title(one)) for one in rules], key=lambda one: one[1]))
        if len(self._kept) >= _MOST_SCOPES:
            self._kept.clear()
        self._kept[scope] = (self._clock(), found)
        return found

    async def _departments(self, facets: list[Facet]) -> list[tuple[str, str]]:
        codes: dict[str, list[str]] = {}
        for one in facets:
            facility, _, code = one.key.partition("/")
            if code:
                codes.setdefault(facility, []).append(code)
        named: dict[str, str] = {}
        for facility, some in codes.items():
            known = {one.code: one.name for one in await self._directory.departments(facility, some)}
            named |= {code: known.get(code, "") or code for code in some}
        return sorted(named.items(), key=lambda one: one[1])
