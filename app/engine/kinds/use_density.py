"""Use density (抗菌药物使用强度): defined daily doses of a class of drugs for each hundred days of a stay.

Each row gives one drug's defined daily dose (`ddd`, in `dose_unit`) and what its charged units hold (`contents`, else
the line's specification). All rows of the rule count together, over the stay so far, without what is taken home. One
finding holds all lines where there are more than `most` doses for 100 bed days. Lines of unknown dose leave the stay
not evaluated, unless the others are too many already. A stay of less than `min_days` so far is not judged.

```yaml
kind: use_density
parameters: {most: 300, min_days: 3}
```

```csv
point,item_code,item_name,dose_unit,ddd,contents
K1,XJ01DHM046B0*,美罗培南（注射剂）,g,3,
K2,XJ01XAW001B0*,万古霉素（注射剂）,g,2,
```
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from app.domain.case import Case, stay_days
from app.domain.codes import CodeSet
from app.domain.line import Line
from app.domain.money import SMALLEST, ZERO, check_number, plain
from app.engine.dose import dose_of, read_contents
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table
from app.engine.known import STAYS

_TENTH = Decimal("0.1")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    most: Decimal
    min_days: Annotated[int, Meta(ge=1, le=365)] = 1


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    dose_unit: str
    ddd: Decimal
    contents: tuple[str, ...] = ()


class _Drugs:
    """All rows of a rule, to tell each line's doses."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.codes = CodeSet([pattern for point in points for pattern in point.item_code])
        self._drugs = [(CodeSet(point.item_code), read_contents(point.contents), point) for point in points]

    def doses(self, line: Line) -> Decimal | None:
        for codes, contents, point in self._drugs:
            if line.item_code in codes:
                dose = dose_of(line, contents, point.dose_unit)
                return None if dose is None else dose / point.ddd
        return None


def prepare(point: Point, parameters: Parameters, table: Table[Point]) -> ItemCheck:
    check_number(point.ddd, "ddd", smallest=SMALLEST)
    read_contents(point.contents)
    most, min_days = parameters.most, parameters.min_days
    check_number(most, "most", smallest=SMALLEST)

    def check(line: Line, case: Case) -> Outcome:
        if case.encounter.care_type not in STAYS:
            return None if case.encounter.care_type else Missing("care_type")
        drugs = table.derive(_Drugs)
        lines = [one for one in case.lines_of(drugs.codes) if not one.is_discharge_medication]
        if not lines or lines[-1] is not line:
            return None
        days = stay_days(case.encounter, until=max(one.service_date for one in case.lines) + timedelta(days=1))
        if days is None:
            return Missing("start_at")
        if days < min_days:
            return None
        doses = [drugs.doses(one) for one in lines]
        total = sum([one for one in doses if one is not None], ZERO)
        density = total * 100 / days
        if density - most <= SMALLEST:  # what a division has rounded is no excess
            return Missing("line.unit") if None in doses else None
        facts = {"doses": plain(total.quantize(_TENTH)), "days": str(days), "density": plain(density.quantize(_TENTH))}
        return Hit(lines, facts=facts)

    return check


KIND = RuleKind(
    name="use_density",
    title="药物使用强度",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"doses", "days", "density"}),
)
