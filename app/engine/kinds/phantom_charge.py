"""Phantom charge (虚记): an item charged where, or as often as, it cannot have been done.

Where: `departments`, `facility_levels`, `facility_types` are the only ones in which it is done; `excluded_departments`
are those in which it is not, however the facility is made up. A line in another place is at fault in full. Departments
are patterns; where they are all of the national list (诊疗科目: A and two digits), a department that is not is unknown.
How often: the lines of a point together are more than `most_per_day` on one day, or more than `most_per_stay` in the
encounter: more than the body or the day has room for. The lines past the most are at fault, with the part of what is
claimed that lies past it; a line that passes both tells of the day. A line in the wrong place is told for that alone,
and does not count.
Where no fault is found and a place is unknown, the point is not evaluated.

```yaml
kind: phantom_charge
parameters: {}
```

```csv
point,item_code,item_name,departments,excluded_departments,facility_levels,most_per_day,most_per_stay
K1,001201000010000,重症监护,A28*,,,24,
K2,002506010020000,粪寄生虫卵集卵镜检,,A12*,,3,
```
"""

import re
from collections.abc import Hashable, Sequence
from datetime import date
from decimal import Decimal

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import FacilityLevel
from app.domain.labels import label
from app.domain.line import Line
from app.domain.money import ZERO, check_number, plain
from app.engine.excess import past_quantity
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

_NATIONAL = re.compile(r"A\d\d")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    departments: tuple[str, ...] = ()
    excluded_departments: tuple[str, ...] = ()
    facility_levels: tuple[FacilityLevel, ...] = ()
    facility_types: tuple[str, ...] = ()
    most_per_day: Decimal | None = None
    most_per_stay: Decimal | None = None


def _day(line: Line) -> date:
    return line.service_date


def _stay(_: Line) -> Hashable:
    return None


class _Place:
    def __init__(self, point: Point) -> None:
        self._departments, self._excluded = CodeSet(point.departments), CodeSet(point.excluded_departments)
        self._levels, self._types = frozenset(point.facility_levels), CodeSet(point.facility_types)
        self._are_national = all(map(_NATIONAL.match, point.departments + point.excluded_departments))

    def __bool__(self) -> bool:
        return bool(self._departments or self._excluded or self._levels or self._types)

    def judge(self, line: Line, case: Case) -> str | Missing | None:
        """Why it cannot have been done there, which place is unknown, or None."""
        facility, unknown = case.encounter.facility, None
        if self._levels and facility.level not in self._levels:
            if facility.level:
                return f"{label(facility.level)}不具备开展条件"
            unknown = Missing("facility.level")
        if self._types and facility.type not in self._types:
            if facility.type:
                return f"机构类型 {facility.type} 不开展"
            unknown = Missing("facility.type")
        department = line.department or case.encounter.department
        if not department or (self._are_national and not _NATIONAL.match(department)):
            return unknown or (Missing("department") if self._departments or self._excluded else None)
        if department in self._excluded or (self._departments and department not in self._departments):
            return f"科室 {department} 不开展"
        return unknown


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> ItemCheck:
    codes, place = CodeSet(point.item_code), _Place(point)
    limits = [
        (most, key, words)
        for most, key, words in (
            (point.most_per_day, _day, "同日"),
            (point.most_per_stay, _stay, "本次就诊"),
        )
        if most is not None
    ]
    if not place and not limits:
        raise ValueError("says neither where nor how often the item cannot be; fill at least one column")
    for most, _key, _words in limits:
        check_number(most, "most_per_day or most_per_stay")

    def is_placed(line: Line, case: Case) -> bool:
        return not isinstance(place.judge(line, case), str)

    def check(line: Line, case: Case) -> Outcome:
        wrong = place.judge(line, case) if place else None
        if isinstance(wrong, str):
            return Hit((line,), facts={"reason": wrong})
        for most, key, words in limits:
            group = case.group_of(line, codes, key)
            if place:
                if next(other for other in reversed(group) if is_placed(other, case)) is not line:
                    continue
                group = [other for other in group if is_placed(other, case)]
            if group[-1] is line and (hit := _too_many(group, most, words)) is not None:
                return hit
        return wrong

    return check


def _too_many(group: Sequence[Line], most: Decimal, words: str) -> Hit | None:
    """`most` is passed by the last lines of the group, with their part past it."""
    total = sum([line.quantity for line in group], ZERO)
    if total <= most:
        return None
    at_fault, related, amount = past_quantity(group, most)
    reason = f"{words}共{plain(total)}，最多{plain(most)}"
    return Hit(at_fault, related, {"reason": reason}, amount)


KIND = RuleKind(
    name="phantom_charge",
    title="虚记费用",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"reason"}),
)
