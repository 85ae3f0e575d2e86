"""Restricted use (限定使用): an item that may be used, or is paid for, only under conditions.

Every condition that is given must hold. `|` parts alternatives. A condition that is broken is told in `broken`; where
none is broken but a fact is unknown, the point is not evaluated. Ages are whole years on the service date;
`max_age_days` is for newborns. `diagnoses` asks for at least one of the codes, `excluded_diagnoses` for none of them.
A diagnosis that is not an ICD-10 code may be any disease, so it never breaks a condition. `excluded_pregnancy` is not
asked of men, nor of patients outside 10 to 60 years.

```yaml
kind: restricted_use
parameters: {}
```

```csv
point,item_code,item_name,sex,max_age,diagnoses,facility_levels
K1,XB01AXA223B002010100156,奥扎格雷钠注射液,,,I63*,
K2,ZA05CAC0029010102312,参附注射液,,,,tertiary|secondary
K3,004500000100000,小儿捏脊治疗,,17,,
```
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

from msgspec import Meta

from app.domain.case import Case, age_in_days
from app.domain.codes import CodeSet, is_diagnosis_code
from app.domain.encounter import CareType, FacilityLevel, InsuranceType, Pregnancy, Sex
from app.domain.labels import label
from app.domain.line import Line
from app.engine.conditions import broken, none_of, one_of
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

Age = Annotated[int, Meta(ge=0, le=150)]
_CATEGORY = 3  # characters of an ICD-10 category, the most usual prefix
_BLANK = (None, "", ())
_CHILDBEARING = (10, 60)  # years; generous, so that only those who cannot be meant are not asked for


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    sex: Sex = Sex.UNKNOWN
    min_age: Age | None = None
    max_age: Age | None = None
    max_age_days: Age | None = None
    diagnoses: tuple[str, ...] = ()
    excluded_diagnoses: tuple[str, ...] = ()
    insurance_types: tuple[InsuranceType, ...] = ()
    care_types: tuple[CareType, ...] = ()
    excluded_care_types: tuple[CareType, ...] = ()
    facility_levels: tuple[FacilityLevel, ...] = ()
    facility_types: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    practitioner_titles: tuple[str, ...] = ()
    excluded_pregnancy: tuple[Pregnancy, ...] = ()


def _sex(point: Point) -> ItemCheck:
    wanted = point.sex
    unknown = Missing("patient.sex")

    def check(line: Line, case: Case) -> Outcome:
        sex = case.patient.sex
        if sex is wanted:
            return None
        return broken(line, f"限{label(wanted)}，患者为{label(sex)}") if sex else unknown

    return check


def _age(point: Point) -> ItemCheck:
    low, high = point.min_age or 0, 999 if point.max_age is None else point.max_age
    limit = f"限{low}岁及以上" if point.max_age is None else f"限{high}岁及以下" if not low else f"限{low}至{high}岁"
    unknown = Missing("patient.birth_date")

    def check(line: Line, case: Case) -> Outcome:
        age = case.age_on(line.service_date)
        if age is None:
            return unknown
        return None if low <= age <= high else broken(line, f"{limit}，患者{age}岁")

    return check


def _age_in_days(point: Point) -> ItemCheck:
    high = point.max_age_days or 0

    def check(line: Line, case: Case) -> Outcome:
        birth_date = case.encounter.patient.birth_date
        if birth_date is None or birth_date > line.service_date:
            return Missing("patient.birth_date")
        days = age_in_days(birth_date, line.service_date)
        return None if days <= high else broken(line, f"限出生{high}天内，患者出生{days}天")

    return check


def _all_known(case: Case) -> bool:
    diagnoses = case.encounter.diagnoses
    return bool(diagnoses) and all([is_diagnosis_code(diagnosis.code) for diagnosis in diagnoses])


def _diagnoses(point: Point) -> ItemCheck:
    wanted = CodeSet(point.diagnoses)
    exact, categories = wanted.exact, frozenset(prefix for prefix in wanted.prefixes if len(prefix) == _CATEGORY)
    prefixes = tuple(prefix for prefix in wanted.prefixes if len(prefix) != _CATEGORY)
    is_simple = not exact and not prefixes

    def check(line: Line, case: Case) -> Outcome:
        if not categories.isdisjoint(case.diagnosis_categories):
            return None
        codes = case.diagnosis_codes
        if not is_simple:
            for code in codes:
                if code in exact or code.startswith(prefixes):
                    return None
        if not _all_known(case):
            return Missing("diagnoses")
        return broken(line, f"诊断（{'、'.join(codes[:3])}）不在限定范围内")

    return check


def _excluded_diagnoses(point: Point) -> ItemCheck:
    excluded = CodeSet(point.excluded_diagnoses)

    def check(line: Line, case: Case) -> Outcome:
        found = [code for code in excluded.matching(case.diagnosis_codes) if is_diagnosis_code(code)]
        if found:
            return broken(line, f"诊断 {'、'.join(found)} 属禁忌或除外情形")
        return None if _all_known(case) else Missing("diagnoses")

    return check


def _not_in_pregnancy(point: Point) -> ItemCheck:
    """Men, girls and old women need not be asked."""
    refused = frozenset(point.excluded_pregnancy)

    def check(line: Line, case: Case) -> Outcome:
        patient = case.encounter.patient
        if patient.pregnancy in refused:
            return broken(line, f"不得用于{label(patient.pregnancy)}")
        if patient.pregnancy or patient.sex is Sex.MALE:
            return None
        age = case.age_on(line.service_date)
        if age is not None and not _CHILDBEARING[0] <= age <= _CHILDBEARING[1]:
            return None
        return Missing("patient.pregnancy")

    return check


_MAKERS: tuple[tuple[str, Callable[[Point], ItemCheck]], ...] = (
    ("sex", _sex),
    ("min_age", _age),
    ("max_age", _age),
    ("max_age_days", _age_in_days),
    ("diagnoses", _diagnoses),
    ("excluded_diagnoses", _excluded_diagnoses),
    (
        "insurance_types",
        lambda p: one_of(
            p.insurance_types, "coverage.insurance_type", lambda _, c: c.encounter.coverage.insurance_type
        ),
    ),
    ("care_types", lambda p: one_of(p.care_types, "care_type", lambda _, c: c.encounter.care_type)),
    ("excluded_care_types", lambda p: none_of(p.excluded_care_types, "care_type", lambda _, c: c.encounter.care_type)),
    (
        "facility_levels",
        lambda p: one_of(p.facility_levels, "facility.level", lambda _, c: c.encounter.facility.level),
    ),
    ("facility_types", lambda p: one_of(p.facility_types, "facility.type", lambda _, c: c.encounter.facility.type)),
    (
        "departments",
        lambda p: one_of(p.departments, "department", lambda line, c: line.department or c.encounter.department),
    ),
    (
        "practitioner_titles",
        lambda p: one_of(p.practitioner_titles, "practitioner.title", lambda line, _: line.practitioner.title),
    ),
    ("excluded_pregnancy", _not_in_pregnancy),
)


_values = attrgetter(*[column for column, _ in _MAKERS])
_NO_VALUES = _values(Point(point="", item_code=()))


def _conditions(point: Point) -> Iterable[ItemCheck]:
    made = set()
    for column, make in _MAKERS:
        if getattr(point, column) not in _BLANK and make not in made:
            made.add(make)
            yield make(point)


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> ItemCheck:
    values = _values(point)
    if values == _NO_VALUES:
        raise ValueError(f"the point {point.point!r} gives no condition; fill at least one column")
    return _check_of(values)


@lru_cache(8192)
def _check_of(values: tuple[Any, ...]) -> ItemCheck:
    """One check serves all points with the same conditions: fewer objects to keep, and to fetch, in an audit."""
    asked = dict(zip([column for column, _ in _MAKERS], values, strict=True))
    conditions = tuple(_conditions(Point(point="", item_code=(), **asked)))

    def check_all(line: Line, case: Case) -> Outcome:
        faults, unknown = [], None
        for condition in conditions:
            found = condition(line, case)
            if type(found) is Hit:
                faults.append(found.facts["broken"])
            elif found is not None:
                unknown = found
        return broken(line, "；".join(faults)) if faults else unknown

    return conditions[0] if len(conditions) == 1 else check_all


KIND = RuleKind(
    name="restricted_use",
    title="限定使用",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"broken"}),
)
