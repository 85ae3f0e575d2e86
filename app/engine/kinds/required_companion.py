"""Required companion (缺少必需项目): an item that may be charged only beside another item, or a procedure.

`item_code` is at fault where nothing of `companion_code` stands beside it: in its `prescription`, on its `day`, in its
`stay`, or `before` it (within `window_days` up to and with the line's day, other encounters of the patient included).
A matching `companion_procedures` (ICD-9-CM-3) of the encounter is a companion too, whenever it was performed. Until the
encounter is settled its procedures may not be coded yet: where the point asks for one and there is none at all, it is
not evaluated.

```yaml
kind: required_companion
parameters: {within: stay}
```

```csv
point,item_code,item_name,companion_code,companion_name,companion_procedures
K1,003301000060100,血液加温治疗(术中加温),003302*|003303*|003304*|003305*,手术治疗,
K2,003301000060200,血液加温治疗(体外加温),,体外循环,39.6*
```
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.decision import Stage
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

Within = Literal["prescription", "day", "stay", "before"]


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    within: Within


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    companion_code: tuple[str, ...] = ()
    companion_name: str = ""
    companion_procedures: tuple[str, ...] = ()
    window_days: Annotated[int, Meta(ge=1, le=3660)] | None = None


def _beside(within: Within, window_days: int, line: Line) -> Callable[[Line], bool]:
    day = line.service_date
    if within == "day":
        return lambda other: other.service_date == day
    if within == "before":
        first = day - timedelta(days=window_days - 1)
        return lambda other: first <= other.service_date <= day
    if within == "prescription":
        number = line.prescription_id
        return lambda other: bool(number) and other.prescription_id == number
    return lambda _: True


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    codes, procedures = CodeSet(point.companion_code), CodeSet(point.companion_procedures)
    within, window_days = parameters.within, point.window_days or 1
    if not codes and not procedures:
        raise ValueError("no companion is given; fill companion_code or companion_procedures")
    if within == "before" and point.window_days is None:
        raise ValueError("window_days is blank; `within: before` needs the number of days")
    looks_back = past_days(point, parameters) > 0
    facts = {"companion": point.companion_name or "、".join(point.companion_code + point.companion_procedures)}

    def check(line: Line, case: Case) -> Outcome:
        beside = _beside(within, window_days, line)
        others = [other for other in case.lines_of(codes) if other is not line] if codes else []
        if any([beside(other) for other in others]):
            return None
        if procedures and procedures.matching(case.procedure_codes):
            return None
        if looks_back and any([beside(other) for other in case.past_lines_of(codes)]):
            return None
        unknown = _unknown(line, case, others if within == "prescription" else [], looks_back)
        if unknown is None and procedures and not case.procedure_codes and case.stage is not Stage.SETTLED:
            unknown = Missing("procedures")
        return unknown or Hit((line,), facts=facts)

    return check


def _unknown(line: Line, case: Case, unplaced: list[Line], looks_back: bool) -> Missing | None:
    """The fact that may still show a companion. `unplaced` are those that may stand in the line's prescription."""
    if looks_back and case.history is None:
        return Missing("history")
    if any([not line.prescription_id or not other.prescription_id for other in unplaced]):
        return Missing("line.prescription_id")
    return None


def past_days(point: Point, parameters: Parameters) -> int:
    return (point.window_days or 1) - 1 if parameters.within == "before" and point.companion_code else 0


KIND = RuleKind(
    name="required_companion",
    title="缺少必需项目",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"companion"}),
    past_days=past_days,
    tells_history=True,
    past_patterns=lambda point, _: point.companion_code,
)
