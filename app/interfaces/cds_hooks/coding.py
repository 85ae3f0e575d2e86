"""Codings (编码): national codes are found in any coding of an element, whatever system it names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from app.domain.codes import is_diagnosis_code, is_national_item_code
from app.domain.encounter import CareType, DiagnosisUse, FacilityLevel, InsuranceType
from app.domain.labels import label
from app.interfaces.cds_hooks.fhir import Coding, Concept

V = TypeVar("V")

CARE_TYPES: Mapping[str, CareType] = {  # v3-ActCode; what is not sure here stays unknown
    "AMB": CareType.OUTPATIENT,
    "EMER": CareType.EMERGENCY,
    "IMP": CareType.INPATIENT,
    "ACUTE": CareType.INPATIENT,
    "NONAC": CareType.INPATIENT,
    "SS": CareType.DAY_CASE,
    "VR": CareType.INTERNET,
    **{one.value: one for one in CareType if one},
}
INSURANCE_TYPES: Mapping[str, InsuranceType] = {  # 险种代码, v3-ActCode, and self-pay
    **dict.fromkeys(("310", "320", "330", "370"), InsuranceType.EMPLOYEE),
    **dict.fromkeys(("380", "390", "391", "392"), InsuranceType.RESIDENT),
    **dict.fromkeys(("340", "350", "360"), InsuranceType.OTHER),
    "410": InsuranceType.WORK_INJURY,
    "510": InsuranceType.MATERNITY,
    "WCBPOL": InsuranceType.WORK_INJURY,
    "pay": InsuranceType.NONE,
    **{label(one): one for one in InsuranceType if one},
    **{one.value: one for one in InsuranceType if one},
}
LEVELS: Mapping[str, FacilityLevel] = {
    **{label(one): one for one in FacilityLevel if one},
    **{one.value: one for one in FacilityLevel if one},
}
TITLES: Mapping[str, str] = {
    **{label(one): one for one in ("chief", "associate_chief", "attending", "resident", "assistant", "pharmacist")},
    **{one: one for one in ("chief", "associate_chief", "attending", "resident", "assistant", "pharmacist", "nurse")},
}
DIAGNOSIS_USES: Mapping[str, DiagnosisUse] = {"AD": DiagnosisUse.ADMISSION, "DD": DiagnosisUse.DISCHARGE}
PRINCIPAL_USES = frozenset({"CC", "billing"})
_NOT_ICD = ("snomed.info/sct", "loinc.org", "umls/rxnorm")


class Item(NamedTuple):
    """What an order asks for: its national code (blank: none was found), the client's own code, and its name."""

    code: str = ""
    local_code: str = ""
    name: str = ""


def codings(concepts: Iterable[Concept]) -> list[Coding]:
    """The codings of concepts, of concepts within them (R5), and of those that are bare codings."""
    found: list[Coding] = []
    for one in concepts:
        found += one.coding
        if one.code:
            found.append(Coding(code=one.code, display=one.display))
        if one.concept is not None:
            found += codings((one.concept,))
    return found


def words(concepts: Iterable[Concept]) -> Iterator[str]:
    """The texts of concepts."""
    for one in concepts:
        if one.text:
            yield one.text.strip()
        if one.concept is not None:
            yield from words((one.concept,))


def item_of(concepts: Sequence[Concept]) -> Item:
    """The first national code among all codings; the name that stands with it, or else any."""
    national = local = name = other_name = ""
    for coding in codings(concepts):
        code = coding.code.strip()
        if code and not national and is_national_item_code(code):
            national, name = code, coding.display
        elif code and not local:
            local = code
        other_name = other_name or coding.display
    if not name:
        name = next(words(concepts), "") or other_name
    return Item(national, local[:64], name.strip()[:500])


def meaning(concepts: Iterable[Concept], dictionary: Mapping[str, V], unknown: V) -> V:
    """What the first code or word that the dictionary holds means."""
    concepts = tuple(concepts)
    for coding in codings(concepts):
        for said in (coding.code, coding.display):
            if said in dictionary:
                return dictionary[said]
    return next((dictionary[said] for said in words(concepts) if said in dictionary), unknown)


def diagnosis_in(concept: Concept) -> tuple[str, str]:
    """The ICD-10 code among the codings, blank where there is none, and the name of the disease."""
    name = next(words((concept,)), "")
    for coding in codings((concept,)):
        code = coding.code.strip()
        name = name or coding.display
        if is_diagnosis_code(code) and not coding.system.lower().rstrip("/").endswith(_NOT_ICD):
            return code[:64], (coding.display or name)[:500]
    return "", name[:500]
