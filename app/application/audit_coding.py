"""Coding findings in an audit (审核中的编码疑点): as a stay is settled, its coding is looked at by a scheme.

Only inpatient stays with diagnoses, only at stage settling, and only detectors that `detectors.yaml` lets into audits.
"""

import logging
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from msgspec.structs import replace

from app.application.check_coding import encounter_case, pricing, read_knowledge
from app.application.load_scheme import load_scheme, scheme_folders
from app.domain.audit import AuditRequest, Judgement
from app.domain.decision import Decision, DecisionPolicy, Severity, Stage
from app.domain.encounter import CareType
from app.domain.finding import Finding, NotEvaluated, Visibility
from app.domain.money import plain
from app.grouper.coding import check_coding
from app.grouper.coding_case import CodingFinding
from app.grouper.coding_principal import finer_codes
from app.grouper.scheme import Scheme
from app.knowledge.coding_records import CodingKnowledge, Direction, State

_log = logging.getLogger(__name__)
_RULE = "coding"
_REMEDY = "请编码员对照病历复核后确认或说明；系统不改写编码。"
_CATEGORIES = {Direction.OVER: "高套编码", Direction.UNDER: "低套编码", Direction.QUALITY: "结算清单信息异常"}
_PARTS = "+"


class CodingJudge:
    """A scheme and the evidence tables. `revision` names both; the same revision judges the same."""

    def __init__(self, scheme: Scheme, knowledge: CodingKnowledge) -> None:
        self._scheme, self._knowledge = scheme, knowledge
        self._asked = frozenset([name for name, one in knowledge.detectors.items() if one.in_audits])
        self.revision = f"{scheme.revision}{_PARTS}{knowledge.revision}"

    def warm(self) -> None:
        """Unpack the dictionaries, so that no audit waits for it."""
        for table in (self._scheme.diagnosis_names, self._scheme.procedure_names, self._scheme.weights):
            len(table)
        finer_codes(self._scheme)

    def added(self, judgement: Judgement, request: AuditRequest, policy: DecisionPolicy) -> Judgement:
        """The judgement with coding findings behind it. A fault of ours is told as not evaluated, and never raised."""
        encounter = request.encounter
        if request.stage is not Stage.SETTLING or encounter.care_type is not CareType.INPATIENT:
            return judgement
        if not any(one.code for one in encounter.diagnoses):
            return judgement
        try:
            return self._judged(judgement, request, policy.at(request.stage))
        except Exception:
            _log.exception("coding findings of an audit could not be made")
            failed = NotEvaluated(rule=_RULE, missing="internal_error", message="编码疑点检测出错，未能判断")
            return replace(judgement, not_evaluated=(*judgement.not_evaluated, failed))

    def _judged(self, judgement: Judgement, request: AuditRequest, decisions: Mapping[Severity, Decision]) -> Judgement:
        case = encounter_case(request.encounter, request.history)
        payment = pricing(self._scheme, case.end_date)
        report = check_coding(self._scheme, case, self._knowledge, payment, self._asked)
        key = f"{request.encounter.facility.id}\x1f{request.encounter.id}"
        found = [_finding(one, key, judgement.ruleset, decisions) for one in report.findings]
        if not found and not report.not_evaluated:
            return judgement
        return replace(
            judgement,
            findings=(*judgement.findings, *found),
            not_evaluated=(*judgement.not_evaluated, *report.not_evaluated),
        )


def _finding(one: CodingFinding, key: str, ruleset: str, decisions: Mapping[Severity, Decision]) -> Finding:
    shown, facts, point = one.status is State.ACTIVE, _facts(one), one.point or one.id
    told = "\x1e".join(
        [facts["codes"], facts["group"], facts.get("group_otherwise", "")]
    )  # not how many lines there are
    identity = f"{key}\x1f{one.rule}\x1f{point}\x1f{told}"
    return Finding(
        id=blake2b(identity.encode(), digest_size=16).hexdigest(),
        rule=one.rule,
        rule_version=one.version,
        ruleset=ruleset,
        point=point,
        title=one.title,
        category=_CATEGORIES[one.direction],
        severity=one.severity,
        message=f"{one.message}{one.confirmation}",
        remedy=_REMEDY,
        lines=(),
        related_lines=one.lines[:100],
        facts=facts,
        references=one.references,
        decision=decisions[one.severity] if shown else Decision.PASS,
        visibility=Visibility.SHOWN if shown else Visibility.TRIAL,
    )


def _facts(one: CodingFinding) -> dict[str, str]:
    """What the finding rests on, as text; the first variant is the one it is about."""
    facts = {"codes": "、".join(one.codes), "group": one.recorded.drg, "confidence": one.confidence.grade.value}
    if one.variants:
        variant = one.variants[0]
        facts |= {"change": variant.change, "group_otherwise": variant.outcome.drg}
        if variant.standard_difference is not None:
            facts["standard_difference"] = plain(variant.standard_difference)
    facts["evidence_for"] = "；".join([fact.text for fact in one.evidence_for])
    if one.evidence_against:
        facts["evidence_against"] = "；".join([fact.text for fact in one.evidence_against])
    return facts


def open_judge(scheme_id: str, data_dir: Path, rules_dir: Path, cache_dir: Path | None) -> CodingJudge | None:
    """The judge by the scheme of this id, None for a blank one. Raises SchemeError, PackError."""
    if not scheme_id:
        return None
    scheme = load_scheme(scheme_id, scheme_folders(data_dir, rules_dir), cache_dir)
    judge = CodingJudge(scheme, read_knowledge(rules_dir))
    judge.warm()
    return judge


def judge_of(revision: str, rules_dir: Path, cache_dir: Path) -> CodingJudge | None:
    """The judge of an earlier audit, from the compiled scheme that is kept; None where it or its tables are gone."""
    scheme_revision, _, evidence_revision = revision.partition(_PARTS)
    knowledge = read_knowledge(rules_dir)
    file = cache_dir / f"{scheme_revision}.mjdrg001"
    if knowledge.revision != evidence_revision or not scheme_revision.isalnum() or not file.is_file():
        return None
    return CodingJudge(Scheme(file.read_bytes()), knowledge)
