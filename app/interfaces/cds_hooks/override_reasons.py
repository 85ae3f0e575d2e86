"""Override reasons (继续执行的理由): at most five for each rule, in the codes of the standard.

Codes: http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes (CDS Hooks 3.0, after the AHRQ taxonomy).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.engine.compiled import RuleHead
from app.interfaces.cds_hooks.topics import topic_of

SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
MOST = 5

REASONS: Mapping[str, str] = {
    "patient-ineligible": "提醒不适用于该患者",
    "indication-order-exists": "已有相应指征，诊断或病历待补录",
    "action-completed": "已按提醒处理",
    "action-unsuccessful": "替代治疗无效或不能耐受",
    "need-more-info": "待检查结果或会诊意见",
    "inappropriate-recipient": "应由收费或编码人员处理",
    "policy-contradicts": "本院或本地政策允许",
    "expert-contradicts": "上级医师或会诊意见要求使用",
    "risk-benefit-ratio": "病情需要，权衡利弊后使用",
    "patient-contraindication": "患者对替代方案有禁忌",
    "prefers-alternative": "患者知情同意并自费",
    "service-not-available": "替代项目无法提供",
}
_BY_TOPIC: Mapping[str, tuple[str, ...]] = {
    "appropriate-use": (
        "indication-order-exists", "risk-benefit-ratio", "prefers-alternative", "policy-contradicts",
        "patient-ineligible",
    ),
    "limits": (
        "risk-benefit-ratio", "expert-contradicts", "policy-contradicts", "prefers-alternative", "patient-ineligible",
    ),
    "duplicate-therapy": (
        "risk-benefit-ratio", "action-unsuccessful", "action-completed", "need-more-info", "patient-ineligible",
    ),
    "contraindication": (
        "risk-benefit-ratio", "expert-contradicts", "service-not-available", "patient-contraindication",
        "patient-ineligible",
    ),
    "therapy-alternatives-req": (
        "action-unsuccessful", "patient-contraindication", "service-not-available", "prefers-alternative",
        "patient-ineligible",
    ),
    "therapy-alternatives-opt": (
        "risk-benefit-ratio", "patient-contraindication", "service-not-available", "prefers-alternative",
        "patient-ineligible",
    ),
    "off-guideline": (
        "risk-benefit-ratio", "patient-contraindication", "expert-contradicts", "need-more-info", "patient-ineligible",
    ),
    "cost": (
        "policy-contradicts", "inappropriate-recipient", "risk-benefit-ratio", "prefers-alternative",
        "patient-ineligible",
    ),
    "claim": (
        "indication-order-exists", "policy-contradicts", "inappropriate-recipient", "action-completed",
        "patient-ineligible",
    ),
}  # fmt: skip


def reasons_for(head: RuleHead | None) -> list[dict[str, Any]]:
    return _codings(topic_of(head))


@cache
def _codings(topic: str) -> list[dict[str, Any]]:
    return [{"code": code, "system": SYSTEM, "display": REASONS[code]} for code in _BY_TOPIC[topic][:MOST]]
