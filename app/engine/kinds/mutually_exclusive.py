"""Mutually exclusive items (重复收费、配伍禁忌): two items that may not both be charged or used together.

`item_code` is kept, `excluded_code` is at fault when it stands beside it: in one `prescription`, on one `day`, within
`days` (`window_days` either way), or in one `stay`. Where the two are equals (incompatible pieces), one row is enough:
whichever order the lines have, one finding names both.

```yaml
kind: mutually_exclusive
parameters: {within: day}
```

```csv
point,item_code,item_name,excluded_code,excluded_name
K1,001103000010000,急诊监护费,001102000030000,急诊诊查费
```
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, On, Outcome, RuleKind, Shape, Table

Within = Literal["prescription", "day", "days", "stay"]


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    within: Within
    look_back: bool = False  # for `day` and `days`: where the encounter has no such line, those of the others count


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    excluded_code: tuple[str, ...]
    excluded_name: str = ""
    window_days: Annotated[int, Meta(ge=1, le=366)] | None = None


def _together(within: Within, window_days: int, line: Line) -> Callable[[Line], bool]:
    if within == "day":
        return lambda other: other.service_date == line.service_date
    if within == "days":
        return lambda other: abs((other.service_date - line.service_date).days) <= window_days
    if within == "prescription":
        number = line.prescription_id
        return lambda other: bool(number) and other.prescription_id == number
    return lambda _: True


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    kept_codes = CodeSet(point.item_code)
    within, window_days = parameters.within, point.window_days or 0
    if within == "days" and not window_days:
        raise ValueError("gives no window_days, which `within: days` counts")
    looks_back = past_days(point, parameters) > 0
    if kept_codes.prefixes or looks_back:
        return partial(_beside_any, kept_codes, within, window_days, looks_back)
    if len(kept_codes.exact) > 1:
        return partial(_beside_several, kept_codes, within, window_days)
    (kept_code,) = kept_codes.exact
    return partial(_beside_one, kept_code, within, window_days)


def _beside_one(kept_code: str, within: Within, window_days: int, line: Line, case: Case) -> Outcome:
    kept = case.lines_by_code.get(kept_code)
    return None if kept is None else _hit(line, kept, within, window_days)


def _beside_several(codes: CodeSet, within: Within, window_days: int, line: Line, case: Case) -> Outcome:
    if case.lines_by_code.keys().isdisjoint(codes.exact):
        return None
    return _hit(line, case.lines_of(codes), within, window_days)


def _beside_any(codes: CodeSet, within: Within, window_days: int, looks_back: bool, line: Line, case: Case) -> Outcome:
    found = _hit(line, case.lines_of(codes), within, window_days)
    if found is None and looks_back:  # so that what is said of the encounter itself does not hang on what was fetched
        return _hit(line, case.past_lines_of(codes), within, window_days)
    return found


def _hit(line: Line, others: Sequence[Line], within: Within, window_days: int) -> Hit | None:
    beside = _together(within, window_days, line)
    kept = [other for other in others if other is not line and beside(other)]
    if not kept:
        return None
    return Hit((line,), kept, {"kept": kept[0].name, "kept_date": kept[0].service_date.isoformat()})


def past_days(point: Point, parameters: Parameters) -> int:
    if not parameters.look_back:
        return 0
    return (point.window_days or 0) + 1 if parameters.within == "days" else 1 if parameters.within == "day" else 0


KIND = RuleKind(
    name="mutually_exclusive",
    title="重复收费、配伍禁忌",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.excluded_code,
    facts=frozenset({"kept", "kept_date"}),
    past_days=past_days,
    past_patterns=lambda point, _: point.item_code,
    item_name=lambda point: point.excluded_name,
)
