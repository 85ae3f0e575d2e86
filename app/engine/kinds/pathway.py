"""Clinical pathway (临床路径外用药、项目): items that the pathway of the patient's disease does not hold.

The pathway applies to an encounter with one of `diagnoses` and, where `procedures` is given, one of those too. A
diagnosis of `unless_diagnoses` justifies the item. A diagnosis that is not an ICD-10 code may be any disease: where no
other matches it may be the one that opens the pathway, and where one does it may be the one that justifies the item,
so the point is not evaluated. `alternative` says what the pathway holds instead.

```yaml
kind: pathway
parameters: {}
```

```csv
point,pathway,item_code,diagnoses,procedures,unless_diagnoses,alternative
K1,急性单纯性阑尾炎,XJ01DD*,K35*,47.0*,K65*|J13-J18,第二代头孢菌素
```
"""

from app.domain.case import Case
from app.domain.codes import CodeSet, is_diagnosis_code
from app.domain.encounter import Diagnosis
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    pathway: str
    diagnoses: tuple[str, ...]
    procedures: tuple[str, ...] = ()
    unless_diagnoses: tuple[str, ...] = ()
    alternative: str = ""


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> ItemCheck:
    wanted, done, justified = (
        CodeSet(patterns) for patterns in (point.diagnoses, point.procedures, point.unless_diagnoses)
    )
    if not wanted:
        raise ValueError("gives no diagnosis; fill the column diagnoses")

    def check(line: Line, case: Case) -> Outcome:
        if done and not done.matching(case.procedure_codes):
            return None
        if justified and justified.matching(case.diagnosis_codes):
            return None
        found = next((one for one in case.encounter.diagnoses if one.code and one.code in wanted), None)
        if found is None:
            return None if _all_known(case) else Missing("diagnoses")
        if justified and not _all_known(case):
            return Missing("diagnoses")
        facts = {"pathway": point.pathway, "alternative": point.alternative, "diagnosis": _told(found)}
        return Hit((line,), facts=facts)

    return check


def _all_known(case: Case) -> bool:
    diagnoses = case.encounter.diagnoses
    return bool(diagnoses) and all([is_diagnosis_code(diagnosis.code) for diagnosis in diagnoses])


def _told(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.name}（{diagnosis.code}）" if diagnosis.name else diagnosis.code


KIND = RuleKind(
    name="pathway",
    title="临床路径外用药、项目",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"pathway", "alternative", "diagnosis"}),
)
