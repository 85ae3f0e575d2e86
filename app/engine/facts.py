"""Facts (判断所需信息): what a rule may lack, said in words for the answer."""

_NAMES = {
    "patient.sex": "患者性别",
    "patient.birth_date": "患者出生日期",
    "patient.pregnancy": "生育状态",
    "coverage.insurance_type": "险种",
    "coverage.pooling_area": "统筹区",
    "coverage.chronic_disease": "门诊慢特病病种",
    "facility.level": "医疗机构级别",
    "facility.type": "医疗机构类型",
    "care_type": "医疗类别",
    "start_at": "入院（就诊）时间",
    "end_at": "出院时间",
    "department": "科室",
    "diagnoses": "诊断编码",
    "procedures": "手术操作编码",
    "practitioner.title": "医师职称",
    "line.unit_price": "单价",
    "line.amount": "金额",
    "line.category": "目录类别",
    "line.days_supply": "用药天数",
    "line.prescription_id": "处方号",
    "line.is_standing": "长期医嘱标志",
    "line.has_consent": "自费知情同意标志",
    "line.formulary_class": "目录等级",
    "history": "患者既往就诊记录",
    "earlier_treatment": "既往治疗（一线用药）记录",
}


def explain_missing(fact: str) -> str:
    """A sentence for staff on why a rule could not be judged."""
    if fact == "internal_error":
        return "规则执行出错，未作判断；请联系系统管理员"
    return f"缺少{_NAMES.get(fact, fact)}，未作判断"
