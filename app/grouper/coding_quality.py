"""Data quality of codes (编码数据质量): A10 unfit for the patient, A12 not in the dictionary; without regrouping."""

from collections.abc import Iterator

from app.domain.encounter import Sex
from app.domain.stay import Stay
from app.grouper.coding_case import Fact, FactKind, Found, Unknown
from app.grouper.coding_principal import NO_DICTIONARY
from app.grouper.coding_workup import Workup
from app.knowledge.coding_records import DictionarySize, PersonRow

_SEXES = {Sex.MALE: "男性", Sex.FEMALE: "女性"}


def unfit_for_patient(work: Workup) -> Iterator[Found | Unknown]:
    """A10. What is not known of the patient is asked for only where a diagnosis calls for it."""
    for code in dict.fromkeys(work.stay.diagnoses):
        for row in work.knowledge.persons:
            if code not in row.diagnoses:
                continue
            outcome = _broken(row, work.stay)
            if isinstance(outcome, Unknown):
                yield outcome
            elif outcome:
                fact = Fact(kind=FactKind.PATIENT, text=outcome, codes=(code,), source=row.point)
                yield Found(
                    point=row.point,
                    codes=(code,),
                    words={"diagnosis": work.named(code), "broken": f"{row.disease}，{outcome}"},
                    evidence_for=(fact,),
                )


def _broken(row: PersonRow, stay: Stay) -> str | Unknown:
    if row.sex is not Sex.UNKNOWN:
        if stay.sex is Sex.UNKNOWN:
            return Unknown("patient.sex", "患者性别未知")
        if stay.sex is not row.sex:
            return f"仅见于{_SEXES[row.sex]}，患者为{_SEXES[stay.sex]}"
    if row.max_age_days is not None:
        if (days := _least_days(stay)) is None:
            return Unknown("patient.age", "患者年龄未知")
        return f"见于出生{row.max_age_days}天内，患者超过{days - 1}天" if days > row.max_age_days else ""
    if row.min_age is None and row.max_age is None:
        return ""
    if (years := stay.age_years) is None:
        return Unknown("patient.age", "患者年龄未知")
    if row.min_age is not None and years < row.min_age:
        return f"少见于{row.min_age}岁以下，患者{years}岁"
    return f"少见于{row.max_age}岁以上，患者{years}岁" if row.max_age is not None and years > row.max_age else ""


def _least_days(stay: Stay) -> int | None:
    """At least how many days old the patient is: the days themselves, else those of the whole years."""
    if stay.age_days is not None:
        return stay.age_days
    if not stay.age_years:  # a child of 0 years may be of any days up to 365
        return None
    return stay.age_years * 365


def not_in_dictionary(work: Workup) -> Iterator[Found | Unknown]:
    """A12. A scheme whose dictionary is a part of the whole proves nothing by what it lacks."""
    limits = work.parameters("A12", DictionarySize)
    scheme = work.scheme
    names, done = scheme.diagnosis_names, scheme.procedure_names
    diagnoses = tuple([code for code in dict.fromkeys(work.stay.diagnoses) if code not in names])
    procedures = tuple([code for code in dict.fromkeys(work.stay.procedures) if code not in done])
    if not diagnoses and not procedures:
        return
    if len(names) < limits.min_dictionary or len(done) < limits.min_procedures:
        yield NO_DICTIONARY
        return
    codes = (*diagnoses, *procedures)
    facts = [Fact(kind=FactKind.DIAGNOSIS, text=_told(code, scheme.diagnosis_map), codes=(code,)) for code in diagnoses]
    facts += [
        Fact(kind=FactKind.PROCEDURE, text=_told(code, scheme.procedure_map), codes=(code,)) for code in procedures
    ]
    yield Found(codes=codes, words={"codes": "、".join(codes)}, evidence_for=tuple(facts))


def _told(code: str, to: object) -> str:
    target = to.get(code, "") if isinstance(to, dict) else ""
    return f"{code}是临床版编码，可转换为{target}" if target else f"{code}不在编码库中"
