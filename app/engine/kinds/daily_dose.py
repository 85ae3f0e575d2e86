"""Daily dose (超说明书用量、饮片超量): more of a drug in a day than its label or the pharmacopoeia allows.

The drugs of a row count together on one service day. Each line adds its dose, by `contents` (what a charged unit holds,
in `dose_unit`), else by its specification, divided by its days of supply. A line without days of supply is one day's
dose in a stay or in emergency care, unless it is taken home or the rule `needs_days`; elsewhere the day is not
evaluated. Above `max_daily` all lines of the day are at fault, with the part of their amount that lies above.

```yaml
kind: daily_dose
parameters: {needs_days: false}
```

```csv
point,item_code,item_name,dose_unit,max_daily,contents
K1,XM01AXA267A001*,艾拉莫德片,mg,50,片=25
K2,T001700368,黄芪,g,30,
```
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import CareType
from app.domain.line import Line
from app.domain.money import CENT, SMALLEST, ZERO, check_number, plain
from app.engine.dose import dose_of, read_contents
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

_DAY_BY_DAY = frozenset({CareType.INPATIENT, CareType.DAY_CASE, CareType.EMERGENCY})


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    needs_days: bool = False


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    dose_unit: str
    max_daily: Decimal
    contents: tuple[str, ...] = ()


def _service_date(line: Line) -> date:
    return line.service_date


def _days(line: Line, case: Case, needs_days: bool) -> int | None:
    """For how many days the line is; None where it does not say and may be for several."""
    if line.days_supply is not None:
        return line.days_supply
    is_one_day = not needs_days and not line.is_discharge_medication and case.encounter.care_type in _DAY_BY_DAY
    return 1 if is_one_day else None


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    codes, contents, limit, unit = (
        CodeSet(point.item_code),
        read_contents(point.contents),
        point.max_daily,
        point.dose_unit,
    )
    check_number(limit, "max_daily", smallest=SMALLEST)
    needs_days = parameters.needs_days

    def check(line: Line, case: Case) -> Outcome:
        lines = case.group_of(line, codes, _service_date)
        if lines[-1] is not line:
            return None
        total, unknown = ZERO, ""
        for one in lines:
            dose, days = dose_of(one, contents, unit), _days(one, case, needs_days)
            if dose is not None and days is not None:
                total += dose / days
            else:
                unknown = unknown or ("line.days_supply" if days is None else "line.unit")
        if total - limit <= SMALLEST:  # what a division has rounded is no excess
            return Missing(unknown) if unknown else None
        facts = {
            "daily": plain(total.quantize(CENT)),
            "limit": plain(limit),
            "excess": plain((total - limit).quantize(CENT)),
        }
        return Hit(lines, facts=facts, amount=_above(lines, limit / total) if not unknown else None)

    return check


def _above(lines: Sequence[Line], within: Decimal) -> Decimal | None:
    amounts = [line.claimed_amount for line in lines]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) * (1 - within) if len(known) == len(amounts) else None


KIND = RuleKind(
    name="daily_dose",
    title="超日用量",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"daily", "limit", "excess"}),
)
