"""Quantity limit (限数量、频次、疗程): no more than so much of an item within a line, a prescription, or a time.

`measure` is what is added up: `quantity`; `times` (lines); `days` (days of use: distinct service dates, or the days of
supply where a line gives them); `distinct` (different items); `amount` (yuan claimed). `per` is within what: `line`,
`prescription`, `day`, `stay` (the encounter), `rolling` (`window_days` up to and with the line's day), `month`, `year`.
All codes of a point count together. `limit` is a number, or blank with `limit_is_stay_days` for the bed days of the
stay plus `extra`. Lines past the limit are at fault, with the part of their amount that is past it; earlier lines and
those of other encounters (for `rolling`, `month`, `year`) are related. For `rolling`, each day with a line past the
limit is one finding.

```yaml
kind: quantity_limit
parameters: {measure: quantity, per: rolling}
```

```csv
point,item_code,item_name,limit,window_days
K1,002503020030000,糖化血红蛋白测定,1,15
```
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case, stay_days
from app.domain.codes import CodeSet, ingredient_of
from app.domain.line import Line
from app.domain.money import ZERO, check_number, plain
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

Measure = Literal["quantity", "times", "days", "distinct", "amount"]
Per = Literal["line", "prescription", "day", "stay", "rolling", "month", "year"]
_PAST_DAYS = {"month": 31, "year": 366}


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    measure: Measure
    per: Per
    limit_is_stay_days: bool = False
    extra: int = 0


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    limit: Decimal | None = None
    unit: str = ""
    window_days: Annotated[int, Meta(ge=1, le=3660)] | None = None


Share = tuple[Decimal, Decimal]  # how much of a line lies past the limit, of how much it adds


def _adds(measure: Measure, line: Line) -> Decimal | None:
    """What a line adds to the sum; None where it does not say."""
    if measure == "quantity":
        return line.quantity
    if measure == "amount":
        return line.claimed_amount
    return Decimal(line.days_supply) if measure == "days" and line.days_supply is not None else Decimal(1)


def _key(measure: Measure, line: Line) -> str | date | None:
    """What counts only once however many lines share it: the day, or the ingredient."""
    if measure == "distinct":
        return ingredient_of(line.item_code)
    return line.service_date if measure == "days" and line.days_supply is None else None


def _shares(lines: Sequence[Line], limit: Decimal, measure: Measure) -> tuple[Decimal, list[Share]]:
    """The sum of all lines, and the share of each, taken in order, that lies past the limit.

    A line that shares its day or ingredient with an earlier one adds nothing, and lies past the limit as that one does.
    """
    total, shares = ZERO, []
    counted: dict[str | date, Share] = {}
    for line in lines:
        key = _key(measure, line)
        share = None if key is None else counted.get(key)
        if share is None:
            adds = _adds(measure, line) or ZERO
            total += adds
            share = (max(min(total - limit, adds), ZERO), adds)
            if key is not None:
                counted[key] = share
        shares.append(share)
    return total, shares


def _prescription(line: Line) -> str | int:
    """A line without a prescription number is a prescription of its own."""
    return line.prescription_id or id(line)


_KEYS: dict[Per, Callable[[Line], Hashable]] = {  # what lines that count together have in common
    "line": id,
    "prescription": _prescription,
    "day": lambda line: line.service_date,
    "stay": lambda _: None,
    "month": lambda line: (line.service_date.year, line.service_date.month),
    "year": lambda line: line.service_date.year,
}


def _service_date(line: Line) -> date:
    return line.service_date


def _rolling(same: Sequence[Line], line: Line, first: date) -> Sequence[Line]:
    """The lines from the first day up to and with all of the line's own day."""
    start = bisect_left(same, first, key=_service_date)
    return same[start : bisect_right(same, line.service_date, key=_service_date)]


def _quantity(lines: Sequence[Line]) -> Decimal:
    return sum([line.quantity for line in lines], ZERO)


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    fixed = None if parameters.limit_is_stay_days else point.limit
    if fixed is not None:
        check_number(fixed, "limit")
    elif not parameters.limit_is_stay_days:
        raise ValueError("gives no limit; fill the column limit, or set limit_is_stay_days")
    if parameters.per == "rolling" and point.window_days is None:
        raise ValueError("gives no window_days, which `per: rolling` counts within")
    codes = CodeSet(point.item_code)
    if len(codes.exact) == 1 and not codes.prefixes:
        return _check_of_one(parameters, fixed, point.window_days)
    return _make_check(parameters, fixed, point.window_days, codes)


