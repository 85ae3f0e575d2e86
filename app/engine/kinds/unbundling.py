"""Unbundling (分解收费): the parts of one priced item charged one by one.

`item_code` names the members, `bundle_code` the item that holds them all (blank where it has no code of its own). A
finding needs at least `min_members` members of different item codes on one `day` or in one `stay` (the encounter); one
finding holds them all, and an order not yet charged counts as a charge.
- The bundle is charged too: every member is at fault in full, the bundle's lines are related.
- It is not, and `bundle_price` is given: every member is at fault, with what they cost together above that price, which
  is owed once in the window (0 where they cost less).
- It is not, and has no price: the first member charged stands for the bundle and is related, with every line of its
  code; the others are at fault. One member alone is then no fault, whatever `min_members`.
Where a line that counts does not tell its amount, the amount at issue stays unknown.

```yaml
kind: unbundling
parameters: {within: day}
```

```csv
point,bundle_code,bundle_name,item_code,min_members,bundle_price
K1,002501010150000,血细胞分析,002501010010000|002501010020000|002501010090000,2,20
```
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.line import Line, total_claimed
from app.domain.money import ZERO, check_number
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, On, Outcome, RuleKind, Shape, Table

_NAMES_TOLD = 5


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    within: Literal["day", "stay"]


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    bundle_name: str
    bundle_code: tuple[str, ...] = ()
    min_members: Annotated[int, Meta(ge=1, le=100)] = 2
    bundle_price: Decimal | None = None


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    members, bundle = CodeSet(point.item_code), CodeSet(point.bundle_code)
    least, per_day = point.min_members, parameters.within == "day"
    if not members.prefixes and len(members.exact - bundle.exact) < least:
        raise ValueError(f"names fewer than {least} members besides the bundle; lower min_members or add members")

    if point.bundle_price is not None:
        check_number(point.bundle_price, "bundle_price")

    def check(line: Line, case: Case) -> Outcome:
        if len(case.lines_by_code) < least or line.item_code in bundle:
            return None
        day = line.service_date
        group = [
            other
            for other in case.lines_of(members)
            if other.item_code not in bundle and (not per_day or other.service_date == day)
        ]
        if group[-1] is not line:
            return None  # the last member of the window speaks for all of it
        names: dict[str, str] = {}
        for other in group:
            names.setdefault(other.item_code, other.name)
        if len(names) < least:
            return None
        whole = [other for other in case.lines_of(bundle) if not per_day or other.service_date == day] if bundle else []
        return _outcome(point, group, whole, list(names.values()))

    return check


def _outcome(point: Point, group: list[Line], whole: list[Line], names: list[str]) -> Outcome:
    facts = {
        "bundle_name": point.bundle_name,
        "members": "、".join(names[:_NAMES_TOLD]) + ("等" if len(names) > _NAMES_TOLD else ""),
        "count": str(len(names)),
    }
    if whole:
        return Hit(group, whole, facts)
    if point.bundle_price is not None:
        total = total_claimed(group)
        return Hit(group, (), facts, None if total is None else max(total - point.bundle_price, ZERO))
    stands_in = group[0].item_code
    kept = [line for line in group if line.item_code == stands_in]
    at_fault = [line for line in group if line.item_code != stands_in]
    return Hit(at_fault, kept, facts) if at_fault else None


KIND = RuleKind(
    name="unbundling",
    title="分解收费",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"bundle_name", "members", "count"}),
)
