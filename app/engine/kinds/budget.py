"""Budget (预算预警): what a department or facility has spent of a month's budget, with this encounter, passes a level.

The feed tells the budget and what was spent of it up to a day; what the encounter claims on later days of the month is
added. The highest of `levels` (in percent) that is reached gives one finding, without lines. The amount at issue is
what of the encounter lies past the budget itself. The rule has no knowledge file.

```yaml
kind: budget
parameters: {per: department, levels: ["90", "100", "110"]}
```
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.feed import Budget
from app.domain.money import CENT, ZERO, plain
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.month import month_of, settled_on

_WHOLE = Decimal(100)
_NOT_LOADED = Missing("feed.budgets")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    per: Literal["department", "facility"] = "department"
    levels: Annotated[tuple[Decimal, ...], Meta(min_length=1)] = (Decimal(90), Decimal(100), Decimal(110))


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


def prepare(_: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    levels = sorted(parameters.levels, reverse=True)
    if not all(level.is_finite() and level > 0 for level in levels):
        raise ValueError("levels are percentages of the budget: give numbers above 0")
    of_department = parameters.per == "department"

    def check(case: Case) -> Iterable[Hit | Missing]:
        day = settled_on(case)
        if not case.lines or day is None:
            return ()
        if case.feeds.find(Budget, "") is None:
            return (_NOT_LOADED,)
        department = case.encounter.department if of_department else ""
        if of_department and not department:
            return (Missing("department"),)
        found = case.feeds.find(Budget, (case.encounter.facility.id, department, month_of(day)))
        if not found:
            return (_NOT_LOADED,)
        return _judge(case, found[0], levels)

    return check


def _judge(case: Case, budget: Budget, levels: Iterable[Decimal]) -> Iterable[Hit | Missing]:
    own, is_known = ZERO, True
    for line in case.lines:
        if line.service_date > budget.spent_until and month_of(line.service_date) == budget.month:
            claimed = line.claimed_amount
            is_known = is_known and claimed is not None
            own += claimed or ZERO
    spent = budget.spent + own
    level = next((level for level in levels if spent * _WHOLE >= level * budget.amount), None)
    if level is None or not spent:
        return () if is_known else (Missing("line.amount"),)
    facts = {
        "subject": f"科室{budget.department}" if budget.department else "本机构",
        "month": budget.month,
        "budget": plain(budget.amount),
        "spent": plain(spent),
        "percent": _percent(spent, budget.amount),
        "level": plain(level),
    }
    return (Hit((), facts=facts, amount=min(max(spent - budget.amount, ZERO), own)),)


def _percent(spent: Decimal, amount: Decimal) -> str:
    return plain((spent * _WHOLE / amount).quantize(CENT, ROUND_HALF_UP)) if amount else "100以上"


KIND = RuleKind(
    name="budget",
    title="预算预警",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"subject", "month", "budget", "spent", "percent", "level"}),
)
