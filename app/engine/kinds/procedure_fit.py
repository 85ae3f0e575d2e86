"""Procedure fit (手术操作编码与性别、主要诊断不符): an operation that this patient cannot have had, or not for this.

`procedures` names the ICD-9-CM-3 codes that the row is about. `sex` is who can have them: every procedure of the
encounter is looked at. `diagnoses` is the list of principal diagnoses that the principal procedure belongs to: only the
two principal codes are compared, and an only diagnosis or procedure is the principal one. A principal diagnosis that is
not an ICD-10 code may be any disease, so it breaks nothing.

```yaml
kind: procedure_fit
parameters: {}
```

```csv
point,procedures,operation,sex,diagnoses
K1,66*,输卵管手术,female,
K2,47.0100,腹腔镜下阑尾切除术,,K35-K38|C18.1*|D12.1*
```
"""

from collections.abc import Iterable, Iterator

from app.domain.case import Case
from app.domain.codes import CodeSet, is_diagnosis_code
from app.domain.encounter import Procedure, Sex
from app.domain.labels import label
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.known import principal_diagnosis, told


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    procedures: tuple[str, ...]
    operation: str = ""
    sex: Sex = Sex.UNKNOWN
    diagnoses: tuple[str, ...] = ()


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> EncounterCheck:
    named, allowed = CodeSet(point.procedures), CodeSet(point.diagnoses)
    if not point.sex and not allowed:
        raise ValueError("gives no condition; fill sex or diagnoses")

    def check(case: Case) -> Iterable[Hit | Missing]:
        codes = case.procedure_codes
        return _judge(case, point, named, allowed) if codes and any([code in named for code in codes]) else ()

    return check


def _judge(case: Case, point: Point, named: CodeSet, allowed: CodeSet) -> Iterator[Hit | Missing]:
    found = [one for one in case.encounter.procedures if one.code in named]
    sex = case.patient.sex
    if point.sex and not sex:
        yield Missing("patient.sex")
    elif point.sex and sex is not point.sex:
        for one in {one.code: one for one in found}.values():
            yield _hit(point, one, f"限{label(point.sex)}，患者为{label(sex)}", "")
    if allowed:
        yield from _of_principal(case, point, named, allowed)


def _of_principal(case: Case, point: Point, named: CodeSet, allowed: CodeSet) -> Iterator[Hit | Missing]:
    operations = case.encounter.procedures
    marked = [one for one in operations if one.is_principal] or operations
    if len(marked) > 1:
        yield Missing("procedures.is_principal")
        return
    if marked[0].code not in named:
        return
    principal = principal_diagnosis(case)
    if principal is None:
        yield Missing("diagnoses.is_principal" if case.diagnosis_codes else "diagnoses")
    elif not is_diagnosis_code(principal.code):
        yield Missing("diagnoses")
    elif principal.code not in allowed:
        diagnosis = told(principal.name, principal.code)
        yield _hit(point, marked[0], f"主要诊断{diagnosis}不在其对应的诊断之内", diagnosis)


def _hit(point: Point, procedure: Procedure, broken: str, diagnosis: str) -> Hit:
    procedure_told = told(procedure.name or point.operation, procedure.code)
    return Hit((), facts={"procedure": procedure_told, "broken": broken, "diagnosis": diagnosis})


KIND = RuleKind(
    name="procedure_fit",
    title="手术操作编码与性别、主要诊断不符",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"procedure", "broken", "diagnosis"}),
)
