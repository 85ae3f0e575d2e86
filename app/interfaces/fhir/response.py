"""The answer to a claim (理赔答复): a ClaimResponse that says of each item what was found, in Chinese."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.domain.audit import Audit
from app.domain.decision import Decision, Severity
from app.domain.finding import Finding
from app.domain.labels import SEVERITY_LABELS
from app.domain.line import ChargeLine
from app.domain.money import ZERO, cents
from app.interfaces.cds_hooks.fhir import Concept, Reference
from app.interfaces.fhir.claim import Claim

_ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
_RULES = "urn:mingjian:rule"
_TYPES = "http://terminology.hl7.org/CodeSystem/claim-type"
_USES = frozenset({"claim", "preauthorization", "predetermination"})
_CURRENCY = "CNY"
Element = dict[str, Any]


def response_of(claim: Claim, audit: Audit, lines: Sequence[ChargeLine], sequences: dict[str, int]) -> Element:
    """`error` names the items that may not be claimed as they are; what else was found stands with its item."""
    told = [one for one in audit.findings if one.decision is not Decision.PASS]
    blocked = [one for one in told if one.decision is Decision.BLOCK]
    answer: Element = {
        "resourceType": "ClaimResponse",
        "id": audit.id,
        "identifier": [{"system": "urn:mingjian:audit", "value": audit.id}],
        "status": "active",
        "type": _concept(claim.type) or {"coding": [{"system": _TYPES, "code": "institutional"}]},
        "use": claim.use if claim.use in _USES else "claim",
        "patient": _reference(claim.patient, "患者未提供"),
        "created": audit.audited_at.isoformat(timespec="seconds"),
        "insurer": _reference(claim.insurer, "医疗保障经办机构"),
        "outcome": "error" if blocked else "partial" if audit.not_evaluated or audit.degraded else "complete",
        "disposition": _summary(audit, told),
    }
    if claim.id:
        answer["request"] = {"reference": f"Claim/{claim.id}"}
    notes = {finding.id: number for number, finding in enumerate(told, 1)}
    if lines:
        answer["item"] = [_item(line, sequences[line.id], told, notes) for line in lines]
    if errors := [_error(one, sequences.get(line)) for one in blocked for line in one.lines or ("",)]:
        answer["error"] = errors
    texts = [_note(one) for one in told] + [one.message for one in audit.data_issues] + _open_points(audit)
    if texts:
        answer["processNote"] = [
            {"number": number, "type": "display", "text": text} for number, text in enumerate(texts, 1)
        ]
    return answer


def _item(line: ChargeLine, sequence: int, told: Sequence[Finding], notes: dict[str, int]) -> Element:
    against = [one for one in told if line.id in one.lines]
    total, claimed = line.total_amount, line.claimed_amount
    found: list[Element] = [_adjudication("submitted", total)]
    left = claimed
    for one in against:
        if one.severity is Severity.DEFINITE and len(one.lines) == 1 and left is not None:
            left = max(left - (left if one.amount_at_issue is None else one.amount_at_issue), ZERO)
    for one in against:
        reason = {"coding": [{"system": _RULES, "code": one.rule, "display": one.title}]}
        found.append(_adjudication("eligible", left, reason))
    if not against:
        found.append(_adjudication("eligible", left))
    item: Element = {"itemSequence": sequence, "adjudication": found}
    if numbers := [notes[one.id] for one in against]:
        item["noteNumber"] = numbers
    return item


def _adjudication(category: str, amount: Decimal | None, reason: Element | None = None) -> Element:
    found: Element = {"category": {"coding": [{"system": _ADJUDICATION, "code": category}]}}
    if reason is not None:
        found["reason"] = reason
    if amount is not None:
        found["amount"] = {"value": cents(amount), "currency": _CURRENCY}
    return found


def _error(finding: Finding, sequence: int | None) -> Element:
    code = {"coding": [{"system": _RULES, "code": finding.rule, "display": finding.title}], "text": finding.message}
    return {"code": code} if sequence is None else {"itemSequence": sequence, "code": code}


def _note(finding: Finding) -> str:
    parts = [f"【{SEVERITY_LABELS[finding.severity]}】{finding.message}", f"处理建议：{finding.remedy}"]
    if basis := "；".join(filter(None, (finding.basis, *finding.references))):
        parts.append(f"依据：{basis}")
    return "\n".join(parts)


def _open_points(audit: Audit) -> list[str]:
    return list(dict.fromkeys(f"未能审核：{one.message or one.missing}" for one in audit.not_evaluated))


def _summary(audit: Audit, told: Sequence[Finding]) -> str:
    if not told:
        return "未发现问题" if not audit.not_evaluated else "未发现问题，但有项目因资料不全未能审核"
    blocks = audit.decision is Decision.BLOCK
    return f"发现 {len(told)} 个疑点，" + ("须修改后再申报；确有需要的，填写理由后可继续申报" if blocks else "请核对")


def _concept(concept: Concept | None) -> Element | None:
    if concept is None:
        return None
    told = [{"system": one.system, "code": one.code, "display": one.display} for one in concept.coding]
    coding = [{name: text for name, text in one.items() if text.strip()} for one in told]
    found: Element = {"coding": some} if (some := [one for one in coding if one]) else {}
    return {**found, "text": concept.text} if concept.text.strip() else found or None


def _reference(told: Reference | None, otherwise: str) -> Element:
    if told is not None and told.reference.strip():
        return {"reference": told.reference.strip()}
    if told is not None and told.identifier.value.strip():
        return {"identifier": {"value": told.identifier.value.strip()}}
    return {"display": otherwise}
