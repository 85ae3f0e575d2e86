"""Coding faults (编码疑点检测): every detector over one case; what it found, what it could not tell, and why.

A difference between groups is never a finding: evidence is. Nothing is recoded; every finding waits for a coder.
Detectors A1–A16 look for overcoding, B1–B3 for undercoding; A1 and A13 only rank. docs/coding-faults.md tells of each.
"""

from collections.abc import Collection, Iterable

from app.domain.finding import NotEvaluated
from app.domain.group_weight import PaymentScheme
from app.grouper.coding_admission import cost_shifted, hospital_level, split_admission
from app.grouper.coding_case import CodingCase, CodingFinding, CodingReport, Found, Graded, Ranking, Unknown
from app.grouper.coding_clues import missing_complication
from app.grouper.coding_cost import cost_far_below, stay_far_below
from app.grouper.coding_driver_faults import contradicted, without_evidence
from app.grouper.coding_operation import missing_operation, not_shown, unlike_principal
from app.grouper.coding_principal import known_pair, less_treated, not_allowed, unspecific
from app.grouper.coding_quality import not_in_dictionary, unfit_for_patient
from app.grouper.coding_workup import Detect, Workup
from app.grouper.scheme import Scheme
from app.knowledge.coding_records import CodingKnowledge, Confidence, Detector, Direction, Many, State

DETECTORS: dict[str, Detect] = {
    "A2": without_evidence,
    "A3": contradicted,
    "A4": not_allowed,
    "A5": less_treated,
    "A6": known_pair,
    "A7": not_shown,
    "A8": cost_far_below,
    "A9": stay_far_below,
    "A10": unfit_for_patient,
    "A11": unlike_principal,
    "A12": not_in_dictionary,
    "A14": split_admission,
    "A15": cost_shifted,
    "A16": hospital_level,
    "B1": missing_complication,
    "B2": missing_operation,
    "B3": unspecific,
}
DATA_QUALITY = frozenset({"A4", "A10", "A12"})  # reported without regrouping, and said so
_GRADES = list(Confidence)


def check_coding(
    scheme: Scheme,
    case: CodingCase,
    knowledge: CodingKnowledge,
    payment: PaymentScheme | None = None,
    only: Collection[str] | None = None,
) -> CodingReport:
    """The report on one case; without `payment`, groups are compared by the scheme's weights, where it has any.

    `only`: ids of the detectors to ask. Codes are those of the scheme's own edition. A stay that is in no group, for
    want of a fact, is looked at only for the quality of its codes.
    """
    work = Workup(scheme, case, knowledge, payment)
    findings: list[CodingFinding] = []
    unknown: dict[tuple[str, str], NotEvaluated] = {}
    judged = []
    for name, detect in DETECTORS.items():
        if only is not None and name not in only:
            continue
        detector, asked = knowledge.detectors[name], len(unknown)
        for outcome in detect(work):
            if isinstance(outcome, Unknown):
                key = detector.rule, outcome.fact
                made = NotEvaluated(rule=detector.rule, missing=outcome.fact, message=outcome.message)
                unknown.setdefault(key, made)
            else:
                findings.append(_finding(work, detector, outcome))
        if len(unknown) == asked:
            judged.append(name)
    return CodingReport(
        recorded=work.recorded,
        drivers=work.drivers if only is None or "A1" in only else (),
        findings=tuple(findings),
        not_evaluated=tuple(unknown.values()),
        judged=tuple(judged),
        ranking=_ranking(work, findings) if only is None or "A13" in only else Ranking(0, ()),
    )


def _finding(work: Workup, detector: Detector, found: Found) -> CodingFinding:
    needs_review = found.needs_review
    return CodingFinding(
        id=detector.id,
        rule=detector.rule,
        version=detector.version,
        point=found.point,
        title=detector.title,
        message=detector.message.format_map(dict(found.words)),
        status=State.TRIAL if needs_review else detector.status,
        severity=detector.severity,
        direction=detector.direction,
        codes=found.codes,
        evidence_for=found.evidence_for,
        evidence_against=found.evidence_against,
        recorded=work.recorded,
        variants=found.variants,
        confidence=_graded(work, detector, found),
        is_data_quality=detector.id in DATA_QUALITY,
        needs_review=needs_review,
        references=detector.references,
    )


def _graded(work: Workup, detector: Detector, found: Found) -> Graded:
    """One grade up for each reason that raises, one down for each that lowers; what awaits review is never high."""
    lowers = list(found.lowers)
    priced = [one for one in found.variants if one.standard_difference is not None or one.weight_difference is not None]
    if found.variants and not priced and work.recorded.is_group and detector.direction is not Direction.QUALITY:
        lowers.append("支付差额未知")
    place = _GRADES.index(detector.confidence) + len(found.raises) - len(lowers)
    reasons = [
        f"起点：{detector.confidence}",
        *[f"升：{one}" for one in found.raises],
        *[f"降：{one}" for one in lowers],
    ]
    grade = _GRADES[max(0, min(place, len(_GRADES) - 1))]
    if found.needs_review:
        reasons.append("依据清单为项目自拟，需临床复核，不高于中")
        grade = Confidence.LOW if grade is Confidence.LOW else Confidence.MEDIUM
    return Graded(grade, tuple(reasons))


def _ranking(work: Workup, findings: Iterable[CodingFinding]) -> Ranking:
    """A1 and A13: for the order in which cases are looked at, nothing more."""
    score, reasons = 0, []
    for driver in work.sole_drivers:
        score += 2
        reasons.append(f"{'、'.join(driver.codes)}单独决定分组")
    least = work.parameters("A13", Many).least
    if len(work.secondaries) >= least:
        score += 1
        reasons.append(f"其他诊断{len(work.secondaries)}个，不少于{least}个")
    for one in findings:
        score += _GRADES.index(one.confidence.grade) + 1
        reasons.append(f"{one.id}{one.title}")
    return Ranking(score, tuple(reasons))
