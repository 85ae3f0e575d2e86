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
    "diagnoses.is_principal": "主要诊断标志",
    "procedures.is_principal": "主要手术操作标志",
    "procedures.performed_date": "手术操作日期",
    "procedures.performed_at": "手术操作开始时间",
    "payment_standard_amount": "病组（病种）支付标准",
    "line.item_code": "医保目录编码",
    "line.unit": "计价单位或规格",
    "line.start_at": "用药开始时间",
    "line.uploaded_at": "费用明细上传时间",
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
    "practitioner.id": "医师编码",
    "line.trace_codes": "药品追溯码",
}


_FEEDS = {  # data that no request carries: it comes by POST /v1/feeds or `mingjian feeds import`
    "feed.stock": "没有进销存数据",
    "feed.trace_codes": "没有已结算的药品追溯码数据",
    "feed.infections": "没有院内感染报告数据",
    "feed.statistics": "没有统计指标数据",
    "feed.blacklist": "没有医保支付资格暂停或终止名单",
    "feed.budgets": "没有预算数据",
}


def name_of(fact: str) -> str:
    """The Chinese name of a fact, or its path where it has none."""
    return _NAMES.get(fact, fact)


_OURS = {"time": "审核时限已到", "overload": "系统繁忙"}  # what the service lacked, not the request


def explain_missing(fact: str) -> str:
    """A sentence for staff on why a rule could not be judged."""
    if fact == "internal_error":
        return "规则执行出错，未作判断；请联系系统管理员"
    if fact in _OURS:
        return f"{_OURS[fact]}，未作判断；系统将自动补审"
    if fact in _FEEDS:
        return f"{_FEEDS[fact]}，未作判断；请导入后再审"
    return f"缺少{name_of(fact)}，未作判断"
