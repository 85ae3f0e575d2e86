"""Settlement list quality (医保结算清单质量): what a stay's settlement list leaves out, writes wrongly or contradicts.

Only stays are judged. A row is one check:
- `field`: the field named in `field` is blank (patient.sex, patient.birth_date, coverage.insurance_type, start_at,
  end_at, department, practitioner.id, facility.level, diagnoses); `newborn_weight`: a child admitted within 28 days of
  birth has no weight;
- `principal_diagnosis`, `principal_procedure`: not exactly one is marked, though there are any;
- `diagnosis_code`, `procedure_code`: a code that is blank or has not the shape of one;
- `diagnosis_repeated`, `procedure_repeated`: the same code twice (a procedure: on the same day);
- `not_principal`: the principal diagnosis is of `diagnoses`, which cannot be one;
- `uncoded_operation`: a charge of `item_code`, but no procedure at all;
- `procedure_date`: a procedure outside the stay.

```yaml
kind: settlement_list_quality
parameters: {}
```

```csv
point,check,field,diagnoses,item_code
K1,field,patient.birth_date,,
K2,not_principal,,V01-V99|W00-W99,
K3,uncoded_operation,,,003310*
```
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from app.domain.case import Case, age_in_days
from app.domain.codes import CodeSet, is_diagnosis_code
from app.engine.facts import name_of
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.known import STAYS, final_diagnoses, principal_diagnosis, told

Check = Literal[
    "field",
    "newborn_weight",
    "principal_diagnosis",
    "principal_procedure",
    "diagnosis_code",
    "procedure_code",
    "diagnosis_repeated",
    "procedure_repeated",
    "not_principal",
    "uncoded_operation",
    "procedure_date",
]
Judge = Callable[[Case], Iterable[Hit | Missing]]
_NEWBORN_DAYS = 28
_PROCEDURE_SHAPE = re.compile(r"\d\d\.\d{1,4}(x\d{3})?")
_CHINESE_MEDICINE_SHAPE = re.compile(r"[A-Z]\d\d(\.\d\d){1,3}\.?")  # 中医病证分类与代码, two digits a step


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    check: Check
    field: str = ""
    diagnoses: tuple[str, ...] = ()
    item_code: tuple[str, ...] = ()


_FIELDS: dict[str, Callable[[Case], object]] = {
    "patient.sex": lambda case: case.patient.sex,
    "patient.birth_date": lambda case: case.patient.birth_date,
    "coverage.insurance_type": lambda case: case.encounter.coverage.insurance_type,
    "facility.level": lambda case: case.encounter.facility.level,
    "start_at": lambda case: case.encounter.start_at,
    "end_at": lambda case: case.encounter.end_at,
    "department": lambda case: case.encounter.department,
    "practitioner.id": lambda case: case.encounter.practitioner.id,
    "diagnoses": lambda case: final_diagnoses(case),
}


def _fault(detail: str) -> Hit:
    return Hit((), facts={"detail": detail})


def _field(point: Point) -> Judge:
    if point.field not in _FIELDS:
        raise ValueError(f"field is {point.field!r}; it may be {', '.join(_FIELDS)}")
    read, hit = _FIELDS[point.field], _fault(f"未填写{name_of(point.field)}")
    return lambda case: () if read(case) else (hit,)


def _newborn_weight(_: Point) -> Judge:
    def judge(case: Case) -> Iterable[Hit | Missing]:
        if case.patient.newborn_weight_grams is not None:
            return ()
        birth_date, start_at = case.patient.birth_date, case.encounter.start_at
        if birth_date is None or start_at is None:
            return (Missing("start_at" if birth_date is not None else "patient.birth_date"),)
        days = age_in_days(birth_date, start_at.date())
        return (_fault(f"出生{days}天入院，未填写新生儿体重"),) if 0 <= days <= _NEWBORN_DAYS else ()

    return judge


def _principals(what: str, marks: Callable[[Case], list[bool]]) -> Judge:
    def judge(case: Case) -> Iterable[Hit | Missing]:
        found = marks(case)
        count = sum(found)
        if not found or count == 1:
            return ()
        return (_fault(f"标明了{count}个{what}" if count else f"没有标明{what}"),)

    return judge


def _codes(what: str, read: Callable[[Case], list[str]], is_code: Callable[[str], bool]) -> Judge:
    def judge(case: Case) -> Iterable[Hit | Missing]:
        odd = [code or "空" for code in read(case) if not is_code(code)]
        return (_fault(f"{what}编码不合规：{'、'.join(dict.fromkeys(odd[:5]))}"),) if odd else ()

    return judge


def _repeated(what: str, read: Callable[[Case], list[tuple[str, object]]]) -> Judge:
    def judge(case: Case) -> Iterable[Hit | Missing]:
        seen, twice = set(), []
        for key in read(case):
            if key in seen and key[0]:
                twice.append(key[0])
            seen.add(key)
        return (_fault(f"{what}重复填写：{'、'.join(dict.fromkeys(twice[:5]))}"),) if twice else ()

    return judge


def _not_principal(point: Point) -> Judge:
    refused = CodeSet(point.diagnoses)
    if not refused:
        raise ValueError("names no diagnosis; fill the column diagnoses")

    def judge(case: Case) -> Iterable[Hit | Missing]:
        found = principal_diagnosis(case)
        if found is None:
            return (Missing("diagnoses.is_principal"),) if refused.matching(case.diagnosis_codes) else ()
        return (_fault(f"{told(found.name, found.code)}不能作为主要诊断"),) if found.code in refused else ()

    return judge


def _uncoded_operation(point: Point) -> Judge:
    operations = CodeSet(point.item_code)
    if not operations:
        raise ValueError("names no item; fill the column item_code")

    def judge(case: Case) -> Iterable[Hit | Missing]:
        if case.procedure_codes:
            return ()
        lines = case.lines_of(operations)
        names = "、".join(dict.fromkeys([line.name for line in lines][:5]))
        return (Hit(lines, facts={"detail": f"收取了{names}，清单中没有手术操作编码"}),) if lines else ()

    return judge


def _procedure_date(_: Point) -> Judge:
    def judge(case: Case) -> Iterator[Hit | Missing]:
        start, end = case.encounter.start_at, case.encounter.end_at
        for one in case.encounter.procedures:
            day = one.performed_date or (None if one.performed_at is None else one.performed_at.date())
            if day is not None and ((start and day < start.date()) or (end and day > end.date())):
                yield _fault(f"{told(one.name, one.code)}的日期{day}不在住院期间")

    return judge


def _is_diagnosis(code: str) -> bool:
    return is_diagnosis_code(code) or _CHINESE_MEDICINE_SHAPE.fullmatch(code) is not None


def _is_procedure(code: str) -> bool:
    return _PROCEDURE_SHAPE.fullmatch(code) is not None


_MAKERS: dict[Check, Callable[[Point], Judge]] = {
    "field": _field,
    "newborn_weight": _newborn_weight,
    "principal_diagnosis": lambda _: _principals(
        "主要诊断", lambda case: [one.is_principal for one in final_diagnoses(case)]
    ),
    "principal_procedure": lambda _: _principals(
        "主要手术操作", lambda case: [one.is_principal for one in case.encounter.procedures]
    ),
    "diagnosis_code": lambda _: _codes("诊断", lambda case: [one.code for one in final_diagnoses(case)], _is_diagnosis),
    "procedure_code": lambda _: _codes(
        "手术操作", lambda case: [one.code for one in case.encounter.procedures], _is_procedure
    ),
    "diagnosis_repeated": lambda _: _repeated(
        "诊断", lambda case: [(one.code, one.use) for one in final_diagnoses(case)]
    ),
    "procedure_repeated": lambda _: _repeated(
        "手术操作",
        lambda case: [(one.code, one.performed_at or one.performed_date) for one in case.encounter.procedures],
    ),
    "not_principal": _not_principal,
    "uncoded_operation": _uncoded_operation,
    "procedure_date": _procedure_date,
}


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> EncounterCheck:
    judge = _MAKERS[point.check](point)

    def check(case: Case) -> Iterable[Hit | Missing]:
        care_type = case.encounter.care_type
        if care_type in STAYS:
            return judge(case)
        return () if care_type else (Missing("care_type"),)

    return check


KIND = RuleKind(
    name="settlement_list_quality",
    title="医保结算清单质量",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"detail"}),
)
