"""Trace codes (药品追溯码重复结算): the code of one pack is settled twice, in this encounter or in another.

Every pack carries a code of its own, so a second settlement means that a drug went back into the trade, or never left
the shelf. Within the encounter the first line with a code is right, the later ones are at fault; a code that the feed
knows as settled in another encounter is at fault wherever it stands. Packs opened for several patients (拆零) and
settlements taken back do not count. One finding a line holds all its codes that were used before.

```yaml
kind: trace_code
parameters: {}
```

```csv
point,item_code,item_name
TC-001,X*|Z*,西药和中成药
```
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.feed import TraceCode
from app.domain.line import Line
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table

_TOLD = 5  # codes that a message names


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> EncounterCheck:
    codes = CodeSet(point.item_code)

    def check(case: Case) -> Iterable[Hit | Missing]:
        lines = case.lines_of(codes)
        return _faults(case, lines) if lines else ()

    return check


def _faults(case: Case, lines: Sequence[Line]) -> Iterator[Hit | Missing]:
    seen: dict[str, Line] = {}  # the first line with each code
    for line in lines:
        again: dict[str, TraceCode | None] = {}  # by code: where it was settled, None: in this encounter
        beside: dict[str, Line] = {}
        for code in line.trace_codes:
            settled = case.feeds.find(TraceCode, code) or ()
            if any(one.is_split for one in settled):
                continue
            if other := _elsewhere(case, settled):
                again[code] = other
            elif code in seen:
                again.setdefault(code, None)
            if (earlier := seen.setdefault(code, line)) is not line:
                beside[earlier.id] = earlier
        if again:
            yield Hit((line,), tuple(beside.values()), _facts(again, beside))
    if not all(line.trace_codes for line in lines):
        yield Missing("line.trace_codes")
    if seen and case.feeds.find(TraceCode, "") is None:
        yield Missing("feed.trace_codes")


def _elsewhere(case: Case, settled: Iterable[TraceCode]) -> TraceCode | None:
    """The earliest settlement that stands in another encounter."""
    own = (case.encounter.facility.id, case.encounter.id)
    others = [one for one in settled if not one.is_withdrawn and (one.facility, one.encounter) != own]
    return min(others, key=lambda one: (one.settled_date, one.key), default=None)


def _facts(again: dict[str, TraceCode | None], beside: Collection[str]) -> dict[str, str]:
    settled = [one for one in again.values() if one is not None]
    if settled:
        earlier = f"{settled[0].settled_date}已在医疗机构{settled[0].facility}结算"
    else:
        earlier = "已用于本次就诊的另一条明细" if beside else "在同一条明细中填了两次"
    return {"codes": "、".join(list(again)[:_TOLD]), "count": str(len(again)), "earlier": earlier}


KIND = RuleKind(
    name="trace_code",
    title="药品追溯码重复结算",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"codes", "count", "earlier"}),
)
