"""How a stay may be told (病例输入): in our own words, as an encounter, or as the case object that groupers read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from app.application.case_objects import BadCaseObject, read_case_object
from app.domain.case import age_in_days, age_in_years, stay_days
from app.domain.encounter import Diagnosis, DiagnosisUse, Encounter, Procedure
from app.domain.line import total_claimed
from app.domain.stay import Stay

_SWITCHES = ("scheme", "trace", "translate")  # what a request may say beside a bare stay
MOST_CODES = 200  # diagnoses or procedures; a settlement list has room for far fewer


class StayInput(msgspec.Struct, frozen=True, gc=False):
    """`index` is the case's own key as it was sent; `complaints` say in Chinese which values were not usable."""

    index: object
    stay: Stay
    complaints: tuple[str, ...] = ()


class BadStay(ValueError):
    """Not a stay. `field` is where, as a JSON pointer."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def read_stay(document: Mapping[str, Any]) -> StayInput:
    """The stay under `stay`, `encounter` or `case`, or the document itself. Raises BadStay."""
    for name, read in (("stay", _of_stay), ("encounter", _of_encounter), ("case", _of_case)):
        if (told := document.get(name)) is not None:
            return _bounded(read(told, f"/{name}"))
    if "zdList" in document:
        return _bounded(_of_case(document, ""))
    if "diagnoses" in document:
        return _bounded(_of_stay({name: told for name, told in document.items() if name not in _SWITCHES}, ""))
    raise BadStay("tell the case as `stay`, as `encounter`, or as a `case` with zdList", "")


def _of_stay(told: Any, field: str) -> StayInput:
    try:
        stay = msgspec.convert(told, Stay, strict=False)
    except msgspec.ValidationError as error:
        raise BadStay(str(error), field) from error
    return StayInput(stay.id, stay)


def _of_case(told: Any, field: str) -> StayInput:
    try:
        read = read_case_object(told)
    except BadCaseObject as error:
        raise BadStay(str(error), field) from error
    return StayInput(read.index, read.stay, read.complaints)


def _of_encounter(told: Any, field: str) -> StayInput:
    try:
        encounter = msgspec.convert(told, Encounter, strict=False)
    except msgspec.ValidationError as error:
        raise BadStay(str(error), field) from error
    return StayInput(encounter.id, stay_of(encounter), tuple(_doubts(encounter)))


def _bounded(found: StayInput) -> StayInput:
    for name, codes in (("diagnoses", found.stay.diagnoses), ("procedures", found.stay.procedures)):
        if len(codes) > MOST_CODES:
            many = f"{len(codes)} {name}; a case has at most {MOST_CODES}: send one case, not several"
            raise BadStay(many, f"/{name}")
    return found


def stay_of(encounter: Encounter) -> Stay:
    """What an encounter tells of its stay: discharge diagnoses where there are any, the principal one first.

    What it costs is what its charges add up to, where each says its amount.
    """
    start, birth = encounter.start_at, encounter.patient.birth_date
    known = birth is not None and start is not None and birth <= start.date()
    return Stay(
        id=encounter.id,
        sex=encounter.patient.sex,
        age_years=age_in_years(birth, start.date()) if known and birth and start else None,
        age_days=age_in_days(birth, start.date()) if known and birth and start else None,
        weight_grams=encounter.patient.newborn_weight_grams,
        department=encounter.department,
        stay_days=stay_days(encounter),
        discharge_disposition="5" if encounter.death_at is not None else "",
        diagnoses=tuple([one.code for one in _diagnoses(encounter) if one.code]),
        procedures=tuple([one.code for one in _procedures(encounter) if one.code]),
        total_amount=total_claimed(encounter.charge_lines) if encounter.charge_lines else None,
    )


def _diagnoses(encounter: Encounter) -> list[Diagnosis]:
    at_discharge = [one for one in encounter.diagnoses if one.use is DiagnosisUse.DISCHARGE]
    found = at_discharge or [one for one in encounter.diagnoses if one.use is not DiagnosisUse.ADMISSION]
    return sorted(found or encounter.diagnoses, key=lambda one: not one.is_principal)


def _procedures(encounter: Encounter) -> list[Procedure]:
    return sorted(encounter.procedures, key=lambda one: not one.is_principal)


def _doubts(encounter: Encounter) -> list[str]:
    """What cannot be: operations outside the stay, more than one principal diagnosis."""
    found = []
    first = encounter.start_at.date() if encounter.start_at is not None else date.min
    last = encounter.end_at.date() if encounter.end_at is not None else date.max
    for one in encounter.procedures:
        day = one.performed_at.date() if one.performed_at is not None else one.performed_date
        if day is not None and not first <= day <= last:
            found.append(f"手术操作{one.code or one.name}的日期{day}不在住院期间内，请核对")
    if sum(one.is_principal for one in _diagnoses(encounter)) > 1:
        found.append("有多个主要诊断，按第一个分组，请核对")
    return found
