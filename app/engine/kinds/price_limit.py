"""Price limit (超限价): an item charged above the highest price allowed for it.

`max_price` is yuan for one unit. `facility_levels` are the levels that it holds for; blank: all. A line that gives no
unit price but an amount is judged by the amount, which bills round to whole cents: it is at fault where it is more than
the rounded cost of its quantity at the highest price. The amount at issue is what lies above that price.

```yaml
kind: price_limit
parameters: {}
```

```csv
point,item_code,item_name,max_price,facility_levels
K1,002503020030000,糖化血红蛋白测定,60.00,tertiary
K2,002503020030000,糖化血红蛋白测定,54.00,secondary|primary
```
"""

from decimal import Decimal

from app.domain.case import Case
from app.domain.encounter import FacilityLevel
from app.domain.line import Line
from app.domain.money import SMALLEST, ZERO, cents, check_number, plain
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    max_price: Decimal
    facility_levels: tuple[FacilityLevel, ...] = ()


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> ItemCheck:
    max_price, levels = point.max_price, frozenset(point.facility_levels)
    check_number(max_price, "max_price")
    if FacilityLevel.UNKNOWN in levels:
        raise ValueError("facility_levels holds a blank; write tertiary, secondary, primary or ungraded")

    def check(line: Line, case: Case) -> Outcome:
        level = case.encounter.facility.level
        if levels and level and level not in levels:
            return None
        excess = _excess(line, max_price)
        if excess is None:
            return Missing("line.unit_price")
        if excess <= 0:
            return None
        if levels and not level:
            return Missing("facility.level")
        price = line.unit_price
        if price is None:
            price = (max_price + excess / line.quantity).quantize(SMALLEST)
        facts = {"price": plain(price), "max_price": plain(max_price), "excess": plain(price - max_price)}
        return Hit((line,), facts=facts, amount=excess)

    return check


def _excess(line: Line, max_price: Decimal) -> Decimal | None:
    """What the line costs above the highest price, None where it gives neither a price nor an amount."""
    if line.unit_price is not None:
        return (line.unit_price - max_price) * line.quantity
    if line.amount is None:
        return None
    allowed = max_price * line.quantity
    return line.amount - allowed if line.amount > cents(allowed) else ZERO


KIND = RuleKind(
    name="price_limit",
    title="超限价",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"price", "max_price", "excess"}),
)
