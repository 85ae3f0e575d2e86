"""Late upload (就诊数据非实时上传): charges that reached the insurance too long after the day of the service.

A line is late where it was uploaded more than `max_hours` after the end of its service day; `care_types` limits the
rule to some ways of care. One finding holds all late lines of the encounter. A line whose upload time is not known is
not judged, and that is said. The rule has no knowledge file.

```yaml
kind: late_upload
parameters: {max_hours: 24, care_types: [outpatient, emergency]}
```
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Annotated

from msgspec import Meta

from app.domain.case import Case
from app.domain.encounter import CareType
from app.domain.line import ChargeLine
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table

_DAY = timedelta(days=1)


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    max_hours: Annotated[int, Meta(ge=0, le=8784)]
    care_types: tuple[CareType, ...] = ()


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


def _delay(line: ChargeLine, uploaded_at: datetime) -> timedelta:
    return uploaded_at - datetime.combine(line.service_date, time.min) - _DAY


def prepare(_: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    allowed, care_types = timedelta(hours=parameters.max_hours), frozenset(parameters.care_types)

    def check(case: Case) -> Iterable[Hit | Missing]:
        encounter = case.encounter
        if not encounter.charge_lines:
            return ()
        if care_types and encounter.care_type not in care_types:
            return () if encounter.care_type else (Missing("care_type"),)
        return _faults(encounter.charge_lines, allowed, parameters.max_hours)

    return check


def _faults(lines: tuple[ChargeLine, ...], allowed: timedelta, hours: int) -> Iterator[Hit | Missing]:
    known = [(line, line.uploaded_at) for line in lines if line.uploaded_at is not None]
    late = [(line, delay) for line, at in known if (delay := _delay(line, at)) > allowed]
    if late:
        facts = {
            "count": str(len(late)),
            "dates": "、".join(sorted({line.service_date.isoformat() for line, _ in late})[:5]),
            "delay_days": str(-(max(delay for _, delay in late) // -_DAY)),
            "max_hours": str(hours),
        }
        yield Hit([line for line, _ in late], facts=facts)
    if len(known) < len(lines):
        yield Missing("line.uploaded_at")


KIND = RuleKind(
    name="late_upload",
    title="就诊数据非实时上传",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"count", "dates", "delay_days", "max_hours"}),
)
