"""Charge dates (计费日期与住院时间不符): lines dated before the admission, after the discharge, or after death.

One finding holds all lines of a fault. Only stays are judged: outpatient visits have no end that counts. The day of
discharge itself is within the stay. `grace_days` allows for what is booked late. The rule has no knowledge file.

```yaml
kind: charge_dates
parameters: {grace_days: 0}
```
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta

from app.domain.case import Case
from app.domain.encounter import CareType
from app.domain.line import Line
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table

_STAYS = frozenset({CareType.INPATIENT, CareType.DAY_CASE})


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    grace_days: Annotated[int, Meta(ge=0, le=30)] = 0


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


def prepare(_: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    grace = timedelta(days=parameters.grace_days)

    def check(case: Case) -> Iterable[Hit | Missing]:
        encounter = case.encounter
        if not case.lines:
            return ()
        if not encounter.care_type:
            return (Missing("care_type"),)
        if encounter.care_type not in _STAYS:
            return ()
        return _faults(case, grace)

    return check


def _faults(case: Case, grace: timedelta) -> Iterator[Hit | Missing]:
    encounter = case.encounter
    if encounter.start_at is None:
        yield Missing("start_at")
    else:
        yield from _outside(case.lines, "入院", encounter.start_at.date(), before=True, grace=grace)
    death = None if encounter.death_at is None else encounter.death_at.date()
    if encounter.end_at is not None:
        end = encounter.end_at.date()
        until = [line for line in case.lines if death is None or line.service_date <= death + grace]
        yield from _outside(until, "出院", end, before=False, grace=grace)
    if death is not None:
        yield from _outside(case.lines, "死亡", death, before=False, grace=grace)


def _outside(lines: Sequence[Line], event: str, day: date, *, before: bool, grace: timedelta) -> Iterator[Hit]:
    found = [line for line in lines if (line.service_date < day - grace if before else line.service_date > day + grace)]
    if found:
        side = "前" if before else "后"
        dates = sorted({line.service_date.isoformat() for line in found})
        yield Hit(
            found, facts={"event": event, "event_date": day.isoformat(), "side": side, "dates": "、".join(dates[:5])}
        )


KIND = RuleKind(
    name="charge_dates",
    title="计费日期与住院时间不符",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"event", "event_date", "side", "dates"}),
)
