"""Disease catalogue (病种目录范围): what an approved outpatient disease pays for, and what it does not.

Judged only in 门诊慢特病 visits. For a patient approved for `disease_code` the lines of `item_code` (what the catalogue
is about) must be of `allowed_code`; one finding holds all that are not. A disease that no row names has no catalogue.

```yaml
kind: disease_catalogue
parameters: {}
```

```csv
point,disease_code,disease,item_code,allowed_code
K1,M03900,高血压,X*|Z*,XC02*|XC03*|XC07*|XC08*|XC09*
```
"""

from collections.abc import Iterable

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import CareType
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    disease_code: tuple[str, ...]
    disease: str
    item_code: tuple[str, ...]
    allowed_code: tuple[str, ...]


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> EncounterCheck:
    diseases, subject, allowed = (
        CodeSet(patterns) for patterns in (point.disease_code, point.item_code, point.allowed_code)
    )

    def check(case: Case) -> Iterable[Hit | Missing]:
        encounter = case.encounter
        if encounter.care_type is not CareType.CHRONIC_OUTPATIENT:
            return ()
        outside = [line for line in case.lines_of(subject) if line.item_code not in allowed]
        disease = encounter.coverage.chronic_disease
        if not outside or (disease and disease not in diseases):
            return ()
        if not disease:
            return (Missing("coverage.chronic_disease"),)
        names = "、".join(dict.fromkeys([line.name for line in outside][:5]))
        return (Hit(outside, facts={"disease": point.disease, "items": names}),)

    return check


KIND = RuleKind(
    name="disease_catalogue",
    title="超限定病种目录范围使用",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"disease", "items"}),
)
