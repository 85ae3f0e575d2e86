"""Payment standard (病组、病种支付标准预警): what a stay costs beside what its group will be paid.

The encounter gives the standard (`payment_standard_amount`). A row is a step: it speaks where the cost of all lines has
reached `from_percent` of the standard and has not reached the next row's. A line without an amount leaves the cost
unknown, unless what is known has reached a step already. Amount at issue is what lies above the standard.

```yaml
kind: payment_standard
parameters: {}
```

```csv
point,from_percent,step
K1,90,接近支付标准
K2,100,达到支付标准
K3,110,超过支付标准
```
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.domain.case import Case
from app.domain.money import ZERO, cents, check_number, plain
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.known import STAYS

_TENTH = Decimal("0.1")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    from_percent: Decimal
    step: str = ""


def _percents(points: Sequence[Point]) -> list[Decimal]:
    return sorted(point.from_percent for point in points)


def prepare(point: Point, _: Parameters, table: Table[Point]) -> EncounterCheck:
    own = point.from_percent
    check_number(own, "from_percent", Decimal(10_000), _TENTH)

    def check(case: Case) -> Iterable[Hit | Missing]:
        encounter = case.encounter
        if encounter.care_type not in STAYS or not case.lines:
            return () if encounter.care_type or not case.lines else (Missing("care_type"),)
        standard = encounter.payment_standard_amount
        if standard is None:
            return (Missing("payment_standard_amount"),)
        amounts = [line.total_amount for line in case.lines]
        total = sum([amount for amount in amounts if amount is not None], ZERO)
        reached = [percent for percent in table.derive(_percents) if total * 100 >= standard * percent]
        if not reached:
            return (Missing("line.amount"),) if None in amounts else ()
        if reached[-1] != own:
            return ()
        share = (total * 100 / standard).quantize(_TENTH)
        facts = {"total": plain(cents(total)), "standard": plain(standard), "percent": plain(share)}
        return (Hit((), facts=facts, amount=max(total - standard, ZERO)),)

    return check


KIND = RuleKind(
    name="payment_standard",
    title="病组、病种支付标准预警",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"total", "standard", "percent"}),
)
