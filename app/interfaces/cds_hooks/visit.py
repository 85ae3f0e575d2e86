"""The visit (就诊): patient, insurance, diagnoses and place, from whatever resources tell of them.

What the resources do not say for sure becomes unknown.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from app.domain.encounter import (
    CareType,
    Coverage,
    Diagnosis,
    DiagnosisUse,
    Facility,
    FacilityLevel,
    InsuranceType,
    Patient,
    Sex,
)
from app.domain.line import Practitioner
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.coding import (
    CARE_TYPES,
    DIAGNOSIS_USES,
    INSURANCE_TYPES,
    LEVELS,
    PRINCIPAL_USES,
    TITLES,
    codings,
    diagnosis_in,
    meaning,
)
from app.interfaces.cds_hooks.fhir import (
    Concept,
    Other,
    Reference,
    VisitDiagnosis,
    id_of,
    listed,
    logical_id,
    present,
    target_of,
)
from app.interfaces.nhsa.leaves import Reader

_SEXES = {"male": Sex.MALE, "female": Sex.FEMALE}
_WHOLE_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_AREA = re.compile(r"\d{6}")  # 统筹区: administrative division
_DENIED = frozenset({"refuted", "entered-in-error"})
_OVER = frozenset({"inactive", "remission", "resolved"})
_NO_VISIT = Other()


class Resources:
    """The resources of a request by type; of one that is sent twice, the first counts."""

    def __init__(self, held: Iterable[Held]) -> None:
        self.by_type: dict[str, dict[str, Held]] = {}
        for place, one in enumerate(held):
            among = self.by_type.get(one.type)
            if among is None:
                among = self.by_type[one.type] = {}
            among.setdefault(one.id or f"#{place}", one)

    def of(self, kind: str) -> Sequence[Held]:
        return tuple(self.by_type.get(kind, {}).values())

    def find(self, kind: str, id: str) -> Held | None:
        return self.by_type.get(kind, {}).get(id)

    def one(self, kind: str, id: str) -> Held | None:
        """The one with the id; where no id is wanted, or the resource has none, the only one of its type."""
        among = self.by_type.get(kind, {})
        if id in among or len(among) != 1:
            return among.get(id)
        only = next(iter(among.values()))
        return only if not id or not only.id else None


class VisitReader:
    """Reads one visit: that of `held`, where the request has its resource."""

    def __init__(self, reader: Reader, resources: Resources, held: Held | None, now: datetime) -> None:
        self._reader, self._resources, self._now = reader, resources, now
        self._visit = _NO_VISIT if held is None else held.other

    def patient(self, patient_id: str) -> Patient:
        held = self._resources.one("Patient", patient_id)
        if held is None:
            return Patient(id=patient_id or "-")
        written, birth_date = held.other.birth_date.strip(), None
        if _WHOLE_DATE.fullmatch(written):
            birth_date = self._reader.day("Patient.birthDate", written)
        elif written:
            self._reader.note("Patient.birthDate 不是完整日期，未采用")
        if birth_date is not None and birth_date > self._now.date():
            self._reader.note("Patient.birthDate 晚于当前日期，未采用")
            birth_date = None
        sex = _SEXES.get(held.other.gender.strip().lower(), Sex.UNKNOWN)
        return Patient(id=patient_id or held.id or "-", sex=sex, birth_date=birth_date)

    def coverage(self, held: Held | None) -> Coverage:
        if held is None:
            return Coverage()
        found = held.other
        payors = (*found.payor, *present([found.insurer]))
        kind = meaning(listed(found.type), INSURANCE_TYPES, InsuranceType.UNKNOWN)
        return Coverage(insurance_type=kind, pooling_area=self._area(payors))

    def _area(self, payors: Iterable[Reference]) -> str:
        for payor in payors:
            kind, id = target_of(payor)
            held = self._resources.find(kind or "Organization", id)
            numbers = [logical_id(payor), *(one.value for one in (held.other.identifier if held else ()))]
            if found := next((one for one in numbers if _AREA.fullmatch(one)), ""):
                return found
        return ""

    def facility(self, fallback: str) -> Facility:
        """The provider of the visit by its identifier, or its id; where none is told, the caller stands for it."""
        provider = self._visit.service_provider
        kind, id = target_of(provider)
        held = self._resources.find(kind or "Organization", id)
        organization = _NO_VISIT if held is None else held.other
        number = logical_id(provider) or next((one.value for one in organization.identifier if one.value), "")
        level = meaning(listed(organization.type), LEVELS, FacilityLevel.UNKNOWN)
        return Facility(id=(number or id or fallback)[:64] or "-", level=level)

    def care_type(self) -> CareType:
        return meaning(listed(self._visit.encounter_class), CARE_TYPES, CareType.UNKNOWN)

    def period(self) -> tuple[datetime | None, datetime | None]:
        period = self._visit.period or self._visit.actual_period
        if period is None:
            return None, None
        start = self._reader.when("Encounter.period.start", period.start)
        end = self._reader.when("Encounter.period.end", period.end)
        if start is not None and end is not None and end < start:
            self._reader.note("Encounter.period 的结束早于开始，未采用结束时间")
            end = None
        return start, end

    def department(self) -> str:
        """The first code of the service type: departments are named by codes of the hospital."""
        return next((one.code for one in codings(listed(self._visit.service_type)) if one.code), "")[:64]

    def practitioner(self, reference: str) -> Practitioner:
        """The doctor of a reference to a practitioner or a role, with the title that a role tells."""
        is_role, id = "PractitionerRole/" in reference, id_of(reference)
        for held in self._resources.of("PractitionerRole"):
            person = target_of(held.other.practitioner)[1]
            if id and id == (held.id if is_role else person):
                return Practitioner(id=(person or id)[:64], title=meaning(listed(held.other.code), TITLES, ""))
        return Practitioner(id=id[:64])

    def diagnoses(self, orders: Iterable[Held]) -> tuple[Diagnosis, ...]:
        """Conditions that hold, what the visit itself names, and coded reasons of orders: each code once."""
        found: dict[str, Diagnosis] = {}
        uses = self._uses()
        for held in self._resources.of("Condition"):
            one = held.other
            if _code(one.verification_status) in _DENIED or _code(one.clinical_status) in _OVER:
                continue
            use, is_principal = uses.get(held.id, (DiagnosisUse.UNKNOWN, False))
            day = self._reader.day("Condition.recordedDate", one.recorded_date)
            for concept in listed(one.code):
                _add(found, Diagnosis(use=use, is_principal=is_principal, diagnosed_date=day), concept)
        for concept in (*self._visit.reason_code, *(value for reason in self._visit.reason for value in reason.value)):
            _add(found, Diagnosis(), concept)
        for held in orders:
            order = held.order
            for concept in (*order.reason_code, *order.reason) if order.reason_code or order.reason else ():
                # A reason in words is told of one order, and names no disease of the visit.
                if diagnosis_in(concept)[0]:
                    _add(found, Diagnosis(), concept)
        return tuple(found.values())

    def _uses(self) -> dict[str, tuple[DiagnosisUse, bool]]:
        """What the visit says of its conditions, by their ids."""
        found = {}
        for one in self._visit.diagnosis:
            is_principal = one.rank == 1 or meaning(listed(one.use), dict.fromkeys(PRINCIPAL_USES, True), False)
            use = meaning(listed(one.use), DIAGNOSIS_USES, DiagnosisUse.UNKNOWN)
            for reference in _conditions(one):
                found[target_of(reference)[1]] = use, is_principal
        return found


def _conditions(diagnosis: VisitDiagnosis) -> Iterable[Reference | None]:
    """R4 refers to one condition, R5 to several."""
    if isinstance(diagnosis.condition, tuple):
        return [one.reference for one in diagnosis.condition]
    return [diagnosis.condition]


def _add(found: dict[str, Diagnosis], what: Diagnosis, concept: Concept) -> None:
    code, name = diagnosis_in(concept)
    if code or name:
        told = Diagnosis(
            code=code, name=name, use=what.use, is_principal=what.is_principal, diagnosed_date=what.diagnosed_date
        )
        found.setdefault(code or name, told)


def _code(concept: Concept | None) -> str:
    return "" if concept is None else next((one.code for one in codings((concept,))), "")
