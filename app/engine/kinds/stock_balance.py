"""Stock balance (进销存异常): more of an item is charged than was ever in stock to be charged.

What there was is what the stock feed tells of the facility and the item: opening + received − dispensed elsewhere −
closing. It is set against what this encounter charges in the period or, where the feed tells it, what all bills of the
period charge together, whichever is more. One finding holds the lines of an item past what there was, with the part of
their amount that is past it; its earlier lines of the period are related.

```yaml
kind: stock_balance
parameters: {}
```

```csv
point,item_code,item_name
SB-001,X*|Z*,西药和中成药
```
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import zip_longest

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.feed import StockBalance
from app.domain.line import Line
from app.domain.money import ZERO, plain
from app.engine.excess import past_quantity
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table

_NOT_LOADED = Missing("feed.stock")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> EncounterCheck:
    codes = CodeSet(point.item_code)

    def check(case: Case) -> Iterable[Hit | Missing]:
        for code, lines in case.lines_by_code.items():
            if code in codes:
                yield from _of_item(case, code, lines)

    return check


def _of_item(case: Case, code: str, lines: Sequence[Line]) -> Iterator[Hit | Missing]:
    balances = case.feeds.find(StockBalance, (case.encounter.facility.id, code))
    if balances is None:
        yield _NOT_LOADED
        return
    known = 0
    for balance, last in zip(balances, _ends(balances), strict=True):
        group = [line for line in lines if balance.start <= line.service_date <= last]
        known += len(group)
        if group:
            yield from _of_period(group, balance)
    if known < len(lines):
        yield _NOT_LOADED


def _ends(balances: Sequence[StockBalance]) -> Iterator[date]:
    """The last day on which each balance holds: its own, or the day before the next one starts."""
    for balance, following in zip_longest(balances, balances[1:]):
        yield balance.end if following is None else min(balance.end, following.start - timedelta(days=1))


def _of_period(group: Sequence[Line], balance: StockBalance) -> Iterator[Hit | Missing]:
    if balance.unit and any(line.unit not in ("", balance.unit) for line in group):
        yield Missing("line.unit")
        return
    own = sum((line.quantity for line in group), ZERO)
    charged = max(own, balance.charged or ZERO)
    if charged <= balance.available:
        return
    at_fault, related, amount = past_quantity(group, own - min(own, charged - balance.available))
    facts = {
        "charged": plain(charged),
        "available": plain(balance.available),
        "excess": plain(charged - balance.available),
        "period": f"{balance.start}至{balance.end}",
    }
    yield Hit(at_fault, related, facts, amount)


KIND = RuleKind(
    name="stock_balance",
    title="进销存异常",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"charged", "available", "excess", "period"}),
)
