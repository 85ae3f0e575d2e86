"""Labels (中文名称): how values of the domain are said to doctors and staff."""

from enum import StrEnum

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, FacilityLevel, InsuranceType, Pregnancy, Sex
from app.domain.line import FormularyClass

_LABELS: dict[StrEnum, str] = {
    Sex.MALE: "男性",
    Sex.FEMALE: "女性",
    Pregnancy.NONE: "非妊娠哺乳期",
    Pregnancy.PLANNING: "备孕",
    Pregnancy.PREGNANT: "妊娠期",
    Pregnancy.LACTATING: "哺乳期",
    CareType.OUTPATIENT: "门诊",
    CareType.CHRONIC_OUTPATIENT: "门诊慢特病",
    CareType.EMERGENCY: "急诊",
    CareType.INPATIENT: "住院",
    CareType.DAY_CASE: "日间诊疗",
    CareType.PHARMACY: "药店购药",
    CareType.INTERNET: "互联网诊疗",
    InsuranceType.EMPLOYEE: "职工医保",
    InsuranceType.RESIDENT: "居民医保",
    InsuranceType.WORK_INJURY: "工伤保险",
    InsuranceType.MATERNITY: "生育保险",
    InsuranceType.OTHER: "其他险种",
    InsuranceType.NONE: "自费",
    FacilityLevel.TERTIARY: "三级医疗机构",
    FacilityLevel.SECONDARY: "二级医疗机构",
    FacilityLevel.PRIMARY: "一级及以下医疗机构",
    FacilityLevel.UNGRADED: "未定级医疗机构",
    FormularyClass.A: "甲类",
    FormularyClass.B: "乙类",
    FormularyClass.C: "目录外",
}


SEVERITY_LABELS: dict[Severity, str] = {
    Severity.DEFINITE: "明确违规",
    Severity.HIGHLY_SUSPECT: "高度可疑",
    Severity.SLIGHTLY_SUSPECT: "轻度可疑",
}


STAGE_LABELS: dict[Stage, str] = {Stage.ORDERING: "事前", Stage.SETTLING: "事中", Stage.SETTLED: "事后"}

ANSWER_LABELS: dict[Action, str] = {
    Action.PROCEED: "坚持执行",
    Action.REVISE: "返回修改",
    Action.EXCEPTED: "适用例外",
}


_TITLES = {  # 医师职称, as lines give them
    "chief": "主任医师",
    "associate_chief": "副主任医师",
    "attending": "主治医师",
    "resident": "住院医师",
    "assistant": "助理医师",
    "pharmacist": "药师",
    "nurse": "护士",
    "other": "其他人员",
}


def label(value: StrEnum | str) -> str:
    """The Chinese word for a value; text that has none is said as it is, and nothing as 未知."""
    if isinstance(value, StrEnum) and value in _LABELS:
        return _LABELS[value]
    return _TITLES.get(value, str(value)) or "未知"


def labels(values: tuple[StrEnum, ...] | tuple[str, ...]) -> str:
    return "、".join(label(value) for value in values)