@lru_cache(8192)
def _check_of_one(parameters: Parameters, fixed: Decimal | None, window_days: int | None) -> ItemCheck:
    """One check serves all points on a single item with the same limit: fewer objects to keep, and to fetch."""
    return _make_check(parameters, fixed, window_days, None)


def _make_check(
    parameters: Parameters, fixed: Decimal | None, window_days: int | None, codes: CodeSet | None
) -> ItemCheck:
    """`codes` None: the lines of the same item count together."""
    measure, per = parameters.measure, parameters.per
    back = timedelta(days=(window_days or 1) - 1)
    looks_back = per in ("rolling", *_PAST_DAYS)
    key = _KEYS.get(per, _service_date)
    # The quick way out: so few of the item that they stay within the limit whatever counts together.
    quick = fixed if measure == "quantity" and not looks_back else None

    def check(line: Line, case: Case) -> Outcome:
        same = case.lines_by_code[line.item_code] if codes is None else case.lines_of(codes)
        if quick is not None:
            name = ("quantity", line.item_code if codes is None else codes)
            if case.remember(name, partial(_quantity, same)) <= quick:
                return None
        group = _rolling(same, line, line.service_date - back) if per == "rolling" else case.group_of(line, codes, key)
        if group[-1] is not line:
            return None  # the last line of the group speaks for all of it
        limit = _limit(case, fixed, parameters.extra)
        if isinstance(limit, Missing):
            return limit
        if quick is not None and _quantity(group) <= limit:
            return None
        past = _past(case, codes, per, line.service_date - back, line) if looks_back else []
        return _judge(past, group, limit, measure, suspects_from=line.service_date if per == "rolling" else date.min)

    def check_alone(line: Line, case: Case) -> Outcome:
        if line.quantity <= most and len(case.lines_by_code[line.item_code]) == 1:
            return None
        return check(line, case)

    if quick is None or codes is not None:
        return check
    most = quick
    return check_alone


def _past(case: Case, codes: CodeSet | None, per: Per, first: date, line: Line) -> list[Line]:
    lines = case.past_lines_by_code.get(line.item_code, ()) if codes is None else case.past_lines_of(codes)
    if per == "rolling":
        return [other for other in lines if first <= other.service_date <= line.service_date]
    wanted = _KEYS[per](line)
    return [other for other in lines if _KEYS[per](other) == wanted]


def _limit(case: Case, fixed: Decimal | None, extra: int) -> Decimal | Missing:
    if fixed is not None:
        return fixed
    days = stay_days(case.encounter, until=max(other.service_date for other in case.lines) + timedelta(days=1))
    return Missing("start_at") if days is None else Decimal(days + extra)


def _judge(
    past: list[Line], group: Sequence[Line], limit: Decimal, measure: Measure, *, suspects_from: date
) -> Outcome:
    if measure == "amount" and any([_adds(measure, line) is None for line in group]):
        return Missing("line.amount")
    total, shares = _shares([*past, *group], limit, measure)
    at_fault, related = [], list(past)
    amount: Decimal | None = ZERO
    for line, (excess, adds) in zip(group, shares[len(past) :], strict=True):
        if excess > 0 and line.service_date >= suspects_from:
            at_fault.append(line)
            part = _part(line, excess, adds)
            amount = None if amount is None or part is None else amount + part
        else:
            related.append(line)
    if not at_fault:  # earlier lines of unknown amount could have used the limit up
        return Missing("line.amount") if any([_adds(measure, line) is None for line in past]) else None
    return Hit(
        at_fault, related, {"total": plain(total), "limit": plain(limit), "excess": plain(total - limit)}, amount
    )


def _part(line: Line, excess: Decimal, adds: Decimal) -> Decimal | None:
    """The part of the line's claimed amount that lies past the limit."""
    amount = line.claimed_amount
    return None if amount is None else amount if excess == adds else amount * excess / adds


def past_days(point: Point, parameters: Parameters) -> int:
    if parameters.per == "rolling":
        return max((point.window_days or 1) - 1, 1)  # other encounters of the same day count too
    return _PAST_DAYS.get(parameters.per, 0)


KIND = RuleKind(
    name="quantity_limit",
    title="限数量、频次、疗程",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"total", "limit", "excess"}),
    past_days=past_days,
)
