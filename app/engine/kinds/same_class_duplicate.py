"""Same-class duplicate (重复用药): more ingredients of one therapeutic class at once than are allowed.

All drugs of a point are one class. They count together within a `prescription`, on a `day`, or in a `stay`; two makes
or packs of one ingredient are the same drug. Drugs that both say when they start and stop are at once only where these
times meet, both ends included. The first `most` ingredients (by date, then as sent) are related, the lines of every
further one are at fault; one finding holds them all.

```yaml
kind: same_class_duplicate
parameters: {within: prescription, most: 1}
```

```csv
point,item_code,class_name
K1,XA02BC*,质子泵抑制剂
K2,XJ01DD*|XJ01DC*,头孢菌素类抗菌药物
```
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet, ingredient_of
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

Within = Literal["prescription", "day", "stay"]


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    within: Within
    most: Annotated[int, Meta(ge=1, le=20)] = 1


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    class_name: str


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    codes, class_name = CodeSet(point.item_code), point.class_name
    within, most = parameters.within, parameters.most

    def check(line: Line, case: Case) -> Outcome:
        same = case.lines_of(codes)
        if len(same) <= most or case.remember(("ingredients", codes), partial(_count_ingredients, same)) <= most:
            return None
        if within == "prescription" and not line.prescription_id:
            return Missing("line.prescription_id")
        group = case.group_of(line, codes, _KEYS[within])
        if group[-1] is not line:
            return None  # the last line of the group speaks for all of it
        return _judge(group, most, class_name)

    return check


def _count_ingredients(lines: Sequence[Line]) -> int:
    return len({ingredient_of(line.item_code) for line in lines})


_KEYS: dict[Within, Callable[[Line], Hashable]] = {  # what lines that count together have in common
    "prescription": lambda line: line.prescription_id,
    "day": lambda line: line.service_date,
    "stay": lambda _: None,
}


def _moments(group: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """The lines in use at each moment when one starts: lines that all meet each other meet at one of these."""
    starts = {line.start_at for line in group if line.start_at is not None and line.stop_at is not None}
    for moment in sorted(starts):
        yield [line for line in group if _is_in_use(line, moment)]
    if not starts:
        yield group


def _is_in_use(line: Line, moment: datetime) -> bool:
    return line.start_at is None or line.stop_at is None or line.start_at <= moment <= line.stop_at


def _judge(group: Sequence[Line], most: int, class_name: str) -> Hit | None:
    ranks: dict[str, int] = {}
    for line in group:
        ranks.setdefault(ingredient_of(line.item_code), len(ranks))
    count, at_fault, involved = 0, set(), set()
    for in_use in _moments(group):
        at_once = sorted({ranks[ingredient_of(line.item_code)] for line in in_use})
        if len(at_once) <= most:
            continue
        count = max(count, len(at_once))
        involved.update([line.id for line in in_use])
        allowed = at_once[most - 1]
        at_fault.update([line.id for line in in_use if ranks[ingredient_of(line.item_code)] > allowed])
    if not at_fault:
        return None
    lines = [line for line in group if line.id in at_fault]
    related = [line for line in group if line.id in involved - at_fault]
    names: dict[str, str] = {}
    for line in group:
        if line.id in involved:
            names.setdefault(ingredient_of(line.item_code), line.name)
    facts = {"class_name": class_name, "count": str(count), "names": "、".join(names.values())}
    return Hit(lines, related, facts)


KIND = RuleKind(
    name="same_class_duplicate",
    title="重复用药",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"class_name", "count", "names"}),
)
