"""Admission without need (无指征住院、低标准入院): an inpatient stay that shows nothing for which one is admitted.

Judged once the patient is discharged. Every condition that the point gives must hold for a finding:
- `diagnoses`: the principal diagnosis is one of these, of diseases usually treated out-patient;
- `max_days`: the stay has no more bed days (the first day counts, the last does not);
- `ordinary_code`: every line is one of these (bed, nursing, examinations), so nothing was treated;
- `needed_code`, `needed_procedures`: no line and no ICD-9-CM-3 procedure is one of these (operations, critical care).
No diagnosis of the stay may be of `excluded_diagnoses`, nor the patient be younger than `min_age` or older than
`max_age`. The finding has no lines; it says what is claimed for the stay. It stays a suspicion: no claim tells how ill
the patient was.

```yaml
kind: admission_need
parameters: {}
```

```csv
point,diagnoses,max_days,ordinary_code,needed_code,needed_procedures,excluded_diagnoses,max_age
K1,,,001102*|001109*|0012010*|0021*|0022*|0023*|0025*|0027*,,,,
K2,J00|J06*,3,,001103*|0033*,,J96*|R65*,64
```
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import Meta

from app.domain.case import Case, stay_days
from app.domain.codes import CodeSet
from app.domain.encounter import CareType
from app.domain.line import total_claimed
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.stays import are_all_coded, principal_diagnosis

Age = Annotated[int, Meta(ge=0, le=150)]


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    diagnoses: tuple[str, ...] = ()
    max_days: Annotated[int, Meta(ge=1, le=60)] | None = None
    ordinary_code: tuple[str, ...] = ()
    needed_code: tuple[str, ...] = ()
    needed_procedures: tuple[str, ...] = ()
    excluded_diagnoses: tuple[str, ...] = ()
    min_age: Age | None = None
    max_age: Age | None = None


class _Need:
    def __init__(self, point: Point) -> None:
        self.diagnoses, self.excluded = CodeSet(point.diagnoses), CodeSet(point.excluded_diagnoses)
        self.ordinary, self.needed = CodeSet(point.ordinary_code), CodeSet(point.needed_code)
        self.procedures, self.max_days = CodeSet(point.needed_procedures), point.max_days
        self.ages = (point.min_age or 0, 150 if point.max_age is None else point.max_age)
        self.asks_age = point.min_age is not None or point.max_age is not None

    def is_shown(self, case: Case) -> bool:
        """Whether something of the stay shows a need, or makes the point about others."""
        codes = case.lines_by_code
        if self.excluded.matching(case.diagnosis_codes) or self.procedures.matching(case.procedure_codes):
            return True
        if self.needed and any([code in self.needed for code in codes]):
            return True
        return bool(self.ordinary) and any([bool(code) and code not in self.ordinary for code in codes])

    def unknown(self, case: Case) -> Iterator[str]:
        """The facts without which the stay cannot be said to show no need."""
        if self.excluded and not are_all_coded(case):
            yield "diagnoses"
        if (self.ordinary or self.needed) and "" in case.lines_by_code:
            yield "line.item_code"


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> EncounterCheck:
    if not point.diagnoses and not point.ordinary_code:
        raise ValueError("says neither which diagnoses nor which items need no stay; fill diagnoses or ordinary_code")
    need = _Need(point)

    def check(case: Case) -> Iterable[Hit | Missing]:
        encounter = case.encounter
        if encounter.care_type is not CareType.INPATIENT or not case.lines:
            return () if encounter.care_type or not case.lines else (Missing("care_type"),)
        if encounter.end_at is None:
            return (Missing("end_at"),)
        if need.is_shown(case):
            return ()
        return _judge(case, need)

    return check


def _judge(case: Case, need: _Need) -> Iterator[Hit | Missing]:
    encounter, days = case.encounter, stay_days(case.encounter)
    principal = principal_diagnosis(encounter)
    if principal and need.diagnoses and principal not in need.diagnoses:
        return
    if days is None:
        yield Missing("start_at")
        return
    if need.max_days is not None and days > need.max_days:
        return
    if need.asks_age and encounter.start_at is not None:
        age = case.age_on(encounter.start_at.date())
        if age is None:
            yield Missing("patient.birth_date")
            return
        if not need.ages[0] <= age <= need.ages[1]:
            return
    unknown = "diagnoses" if need.diagnoses and not principal else next(need.unknown(case), "")
    if unknown:
        yield Missing(unknown)
        return
    names = {one.code: one.name or one.code for one in encounter.diagnoses}
    facts = {"days": str(days), "diagnosis": names.get(principal, "未知"), "count": str(len(case.lines))}
    yield Hit((), facts=facts, amount=total_claimed(case.lines))


KIND = RuleKind(
    name="admission_need",
    title="无指征住院",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"days", "diagnosis", "count"}),
)
