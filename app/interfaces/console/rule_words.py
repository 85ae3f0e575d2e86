"""Values of rules (规则参数与知识点取值) as staff read them: what a parameter is called, and what its words mean."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from app.domain.encounter import CareType, FacilityLevel, InsuranceType, Pregnancy, Sex
from app.domain.labels import label
from app.domain.line import FormularyClass

PARAMETER_LABELS = {
    "subjects": "审查对象", "per": "统计范围", "levels": "预警线（%）", "grace_days": "宽限天数", "of": "所指诊断",
    "needs_days": "须有用药天数", "measure": "指标", "yellow": "黄线", "red": "红线", "worse": "异常方向",
    "minimum": "最小样本", "max_hours": "最多小时", "care_types": "医疗类别", "tolerance": "允许误差",
    "within": "比对范围", "look_back": "回看天数", "when": "适用情形", "formulary_classes": "目录等级",
    "check": "检查项", "grace_hours": "宽限小时", "lead_hours": "提前小时", "limit_is_stay_days": "以住院天数为上限",
    "extra": "另加数量", "excluded_care_types": "除外医疗类别", "most": "上限", "min_days": "最少天数",
    "pattern": "就诊情形", "window_days": "间隔天数", "same_disease": "限同一病种", "stay_types": "住院类别",
}  # fmt: skip
_ENUMS: dict[str, type[StrEnum]] = {
    "sex": Sex, "care_types": CareType, "excluded_care_types": CareType, "stay_types": CareType,
    "facility_levels": FacilityLevel, "insurance_types": InsuranceType, "formulary_classes": FormularyClass,
    "excluded_pregnancy": Pregnancy,
}  # fmt: skip
_PLACES = {"encounter": "本次就诊", "department": "科室", "facility": "医疗机构", "practitioner": "医生"}
_SPANS = {
    "line": "单条明细", "day": "同日", "prescription": "同一处方", "stay": "同次就诊", "encounter": "同次就诊",
    "days": "前后数日", "before": "此前", "month": "自然月", "year": "自然年", "rolling": "滚动期间",
}  # fmt: skip
_WORDS: dict[str, dict[str, str]] = {
    "source": _PLACES,
    "subjects": _PLACES,
    "per": _SPANS | _PLACES | {"encounter": "同次就诊"},
    "within": _SPANS,
    "of": {"any": "任一诊断", "principal": "主要诊断", "secondary": "其他诊断"},
    "when": {"alone": "单独使用", "always": "任何情形", "without_consent": "未取得知情同意"},
    "worse": {"high": "偏高", "low": "偏低"},
    "pattern": {
        "empty_bed": "挂床住院", "frequent_visits": "频繁就诊", "impossible_presence": "不可能在场",
        "overlapping_stays": "住院重叠", "readmission": "短期再入院",
    },
    "measure": {
        "amount": "金额", "quantity": "数量", "times": "次数", "days": "天数", "distinct": "品种数",
        "drug_share": "药占比", "consumable_share": "耗占比", "examination_share": "检查检验占比",
        "treatment_share": "治疗占比", "off_formulary_share": "目录外占比", "ct_share": "CT检查率",
        "mri_share": "磁共振检查率", "infection": "感染率", "unplanned_readmission": "非计划再入院率",
    },
    "check": {
        "amount": "金额与单价数量不符", "zero": "金额为零", "no_amount": "无金额", "no_code": "无医保编码",
        "odd_code": "编码异常", "category": "类别不符", "parts": "分项金额不符", "diagnosis_code": "诊断编码",
        "diagnosis_repeated": "诊断重复",
        "not_principal": "不可作主要诊断", "procedure_code": "手术编码", "principal_procedure": "主要手术",
        "procedure_repeated": "手术重复", "procedure_date": "手术日期", "uncoded_operation": "手术未编码",
        "field": "必填项", "newborn_weight": "新生儿体重", "principal_diagnosis": "主要诊断", "choice": "品种选择",
        "duration": "用药时长", "timing": "给药时机",
    },
    "field": {"start_at": "入院时间", "end_at": "出院时间", "department": "科室", "diagnoses": "诊断"},
}  # fmt: skip


def told_value(name: str, value: Any) -> str:
    """What stands in the column or parameter of this name; blank where nothing is asked."""
    if isinstance(value, date):
        return "" if value in (date.min, date.max) else value.isoformat()
    if isinstance(value, (tuple, list, frozenset)):
        return "、".join(_each(name, value))
    if isinstance(value, bool):
        return "是" if value else ""
    return "" if value is None or value == "" else _word(name, str(value))


def told_parameters(parameters: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Name and value of each parameter that says something; None: they are not known, as when nothing can be read."""
    told = [(PARAMETER_LABELS.get(name, name), told_value(name, value)) for name, value in (parameters or {}).items()]
    return [(name, value) for name, value in told if value]


def _each(name: str, values: Iterable[Any]) -> list[str]:
    return [_word(name, str(one)) for one in values]


def _word(name: str, value: str) -> str:
    enum = _ENUMS.get(name)
    if enum is not None and value in set(enum):
        return label(enum(value))
    return label(value) if name == "practitioner_titles" else _WORDS.get(name, {}).get(value, value)
