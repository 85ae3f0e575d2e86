"""Names of what is counted (统计对象名称): departments, practitioners and rules by what sums call them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from app.engine.compiled import RuleHead
from app.store.reviews import Directory, Facet

_MOST_FACILITIES = 8  # of one page whose codes are looked up


class FacetNames(NamedTuple):
    """A code without a name is its own name, and none is told as such."""

    departments: Mapping[str, str]  # by `facility/code`
    practitioners: Mapping[str, str]
    rules: Mapping[str, RuleHead]
    has_facilities: bool

    def department(self, key: str) -> str:
        facility, _, code = key.rpartition("/")
        name = self.departments.get(key) or code or "（未填科室）"
        return f"{facility} {name}" if self.has_facilities else name

    def practitioner(self, key: str) -> str:
        return self.practitioners.get(key) or key or "（未填医生）"

    def rule(self, key: str) -> str:
        return self.rules[key].title if key in self.rules else key


async def facet_names(
    directory: Directory,
    rules: Mapping[str, RuleHead],
    departments: Iterable[Facet] = (),
    practitioners: Iterable[Facet] = (),
    facilities: Sequence[str] = (),
) -> FacetNames:
    """Practitioners are looked up in these facilities, and in those of the departments. Raises Unavailable."""
    by_place: dict[str, list[str]] = {one: [] for one in facilities}
    for one in departments:
        facility, _, code = one.key.rpartition("/")
        by_place.setdefault(facility, []).extend([code] if code else [])
    codes = [one.key for one in practitioners if one.key]
    places: dict[str, str] = {}
    people: dict[str, str] = {}
    for facility, some in list(by_place.items())[:_MOST_FACILITIES]:
        if some:
            places |= {f"{facility}/{one.code}": one.name for one in await directory.departments(facility, some)}
        if codes:
            people |= {one.code: one.name for one in await directory.staff(facility, codes)}
    return FacetNames(places, people, rules, len([one for one in by_place if one]) > 1)


Rules = Callable[[], Mapping[str, RuleHead]]
