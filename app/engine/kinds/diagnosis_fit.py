"""Diagnosis fit (诊断与患者性别、年龄不符): a diagnosis that a patient of this sex or age cannot have.

`diagnoses` names the codes that the row is about. `sex` is whom they befall; `min_age` and `max_age` are whole years,
`max_age_days` days since birth, all on the day of the diagnosis, else of the start of the encounter, else of its first
line. Every condition that is given must hold; what is broken is told in `broken`.

```yaml
kind: diagnosis_fit
parameters: {}
```

```csv
point,diagnoses,disease,sex,min_age,max_age,max_age_days
K1,C61*|N40*,前列腺疾病,male,,,
K2,P22*,新生儿呼吸窘迫,,,,28
K3,N95*,绝经期疾患,female,35,,
```
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated

from msgspec import Meta

from app.domain.case import Case, age_in_days
from app.domain.encounter import Diagnosis, Sex
from app.domain.labels import label
from app.engine.kind import DiagnosisCheck, Hit, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table
from app.engine.known import told

Age = Annotated[int, Meta(ge=0, le=150)]
Days = Annotated[int, Meta(ge=0, le=3660)]
Condition = Callable[[Diagnosis, Case], str | Missing | None]  # how it is broken, what is unknown, or None: it holds
_NO_BIRTH_DATE = Missing("patient.birth_date")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    diagnoses: tuple[str, ...]
    disease: str = ""
    sex: Sex = Sex.UNKNOWN
    min_age: Age | None = None
    max_age: Age | None = None
    max_age_days: Days | None = None


def _day(diagnosis: Diagnosis, case: Case) -> date | None:
    if diagnosis.diagnosed_date is not None:
        return diagnosis.diagnosed_date
    if case.encounter.start_at is not None:
        return case.encounter.start_at.date()
    return min([line.service_date for line in case.lines], default=None)


def _sex(wanted: Sex) -> Condition:
    def check(_: Diagnosis, case: Case) -> str | Missing | None:
        sex = case.patient.sex
        if sex is wanted:
            return None
        return f"限{label(wanted)}，患者为{label(sex)}" if sex else Missing("patient.sex")

    return check


def _years(low: int, high: int | None) -> Condition:
    limit = f"限{low}岁及以上" if high is None else f"限{high}岁及以下" if not low else f"限{low}至{high}岁"

    def check(diagnosis: Diagnosis, case: Case) -> str | Missing | None:
        day = _day(diagnosis, case)
        if day is None:
            return Missing("start_at")
        age = case.age_on(day)
        if age is None:
            return _NO_BIRTH_DATE
        return None if low <= age and (high is None or age <= high) else f"{limit}，患者{age}岁"

    return check


def _days(high: int) -> Condition:
    def check(diagnosis: Diagnosis, case: Case) -> str | Missing | None:
        day, birth_date = _day(diagnosis, case), case.patient.birth_date
        if day is None:
            return Missing("start_at")
        if birth_date is None or birth_date > day:
            return _NO_BIRTH_DATE
        age = age_in_days(birth_date, day)
        return None if age <= high else f"限出生{high}天内，患者出生{age}天"

    return check


def _conditions(point: Point) -> Iterator[Condition]:
    if point.sex:
        yield _sex(point.sex)
    if point.min_age is not None or point.max_age is not None:
        yield _years(point.min_age or 0, point.max_age)
    if point.max_age_days is not None:
        yield _days(point.max_age_days)


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> DiagnosisCheck:
    conditions = tuple(_conditions(point))
    if not conditions:
        raise ValueError("gives no condition; fill sex, min_age, max_age or max_age_days")

    def check(diagnosis: Diagnosis, case: Case) -> Outcome:
        broken, unknown = [], None
        for condition in conditions:
            found = condition(diagnosis, case)
            if type(found) is Missing:
                unknown = unknown or found
            elif found is not None:
                broken.append(str(found))
        if not broken:
            return unknown
        facts = {"broken": "；".join(broken), "diagnosis": told(diagnosis.name or point.disease, diagnosis.code)}
        return Hit((), facts=facts)

    return check


KIND = RuleKind(
    name="diagnosis_fit",
    title="诊断与患者性别、年龄不符",
    parameters=Parameters,
    point=Point,
    on=On.DIAGNOSIS,
    prepare=prepare,
    patterns=lambda point, _: point.diagnoses,
    facts=frozenset({"broken", "diagnosis"}),
)
