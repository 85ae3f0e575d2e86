"""Repeated elsewhere (检查检验结果互认): an examination that another facility made a few days ago.

A line is at fault where an item of the same point was charged to the patient in another facility on its day or within
the `window_days` before it: that result is to be recognised. Repeats within one facility are left to other rules. Not
judged are encounters of `excluded_care_types`, where one may not wait for a result.

```yaml
kind: repeated_elsewhere
parameters: {excluded_care_types: [emergency]}
```

```csv
point,item_code,item_name,window_days
K1,002102000010000|002102000020000,磁共振扫描,30
```
"""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import CareType
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    excluded_care_types: tuple[CareType, ...] = ()


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    window_days: Annotated[int, Meta(ge=1, le=366)]


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    codes, window = CodeSet(point.item_code), point.window_days
    excluded = frozenset(parameters.excluded_care_types)

    def check(line: Line, case: Case) -> Outcome:
        care_type = case.encounter.care_type
        if care_type in excluded:
            return None
        if case.history is None:
            return Missing("history")
        if not case.past_lines_of(codes):
            return None
        found = sorted(_elsewhere(line, case, codes, window), key=lambda one: one[0].service_date)
        if not found:
            return None
        if excluded and not care_type:
            return Missing("care_type")
        other, facility = found[-1]
        facts = {
            "other": other.name,
            "facility": facility,
            "date": other.service_date.isoformat(),
            "days": str((line.service_date - other.service_date).days),
        }
        return Hit((line,), [one for one, _ in found], facts)

    return check


def _elsewhere(line: Line, case: Case, codes: CodeSet, window: int) -> Iterator[tuple[Line, str]]:
    """The same examination in other facilities, each with the facility."""
    here = case.encounter.facility.id
    for past in case.earlier_encounters:
        if past.facility.id != here:
            for other in past.lines:
                if 0 <= (line.service_date - other.service_date).days <= window and other.item_code in codes:
                    yield other, past.facility.id


KIND = RuleKind(
    name="repeated_elsewhere",
    title="检查检验结果互认",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"other", "facility", "date", "days"}),
    past_days=lambda point, _: point.window_days,
    tells_history=True,
    past_patterns=lambda point, _: point.item_code,
)
