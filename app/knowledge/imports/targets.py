"""Targets (导入去向): which rule the rows of a class go into, and how it is written where there is none yet."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from app.knowledge.imports.classes import CLASSES

PRACTITIONER = "practitioner-"
_PAYMENT, _CARE = "超医保支付范围", "违反诊疗规范"


@dataclass(frozen=True, slots=True)
class Target:
    """A rule that rows go into. `key` are the columns that name a unit of knowledge; the others say what holds."""

    rule: str
    seq: int
    kind: str
    parameters: str
    title: str
    category: str
    message: str
    remedy: str
    severity: str = "definite"
    judges: str = "claimed"
    key: tuple[str, ...] = ("item_code",)

    @property
    def joins(self) -> bool:
        """Whether codes of which the same holds stand together in one point."""
        return self.kind not in ("mutually_exclusive", "surgery_discount", "unbundling", "same_class_duplicate")

    @property
    def gathers(self) -> bool:
        """Whether all codes of a key are one point, whichever rows they come from: a class of drugs is judged whole."""
        return self.kind == "same_class_duplicate"


_RESTRICTED = {  # class: rule, category, message
    1: ("work-injury-drug-under-other-insurance", _PAYMENT, "{item}只由工伤保险支付，{broken}。"),
    2: ("maternity-drug-under-other-insurance", _PAYMENT, "{item}只由生育保险支付，{broken}。"),
    6: ("drug-paid-only-for-newborns", _PAYMENT, "{item}限新生儿使用，{broken}。"),
    7: ("drug-paid-only-for-children", _PAYMENT, "{item}限儿童使用，{broken}。"),
    8: ("drug-for-unlisted-diagnosis", _PAYMENT, "{item}的支付范围为“{basis}”，{broken}。"),
    12: ("drug-below-facility-level", _PAYMENT, "{item}限定医疗机构级别，{broken}。"),
    13: ("drug-outside-care-type", _PAYMENT, "{item}限定就医方式，{broken}。"),
    16: ("work-injury-service-under-other-insurance", _PAYMENT, "{item}只由工伤保险支付，{broken}。"),
    17: ("maternity-service-under-employee-insurance", _PAYMENT, "{item}只由生育保险支付，{broken}。"),
    18: ("newborn-paid-service-for-older-patient", _PAYMENT, "{item}限新生儿使用，{broken}。"),
    19: ("service-paid-only-for-children", _PAYMENT, "{item}限儿童使用，{broken}。"),
    20: ("service-for-unlisted-diagnosis", _PAYMENT, "{item}限定适应症，{broken}。"),
    22: ("service-item-outside-care-setting", _PAYMENT, "{item}限定就医方式，{broken}。"),
    24: ("service-below-facility-level", _PAYMENT, "{item}限定医疗机构级别，{broken}。"),
    29: ("service-item-outside-age-limit", _PAYMENT, "{item}限定年龄，{broken}。"),
    32: ("consumable-only-for-newborns", _PAYMENT, "{item}限新生儿使用，{broken}。"),
    33: ("consumable-only-for-children", _PAYMENT, "{item}限儿童使用，{broken}。"),
    47: ("controlled-drug-over-internet-care", _PAYMENT, "{item}不得在互联网诊疗中开具，{broken}。"),
    65: ("children-drug-for-adult", _CARE, "{item}为儿童专用药品，{broken}。"),
    66: ("drug-forbidden-for-children", _CARE, "{item}为儿童禁用药品，{broken}。"),
    67: ("drug-for-other-sex", _CARE, "{item}{broken}。"),
    70: ("drug-for-off-label-diagnosis", _CARE, "{item}的说明书适应症为“{basis}”，{broken}。"),
    71: ("drug-forbidden-with-disease", _CARE, "{item}有禁忌症，{broken}。"),
    72: ("drug-unsuitable-for-the-old", _CARE, "{item}老年人不宜使用，{broken}。"),
    80: ("children-service-for-adult", "虚构医药服务项目", "{item}为儿童专用项目，{broken}。"),
    81: ("service-item-for-other-sex", "虚构医药服务项目", "{item}{broken}。"),
    82: ("service-contraindicated-by-disease", _CARE, "{item}有禁忌症，{broken}。"),
    83: ("service-beyond-its-indication", _CARE, "{item}的适应症为“{basis}”，{broken}。"),
    87: ("consumable-for-other-sex", "虚构医药服务项目", "{item}{broken}。"),
    88: ("consumable-for-unlisted-disease", _PAYMENT, "{item}限定疾病，{broken}。"),
}
_SUSPECT = {8, 20, 70, 71, 72, 82, 83, 88}  # classes whose text says more than a code list can
_LIMITS = {  # (class, variant): rule, parameters, message
    (9, ""): ("drug-over-maximum-days", "days, per: line", "{item}限开{limit}{unit}，本次开{total}{unit}。"),
    (10, ""): ("drug-outside-payment-course", "days, per: stay", "{item}限支付{limit}{unit}，本次已用{total}{unit}。"),
    (23, ""): (
        "rehab-training-outside-payment-course",
        "days, per: rolling",
        "{item}支付不超过{limit}{unit}，一年内已用{total}{unit}。",
    ),
    (27, "day"): (
        "service-item-over-daily-quantity",
        "quantity, per: day",
        "{item}每日限{limit}{unit}，当日计{total}{unit}。",
    ),
    (27, "stay"): (
        "service-item-over-stay-quantity",
        "quantity, per: stay",
        "{item}每次就诊限{limit}{unit}，已计{total}{unit}。",
    ),
    (27, "month"): (
        "service-item-over-monthly-quantity",
        "quantity, per: month",
        "{item}每月限{limit}{unit}，当月计{total}{unit}。",
    ),
    (27, "year"): (
        "service-item-over-yearly-quantity",
        "quantity, per: year",
        "{item}每年限{limit}{unit}，当年计{total}{unit}。",
    ),
    (28, ""): ("service-over-paid-total", "amount, per: stay", "{item}限支付{limit}元，已计{total}元。"),
    (31, ""): (
        "service-item-repeated-too-soon",
        "quantity, per: rolling",
        "{item}在规定周期内已计{total}{unit}，限{limit}{unit}。",
    ),
    (34, ""): ("consumable-over-payment-total", "amount, per: stay", "{item}限支付{limit}元，已计{total}元。"),
    (86, "day"): ("consumable-over-quantity", "quantity, per: stay", "{item}限用{limit}{unit}，已计{total}{unit}。"),
}
_PAIRS = {  # (class, variant): rule, within, severity
    (25, "day"): ("service-items-charged-twice", "day", "definite"),
    (25, "stay"): ("operations-charged-twice-in-stay", "stay", "definite"),
    (25, "hours"): ("service-items-charged-twice-within-hours", "day", "highly_suspect"),
    (26, "whole"): ("parts-charged-with-whole", "day", "highly_suspect"),
    (30, "day"): ("consumable-included-in-service", "day", "highly_suspect"),
    (74, "stay"): ("drugs-that-interact", "stay", "highly_suspect"),
    (75, "stay"): ("decoction-pieces-incompatible", "stay", "highly_suspect"),
}
_COMPANIONS = {  # class: rule, within, category
    5: ("second-line-drug-without-first-line", "before", _PAYMENT),
    36: ("surcharge-without-base-item", "day", "结算明细信息异常"),
    64: ("drug-without-its-service", "stay", "虚构医药服务项目"),
    79: ("dependent-service-without-main-service", "day", "过度诊疗"),
    84: ("consumable-without-its-service", "stay", "虚构医药服务项目"),
}
_REMEDY = "请核对患者信息与收费；确需使用的请说明理由，不符合规定的改为自费或退费。"


def _title(seq: int) -> str:
    return CLASSES[seq].name


def _made() -> dict[tuple[int, str], Target]:
    found: dict[tuple[int, str], Target] = {}
    for seq, (rule, category, message) in _RESTRICTED.items():
        severity = "highly_suspect" if seq in _SUSPECT else "definite"
        judges = "claimed" if category == _PAYMENT else "all"
        found[seq, ""] = Target(
            rule, seq, "restricted_use", "{}", _title(seq), category, message, _REMEDY, severity, judges
        )
    newborn = replace(found[80, ""], rule="newborn-service-for-older-patient", title="新生儿专用项目用于非新生儿")
    found[80, "newborn"] = replace(newborn, message="{item}为新生儿专用项目，{broken}。")
    for (seq, variant), (rule, parameters, message) in _LIMITS.items():
        written = f"{{measure: {parameters}}}"
        found[seq, variant] = Target(
            rule, seq, "quantity_limit", written, _title(seq), "超标准收费", message, _REMEDY, "highly_suspect"
        )
    for (seq, variant), (rule, within, severity) in _PAIRS.items():
        message = "{item}与{kept}不得同时收费或使用。"
        title = _title(seq) + {"stay": "（同次就诊）", "hours": "（数小时内）"}.get(variant, "")
        key = ("item_code", "excluded_code")
        written = f"{{within: {within}}}"
        found[seq, variant] = Target(
            rule, seq, "mutually_exclusive", written, title, "重复收费", message, _REMEDY, severity, key=key
        )
    for seq, (rule, within, category) in _COMPANIONS.items():
        message, written = "{item}没有同时收取或使用{companion}。", f"{{within: {within}}}"
        found[seq, ""] = Target(
            rule, seq, "required_companion", written, _title(seq), category, message, _REMEDY, "slightly_suspect"
        )
    return found | _others()


def _others() -> dict[tuple[int, str], Target]:
    never = "{item}不予支付。"
    return {
        (3, ""): Target(
            "decoction-piece-never-payable", 3, "not_payable", "{when: always}", _title(3), _PAYMENT, never, _REMEDY
        ),
        (4, ""): Target(
            "decoction-piece-not-payable-alone", 4, "not_payable", "{when: alone}", _title(4), _PAYMENT,
            "{item_names}单独使用，不予支付。", _REMEDY,
        ),
        (14, ""): Target(
            "service-above-local-price", 14, "price_limit", "{}", _title(14), "超标准收费",
            "{item}单价{price}元，高于限价{max_price}元。", _REMEDY,
        ),
        (15, ""): Target(
            "operation-without-discount", 15, "surgery_discount", "{}", _title(15), "超标准收费",
            "{item}与同组手术同日收费，未按规定折价。", _REMEDY, "highly_suspect", key=("item_code", "group"),
        ),
        (26, ""): Target(
            "laboratory-panel-charged-by-parts", 26, "unbundling", "{within: day}", _title(26), "分解收费",
            "{bundle_name}拆分为{members}收费。", _REMEDY, "highly_suspect", key=("bundle_code", "bundle_name"),
        ),
        (69, ""): Target(
            "drugs-of-one-class-together", 69, "same_class_duplicate", "{within: prescription}", _title(69), "重复开药",
            "同时开具{count}种{class_name}：{names}。", _REMEDY, "highly_suspect", key=("class_name",),
        ),
    }  # fmt: skip


TARGETS = MappingProxyType(_made())


def of_practitioner(target: Target) -> Target:
    """The rule for an auditor's own table: a suspicion of its own, apart from what the nation has published."""
    return replace(target, rule=PRACTITIONER + target.rule, severity="slightly_suspect")
