"""Reason codes (处理理由): what an action of a review must be grounded on; the list of an action is closed."""

from collections.abc import Mapping

from app.domain.review import ReviewAction as Action

OTHER = "other"  # asks for words
_OTHER = {OTHER: "其他（须填写说明）"}

_CONFIRMED = {
    "policy_breached": "违反医保支付政策",
    "price_breached": "违反价格或收费规定",
    "record_lacks_support": "病历、检查检验缺少支持依据",
    "not_performed": "收费项目未实施或数量不符",
    "coding_wrong": "诊断或手术编码不符",
    "acknowledged": "科室或医师已认可",
}
_CLEARED = {
    "rule_too_broad": "规则口径过宽",
    "knowledge_outdated": "知识点已过期或有误",
    "item_mapped_wrong": "项目对码错误",
    "data_wrong": "上传数据有误或缺失",
    "record_supports": "病历资料证明使用合理",
    "amount_miscalculated": "金额计算有误",
}
_EXCEPTED = {
    "rescue": "急危重症抢救",
    "rare_condition": "特殊病情，有会诊或讨论记录",
    "local_policy": "当地政策另有规定",
    "approved_before": "已经审批或备案",
    "emergency_measure": "突发公共事件等特殊时期",
}
_REJECTED = {
    "proof_insufficient": "证明材料不足",
    "proof_unrelated": "材料与该疑点无关",
    "policy_is_clear": "政策规定明确，理由不成立",
    "added_afterwards": "材料为事后补记，不予采信",
}

REASONS: Mapping[Action, Mapping[str, str]] = {
    Action.CONFIRM: {**_CONFIRMED, **_OTHER},
    Action.DISMISS: {**_CLEARED, **_OTHER},
    Action.EXCEPT: {**_EXCEPTED, **_OTHER},
    Action.SEND_BACK: {
        "facts_unclear": "事实不清，需补充核查",
        "reason_unfit": "理由与结论不符",
        "decision_wrong": "结论不当",
        **_OTHER,
    },
    Action.APPEAL: {
        "clinically_needed": "临床确有需要",
        "record_supports": "病历资料可证明合理",
        "rule_wrong": "规则或知识点有误",
        "data_wrong": "数据上传或对码错误",
        "policy_otherwise": "政策另有规定",
        "amount_wrong": "认定金额有误",
        **_OTHER,
    },
    Action.GRANT: {**_CLEARED, **_OTHER},
    Action.GRANT_EXCEPTION: {**_EXCEPTED, **_OTHER},
    Action.REJECT: {**_REJECTED, **_OTHER},
    Action.FAIL_RECHECK: {
        "refund_missing": "退费未到位或金额不足",
        "proof_insufficient": "佐证材料不足",
        "measures_missing": "整改措施未落实",
        "recurred": "同类问题再次发生",
        **_OTHER,
    },
    Action.CLOSE: {
        "not_settled": "尚未结算，已在结算前更正",
        "nothing_to_refund": "不涉及退费，已提醒科室",
        "refunded_before": "此前已退费",
        "trial_rule": "规则试运行，不作处理",
        **_OTHER,
    },
    Action.REOPEN: {
        "new_evidence": "出现新证据",
        "decision_wrong": "原结论有误",
        "policy_changed": "政策解释有变化",
        "superior_orders": "上级或医保经办机构要求",
        **_OTHER,
    },
}


def reason_text(action: Action, code: str) -> str:
    """The words for a code; blank where the action has no such reason."""
    return REASONS.get(action, {}).get(code, "")
