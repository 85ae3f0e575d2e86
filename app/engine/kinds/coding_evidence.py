"""Coding evidence (诊断编码缺少对应的诊疗): a coded disease of which nothing that was charged shows a trace.

For a diagnosis of a stay (not one that stood only on admission) there must be a charge of `evidence_code` or a
procedure of `evidence_procedures`; one is enough. Nothing is found in an encounter without lines, and a line without a
national code may be the evidence, so the point is then not evaluated. `of` limits the rule to principal or to secondary
diagnoses. A finding is a question to the coder, never a recoding.

```yaml
kind: coding_evidence
parameters: {of: any}
```

```csv
point,diagnoses,disease,evidence_code,evidence_procedures,evidence
K1,J96*,呼吸衰竭,001203000010000|003106030*,96.7*|93.90*,吸氧或呼吸机辅助呼吸
```
"""

from typing import Literal

from app.domain.case import Case
from app.domain.codes import CodeSet, is_national_item_code
from app.domain.encounter import Diagnosis, DiagnosisUse
from app.engine.kind import DiagnosisCheck, Hit, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table
from app.engine.known import STAYS, principal_diagnosis, told


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    of: Literal["any", "principal", "secondary"] = "any"


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    diagnoses: tuple[str, ...]
    disease: str
    evidence: str
    evidence_code: tuple[str, ...] = ()
    evidence_procedures: tuple[str, ...] = ()


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> DiagnosisCheck:
    charged, done = CodeSet(point.evidence_code), CodeSet(point.evidence_procedures)
    if not charged and not done:
        raise ValueError("names nothing that would be evidence; fill evidence_code or evidence_procedures")
    of = parameters.of

    def check(diagnosis: Diagnosis, case: Case) -> Outcome:
        encounter = case.encounter
        if diagnosis.use is DiagnosisUse.ADMISSION or not case.lines:
            return None
        if encounter.care_type not in STAYS:
            return None if encounter.care_type else Missing("care_type")
        if of != "any" and (principal := principal_diagnosis(case)) is None:
            return Missing("diagnoses.is_principal")
        if of != "any" and (diagnosis is principal) != (of == "principal"):
            return None
        if (done and done.matching(case.procedure_codes)) or (charged and case.lines_of(charged)):
            return None
        if not all([is_national_item_code(line.item_code) for line in case.lines]):
            return Missing("line.item_code")
        facts = {"diagnosis": told(diagnosis.name or point.disease, diagnosis.code), "evidence": point.evidence}
        return Hit((), facts=facts)

    return check


KIND = RuleKind(
    name="coding_evidence",
    title="诊断编码缺少对应的诊疗",
    parameters=Parameters,
    point=Point,
    on=On.DIAGNOSIS,
    prepare=prepare,
    patterns=lambda point, _: point.diagnoses,
    facts=frozenset({"diagnosis", "evidence"}),
)
