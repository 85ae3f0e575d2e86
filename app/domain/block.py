"""Block (拦截): what may stop an order or a settlement, which is little, and how that is passed all the same.

Care must not stop because a fact was missing or a database did not answer: then a reason is asked for instead.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.domain.audit import Audit, Judgement
from app.domain.decision import Decision, Severity
from app.domain.finding import Finding, NotEvaluated

PASSED_BY = (
    "可修改后重新提交；确有需要的，由医师或经办人员填写理由后继续（处理方式“继续执行”），理由随疑点留存，系统不阻断诊疗"
)
INSTEAD = Decision.REQUIRE_REASON


class Told(NamedTuple):
    decision: Decision
    override: str | UnsetType


def tempered(judgement: Judgement, *, is_degraded: bool) -> Judgement:
    """The judgement, in which only what is certain blocks: a clear violation, with every fact of its rule at hand."""
    if not any([one.decision is Decision.BLOCK for one in judgement.findings]):
        return judgement
    missing = _missing(judgement.not_evaluated)
    findings = [
        replace(one, decision=INSTEAD)
        if one.decision is Decision.BLOCK and (is_degraded or not _is_certain(one, missing))
        else one
        for one in judgement.findings
    ]
    return replace(judgement, findings=tuple(findings))


def without_block(audit: Audit) -> Audit:
    """The same audit where it turns out only now that something is degraded."""
    if audit.decision is not Decision.BLOCK:
        return audit
    findings = [replace(one, decision=INSTEAD) if one.decision is Decision.BLOCK else one for one in audit.findings]
    decision, override = told_of(findings)
    return replace(audit, findings=tuple(findings), decision=decision, override=override)


def told_of(findings: Iterable[Finding]) -> Told:
    """What an audit says of these findings as a whole: the strictest decision, and where it blocks, how to pass."""
    strictest = max([one.decision for one in findings], key=lambda one: one.strictness, default=Decision.PASS)
    return Told(strictest, PASSED_BY if strictest is Decision.BLOCK else UNSET)


def _missing(not_evaluated: Iterable[NotEvaluated]) -> dict[str, set[str] | None]:
    """By rule, the lines for which a fact was missing; None: for the encounter."""
    missing: dict[str, set[str] | None] = {}
    for one in not_evaluated:
        known = missing.setdefault(one.rule, set())
        if not one.lines:
            missing[one.rule] = None
        elif known is not None:
            known.update(one.lines)
    return missing


def _is_certain(finding: Finding, missing: dict[str, set[str] | None]) -> bool:
    if finding.severity is not Severity.DEFINITE:
        return False
    if finding.rule not in missing:
        return True
    lines = missing[finding.rule]
    return lines is not None and bool(finding.lines) and lines.isdisjoint(finding.lines)
