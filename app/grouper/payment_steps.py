"""Steps of a payment (测算步骤): every number that led to the official value, each with a sentence in Chinese."""

from collections.abc import Iterator
from decimal import Decimal

from app.domain.money import plain
from app.domain.payment import Payment, PaymentClass, Step
from app.domain.settlement import Method, PaymentParameters

_ATTRIBUTES = {  # as the weight tables of the regions use the words; a scheme may say otherwise in `attributes`
    "无权重组": "无权重组：病例过少或费用差异过大，地区未设权重，没有支付标准，按当地办法（多为按项目或特病单议）结算",
    "不稳定病组": "不稳定病组：病例少或费用变异大，权重可能随年度调整，请以当年公布为准",
    "无极差组": "无极差组：各级医疗机构按同一规则支付，费用差异小",
    "三级无极差组": "三级无极差组：三级医疗机构之间不设级别差异",
    "基础组": "基础组（基层病组）：诊疗难度低，鼓励在基层医疗机构收治",
    "中医优势病组": "中医优势病组：须符合中医治疗占比和住院天数等条件",
}
_FACTS = {
    "total_amount": "住院总费用",
    "stay_days": "住院天数",
    "facility_level": "医疗机构级别",
    "tcm_share": "中医占比",
    "means.total_amount": "病组的地区次均费用",
}
_UNDONE = (PaymentClass.NO_STANDARD, PaymentClass.UNDETERMINED, PaymentClass.PER_CAPITA)


def explain(payment: Payment, parameters: PaymentParameters) -> tuple[Step, ...]:
    """The steps of a payment that was made with these parameters, in the order in which they are calculated."""
    return (
        *_group(payment, parameters),
        *_standard(payment, parameters),
        *_compared(payment),
        *_outcome(payment, parameters),
        *_remarks(payment),
    )


def yuan(amount: Decimal) -> str:
    """As people read it: 6,048.42元."""
    return f"{amount:,.2f}元"


def _group(payment: Payment, parameters: PaymentParameters) -> Iterator[Step]:
    if payment.priced_code != payment.group_code:
        text = f"病组{payment.group_code}的条件未满足，按病组{payment.priced_code}计算"
        yield Step("fall_back", "转入病组", None, "", text)
    for attribute in payment.attributes:
        rule = parameters.attributes.get(attribute)
        note = rule.note if rule is not None and rule.note else _ATTRIBUTES.get(attribute, "")
        if note:
            yield Step("attribute", "病组属性", None, "", note)


def _standard(payment: Payment, parameters: PaymentParameters) -> Iterator[Step]:
    weight, coefficient = payment.weight, payment.coefficient
    if weight is None:
        return
    yield Step("weight", "权重", weight, "", f"病组{payment.priced_code}的权重为{plain(weight)}")
    if coefficient is None or payment.base_points is None:
        return
    if parameters.method is Method.RATE and parameters.rate is not None:
        worth = f"费率{plain(parameters.rate)}元"
        yield Step("rate", "费率", parameters.rate, "元", f"每一权重{plain(parameters.rate)}元")
        product = f"权重{plain(weight)}×{worth}"
    elif parameters.point_value is not None:
        points, value = payment.base_points, parameters.point_value
        text = f"权重{plain(weight)}×{plain(parameters.points_per_weight)}={plain(points)}点"
        yield Step("base_points", "基准点数", points, "点", text)
        yield Step("point_value", "点值", value, "元", f"每点{plain(value)}元")
        product = f"{plain(points)}点×点值{plain(value)}元"
    yield Step("coefficient", "机构系数", coefficient, "", f"机构系数为{plain(coefficient)}")
    if payment.formula_value is not None and payment.payment_class is not PaymentClass.BED_DAY:
        text = f"支付标准={product}×系数{plain(coefficient)}={yuan(payment.formula_value)}"
        yield Step("formula_value", "支付标准（公式值）", payment.formula_value, "元", text)


def _compared(payment: Payment) -> Iterator[Step]:
    cost = payment.total_amount
    if cost is not None:
        yield Step("total_amount", "住院总费用", cost, "元", f"住院总费用{yuan(cost)}")
    if payment.ratio is not None:
        yield Step("ratio", "费用倍率", payment.ratio, "", f"费用为支付标准的{plain(payment.ratio)}倍")
    if payment.mean_ratio is not None:
        text = f"费用为病组地区次均费用的{plain(payment.mean_ratio)}倍"
        yield Step("mean_ratio", "与地区均费之比", payment.mean_ratio, "", text)
    if payment.low_limit is not None:
        text = f"低倍率界线{yuan(payment.low_limit)}"
        yield Step("low_limit", "低倍率界线", payment.low_limit, "元", text)
    if payment.high_limit is not None:
        text = f"高倍率界线{yuan(payment.high_limit)}"
        yield Step("high_limit", "高倍率界线", payment.high_limit, "元", text)


def _outcome(payment: Payment, parameters: PaymentParameters) -> Iterator[Step]:
    because = f"：{payment.reason}" if payment.reason else ""
    yield Step("payment_class", "支付类别", None, "", f"{payment.payment_class.label}{because}")
    if payment.readmission_factor is not None and parameters.readmission is not None:
        text = f"出院后{parameters.readmission.days}天内再次入住同一病组，本次按{plain(payment.readmission_factor)}计"
        yield Step("readmission_factor", "再入院系数", payment.readmission_factor, "", text)
    if payment.official_points is not None and parameters.method is Method.POINTS:
        points = payment.official_points
        yield Step("official_points", "结算点数", points, "点", f"结算{plain(points)}点（未乘机构系数）")
    official, formula, adjustment = payment.official_value, payment.formula_value, payment.adjustment
    if official is None:
        return
    if adjustment is not None and formula is not None:
        text = f"正式值与公式值之差：{yuan(official)}-{yuan(formula)}={yuan(adjustment)}"
        yield Step("adjustment", "调整", adjustment, "元", text)
    yield Step("official_value", "支付金额（正式值）", official, "元", f"预计支付{yuan(official)}")
    if payment.surplus is not None:
        word = "结余" if payment.surplus > 0 else "超支" if payment.surplus < 0 else "不计盈亏"
        text = f"{word}{yuan(abs(payment.surplus))}" if payment.surplus else "与费用持平，不计结余或超支"
        yield Step("surplus", word, payment.surplus, "元", text)


def _remarks(payment: Payment) -> Iterator[Step]:
    for reason in payment.review_reasons:
        yield Step("review", "特病单议", None, "", f"{reason}，可按规定申请特病单议，以经办机构审核为准")
    if payment.missing:
        names = "、".join(_FACTS.get(name, name) for name in payment.missing)
        effect = "因此没有结果" if payment.payment_class in _UNDONE else "结果可能因此改变"
        yield Step("missing", "缺少资料", None, "", f"未提供{names}，{effect}")
