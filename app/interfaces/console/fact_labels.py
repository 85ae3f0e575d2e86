"""Names of facts (判断事实名称) as staff read them; one that is not here is told by its own name."""

FACT_LABELS = {
    "alternative": "替代方案", "available": "可用数量", "band": "区间", "basis": "依据", "begin": "开始时间",
    "broken": "不符之处", "budget": "额度", "bundle_name": "套餐名称", "charged": "收取数量",
    "cheaper_name": "低价项目", "class_name": "药品类别", "codes": "编码", "companion": "应有的项目", "count": "数量",
    "daily": "每日用量", "date": "日期", "dates": "日期", "days": "天数", "delay_days": "延迟天数",
    "denominator": "分母", "density": "使用强度", "detail": "说明", "diagnosis": "诊断", "disease": "病种",
    "dose_unit": "剂量单位", "doses": "用量（限定日剂量数）", "earlier": "此前记录", "event": "事件",
    "event_date": "事件日期", "evidence": "依据项目", "excess": "超出", "excluded_name": "不应并收的项目",
    "expression": "判断表达式", "kept_date": "保留项目的日期",
    "facility": "医疗机构", "fault": "问题", "found": "查到的内容", "group": "病组", "id": "编号", "item": "项目",
    "item_name": "项目", "item_names": "项目", "items": "项目", "kept": "保留", "level": "级别", "limit": "上限",
    "main": "主要诊断", "max_hours": "最多小时", "max_price": "最高单价", "members": "分项", "month": "月份",
    "names": "名称", "numerator": "分子", "other": "另一项目", "pathway": "路径", "percent": "百分比",
    "period": "期间", "price": "单价", "procedure": "手术操作", "quantity": "数量", "reason": "原因",
    "service_date": "费用日期", "share": "占比", "side": "先后", "since": "自", "spent": "已用", "standard": "标准",
    "step": "步骤", "subject": "对象", "total": "合计", "unit": "单位", "until": "至", "window_days": "间隔天数",
}  # fmt: skip
