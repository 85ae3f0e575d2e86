"""Known facts (已知信息): what several kinds ask about an encounter before they judge it."""

from app.domain.case import Case
from app.domain.codes import is_diagnosis_code
from app.domain.encounter import CareType, Diagnosis, DiagnosisUse

STAYS = frozenset({CareType.INPATIENT, CareType.DAY_CASE})


def all_diagnoses_known(case: Case) -> bool:
    """Whether there are diagnoses and each has an ICD-10 code: a diagnosis without one may be any disease."""
    diagnoses = case.encounter.diagnoses
    return bool(diagnoses) and all([is_diagnosis_code(diagnosis.code) for diagnosis in diagnoses])


def final_diagnoses(case: Case) -> list[Diagnosis]:
    """The diagnoses that the settlement is made by: all but those that stood only on admission."""
    return [one for one in case.encounter.diagnoses if one.use is not DiagnosisUse.ADMISSION]


def principal_diagnosis(case: Case) -> Diagnosis | None:
    """The one principal diagnosis; an only diagnosis is it, and None says that nobody knows."""
    found = final_diagnoses(case)
    marked = [one for one in found if one.is_principal] or found
    return marked[0] if len(marked) == 1 else None


def told(name: str, code: str) -> str:
    """A diagnosis or an operation for the reader: its name and its code."""
    return f"{name}（{code}）" if name and code else name or code
