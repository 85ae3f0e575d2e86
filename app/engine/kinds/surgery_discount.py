"""Operation without its discount (手术未按规定折价): a further operation through one incision at more than its share.

The points name the operations of a `group`, those done through one incision. Where one day has two or more different
ones, the dearest is owed in full and every other at most `rate` of its full price. The incision itself is in no claim:
the day stands for it.
- The full price of a line: `full_price` if the point gives it (yuan for one operation); else the line's unit price;
  else its amount by its quantity. It is owed for each operation begun: half of one is one, charged at half (数量0.5).
- The dearest is the item with the highest full price, the first charged of equals, with every line of its code.
- At fault are the other lines that cost more than `rate` of their full price, in whole cents.
- The amount at issue is what they cost above it, for each no more than is claimed, less what the dearest was charged
  below its own full price: on which of them the discount stands makes no difference. No finding where nothing is left.
A discount that only lowers the unit price is not seen without `full_price`; so without it this is a suspicion.

```yaml
kind: surgery_discount
parameters: {}
```

```csv
point,item_code,item_name,group,rate,full_price
K1,003310030200000,结肠癌根治术,胃肠手术组,0.5,2400
K2,003310030220000,阑尾切除术,胃肠手术组,0.5,
```
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.line import Line
from app.domain.money import ZERO, cents, check_number, plain
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

_ONE, _HUNDRED = Decimal(1), Decimal(100)


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    group: str
    rate: Decimal
    full_price: Decimal | None = None


class Group:
    """The operations of one incision."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.codes = CodeSet([code for point in points for code in point.item_code])
        self._points = [(CodeSet(point.item_code), point) for point in points]

    def point_of(self, line: Line) -> Point | None:
        """The first point that names the item and is in force on the line's day."""
        code, day = line.item_code, line.service_date
        for codes, point in self._points:
            if code in codes and point.effective_start <= day <= point.effective_end:
                return point
        return None


def _full_price(point: Point, line: Line) -> Decimal | None:
    """The full price of one operation."""
    price = point.full_price if point.full_price is not None else line.unit_price
    return line.amount / line.quantity if price is None and line.amount is not None else price


def groups_of(points: Sequence[Point]) -> dict[str, Group]:
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.group, []).append(point)
    return {name: Group(members) for name, members in found.items()}


def _day(line: Line) -> date:
    return line.service_date


def prepare(point: Point, _: Parameters, table: Table[Point]) -> ItemCheck:
    check_number(point.rate, "rate", _ONE)
    if point.full_price is not None:
        check_number(point.full_price, "full_price")

    def check(line: Line, case: Case) -> Outcome:
        if len(case.lines_by_code) == 1:
            return None
        group = table.derive(groups_of)[point.group]
        same_day = case.group_of(line, group.codes, _day)
        if len(same_day) == 1:
            return None
        speaker = next(other for other in reversed(same_day) if group.point_of(other) is not None)
        if speaker is not line or group.point_of(line) != point:
            return None  # the last operation of the day speaks for all of them, by one row
        together = [(other, named) for other in same_day if (named := group.point_of(other)) is not None]
        return _judge(together) if len({other.item_code for other, _ in together}) > 1 else None

    return check


def _judge(together: Sequence[tuple[Line, Point]]) -> Outcome:
    prices = [_full_price(point, line) for line, point in together]
    if any([price is None or line.total_amount is None for price, (line, _) in zip(prices, together, strict=True)]):
        return Missing("line.amount")
    full = [price or ZERO for price in prices]
    dearest = together[full.index(max(full))][0]
    at_fault, related, excess, rate = [], [], ZERO, _ONE
    for price, (line, point) in zip(full, together, strict=True):
        owed = price * line.quantity.to_integral_value(ROUND_CEILING)
        charged = line.total_amount or ZERO
        if line.item_code == dearest.item_code:
            related.append(line)
            excess -= max(owed - charged, ZERO)
        elif charged > cents(owed * point.rate):
            at_fault.append(line)
            excess += min(charged - owed * point.rate, line.claimed_amount or ZERO)
            rate = point.rate
        else:
            related.append(line)
    if excess <= 0:
        return None
    facts = {
        "main": dearest.name,
        "count": str(len({line.item_code for line, _ in together})),
        "percent": plain(rate * _HUNDRED),
        "excess": plain(cents(excess)),
    }
    return Hit(at_fault, related, facts, excess)


KIND = RuleKind(
    name="surgery_discount",
    title="手术未按规定折价",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"main", "count", "percent", "excess"}),
)
