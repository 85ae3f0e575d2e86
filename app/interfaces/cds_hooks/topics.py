"""Topics (提醒类型): the CRD card type of each rule, by which a client may turn reminders off."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.engine.compiled import RuleHead

SYSTEM = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp"
COVERAGE = "coverage-info"
_CLINICAL = "违反诊疗规范"

NAMES: Mapping[str, tuple[str, str]] = {  # code: name, what turning it off leaves out
    COVERAGE: ("医保支付信息", "在每条医嘱上写入医保支付判断（系统动作）"),
    "appropriate-use": ("限定支付范围", "适应症、人群、机构级别等限定条件的提醒"),
    "limits": ("限量限次", "数量、频次、疗程、费用限额的提醒"),
    "duplicate-therapy": ("重复用药与重复检查", "同类药品重复、近期已做检查检验的提醒"),
    "contraindication": ("用药安全", "禁忌、相互作用、年龄与妊娠用药的提醒"),
    "therapy-alternatives-req": ("先行治疗", "须先使用一线药物等前置条件的提醒"),
    "therapy-alternatives-opt": ("可替代项目", "有更合适的可支付项目的提醒"),
    "off-guideline": ("诊疗规范", "偏离临床路径、诊疗规范的提醒"),
    "cost": ("费用", "价格、预算、支付标准的提醒"),
    "claim": ("收费与结算", "重复收费、分解收费、编码与清单质量的提醒"),
}
_BY_KIND = {
    "restricted_use": "appropriate-use",
    "not_payable": "appropriate-use",
    "disease_catalogue": "appropriate-use",
    "expression": "appropriate-use",
    "blacklist": "appropriate-use",
    "quantity_limit": "limits",
    "daily_dose": "limits",
    "same_class_duplicate": "duplicate-therapy",
    "repeated_elsewhere": "duplicate-therapy",
    "required_companion": "claim",
    "substitution": "therapy-alternatives-opt",
    "pathway": "off-guideline",
    "perioperative_antibiotic": "off-guideline",
    "use_density": "off-guideline",
    "admission_need": "off-guideline",
    "price_limit": "cost",
    "surgery_discount": "cost",
    "budget": "cost",
    "payment_standard": "cost",
}
_CLINICAL_KINDS = frozenset({"restricted_use", "mutually_exclusive", "expression"})


def topic_of(head: RuleHead | None) -> str:
    if head is None:
        return "claim"
    if head.category == _CLINICAL and head.kind in _CLINICAL_KINDS:
        return "contraindication"
    if head.kind == "required_companion" and "二线" in head.title:
        return "therapy-alternatives-req"
    return _BY_KIND.get(head.kind, "claim")


def coding(topic: str) -> dict[str, Any]:
    return {"system": SYSTEM, "code": topic, "display": NAMES[topic][0]}


def topics_of(heads: Iterable[RuleHead]) -> list[str]:
    """The topics that these rules speak of, in the order of `NAMES`."""
    found = {topic_of(head) for head in heads}
    return [topic for topic in NAMES if topic in found]
