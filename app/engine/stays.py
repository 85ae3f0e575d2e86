"""Stays (住院时段): the days and the principal diagnosis of encounters, as kinds that compare encounters need them."""

from datetime import date

from app.domain.case import Case
from app.domain.codes import is_diagnosis_code
from app.domain.encounter import DiagnosisUse, Encounter


def first_day(encounter: Encounter) -> date | None:
    """The day on which it starts: as given, else its first service date."""
    if encounter.start_at is not None:
        return encounter.start_at.date()
    return min([line.service_date for line in encounter.lines], default=None)


def last_day(encounter: Encounter) -> date | None:
    """The last day on which the patient is known to have been there: the end as given, else the last service date."""
    if encounter.end_at is not None:
        return encounter.end_at.date()
    days = [line.service_date for line in encounter.lines]
    if encounter.start_at is not None:
        days.append(encounter.start_at.date())
    return max(days, default=None)


def other_spans(case: Case) -> list[tuple[Encounter, date, date]]:
    """The patient's other encounters with their first and last days, where these are known."""
    spans = [(other, first_day(other), last_day(other)) for other in case.earlier_encounters]
    return [(other, first, last) for other, first, last in spans if first is not None and last is not None]


def principal_diagnosis(encounter: Encounter) -> str:
    """The code of the principal diagnosis, that at discharge rather than that on admission; "" where it is unknown.

    A single diagnosis is the principal one, whether it says so or not.
    """
    found = [one for one in encounter.diagnoses if one.is_principal]
    if not found and len(encounter.diagnoses) == 1:
        found = list(encounter.diagnoses)
    for use in (DiagnosisUse.DISCHARGE, DiagnosisUse.UNKNOWN, DiagnosisUse.ADMISSION):
        for one in found:
            if one.use is use:
                return one.code if is_diagnosis_code(one.code) else ""
    return ""


def are_all_coded(case: Case) -> bool:
    """Whether every diagnosis is an ICD-10 code: only then does it count that one is not among them."""
    diagnoses = case.encounter.diagnoses
    return bool(diagnoses) and all([is_diagnosis_code(one.code) for one in diagnoses])
