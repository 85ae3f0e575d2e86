"""What a DIP group pays (病种分值付费结算): score, coefficients, standard, deviation of the cost, surplus or deficit.

Sources: DIP 3.0 版技术规范（征求意见稿）第五、六章; the excess forms of ultra-high cases as cities publish them.
Every number is an exact decimal; amounts of money are rounded half up to cents, and only at the end.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum

from msgspec import Struct

from app.domain.money import ZERO, cents, check_number, plain
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_result import DipGrouping, DipStatus
from app.knowledge.dip_params import HighParams
from app.knowledge.dip_records import Layer

ONE = Decimal(1)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Deviation(StrEnum):
    """费用偏差类型. `unknown`: no cost, or nothing to compare it with; `none`: there is no standard."""

    NORMAL = "normal"
    ULTRA_LOW = "ultra_low"
    ULTRA_HIGH = "ultra_high"
    CAPPED = "capped"
    FALLBACK = "fallback"
    UNKNOWN = "unknown"
    NONE = "none"


class ScoreStep(Struct, frozen=True, kw_only=True, gc=False):
    """One number on the way: `name` for programs, `label` for people."""

    name: str
    label: str
    value: Decimal


class DipPayment(Struct, frozen=True, kw_only=True):
    """What the stay pays. Amounts in yuan, in whole cents; None where something needed is unknown, never 0.

    `formula_amount` = case score x point value (支付标准); `official_amount` what is paid after the deviation is dealt
    with; `adjustment_amount` the difference. `balance_amount` = official - cost, a surplus where positive.
    `fund_amount` is the fund's part of the official amount where its share is known.
    """

    deviation: Deviation
    hospital_coefficient: Decimal = ONE
    auxiliary_coefficient: Decimal = ONE
    case_score: Decimal | None = None
    settled_score: Decimal | None = None
    point_value: Decimal | None = None
    ratio: Decimal | None = None
    formula_amount: Decimal | None = None
    adjustment_amount: Decimal | None = None
    official_amount: Decimal | None = None
    cost_amount: Decimal | None = None
    formula_balance_amount: Decimal | None = None
    balance_amount: Decimal | None = None
    fund_amount: Decimal | None = None
    is_review_candidate: bool = False
    steps: tuple[ScoreStep, ...] = ()
    notes: tuple[str, ...] = ()


class _Work:
    """The numbers of one pricing, with the steps that led there."""

    def __init__(self, catalogue: DipCatalogue, grouping: DipGrouping, cost: Decimal | None) -> None:
        self.pricing, self.grouping, self.cost = catalogue.params.pricing, grouping, cost
        self.group = catalogue.groups[grouping.code]
        self.hospital = self.auxiliary = ONE
        self.steps: list[ScoreStep] = []
        self.notes: list[str] = []

    def step(self, name: str, label: str, value: Decimal) -> Decimal:
        self.steps.append(ScoreStep(name=name, label=label, value=value))
        return value


def price_dip(
    grouping: DipGrouping,
    catalogue: DipCatalogue,
    cost: Decimal | None,
    point_value: Decimal | None = None,
    *,
    hospital: str = "",
    level: str = "",
    insurance_type: str = "",
    fund_share: Decimal | None = None,
    stay_days: int | None = None,
) -> DipPayment:
    """Price a grouped stay. `point_value` in yuan a point and `fund_share` (0 to 1) default to the catalogue's.

    `stay_days` is asked of bed-day groups. Raises ValueError for a cost, point value or share that is no such number.
    """
    pricing = catalogue.params.pricing
    point_value = pricing.point_value if point_value is None else point_value
    fund_share = pricing.fund_share if fund_share is None else fund_share
    for name, value in (("cost", cost), ("point_value", point_value), ("fund_share", fund_share)):
        if value is not None:
            check_number(value, name, **({"largest": ONE} if name == "fund_share" else {}))
    if grouping.status is not DipStatus.GROUPED:
        return DipPayment(deviation=Deviation.NONE, cost_amount=cost, notes=("未入组，没有支付标准",))
    work = _Work(catalogue, grouping, cost)
    score = _group_score(work, stay_days)
    if score is None:
        return DipPayment(deviation=Deviation.NONE, cost_amount=cost, notes=tuple(work.notes))
    if work.group.layer is Layer.FALLBACK and pricing.fallback_factor is not None:
        return _fallback(work, score, pricing.fallback_factor, point_value, fund_share)
    work.hospital = _hospital_coefficient(work, catalogue, hospital, level, insurance_type)
    if grouping.auxiliary is not None:
        work.auxiliary = work.step("auxiliary_coefficient", "辅助目录系数", grouping.auxiliary.coefficient)
    case_score = work.step("case_score", "病例分值", score * work.hospital * work.auxiliary)
    if point_value is None:
        work.notes.append("没有点值，不能换算为金额")
        return _payment(work, Deviation.UNKNOWN, case_score, None, None, None, fund_share)
    return _deviated(work, score, case_score, point_value, fund_share)


def _group_score(work: _Work, stay_days: int | None) -> Decimal | None:
    group = work.group
    if group.score is None:
        work.notes.append(f"目录没有给出{group.code}的分值，没有支付标准")
        return None
    score = work.step("group_score", "病种分值", group.score)
    if group.layer is not Layer.BEDDAY or work.pricing.bedday == "per_stay":
        return score
    if stay_days is None:
        work.notes.append("床日病种按住院天数计分，缺少住院天数")
        return None
    work.step("stay_days", "住院天数", Decimal(stay_days))
    return work.step("bedday_score", "床日分值合计", score * stay_days)


def _hospital_coefficient(work: _Work, catalogue: DipCatalogue, hospital: str, level: str, insurance: str) -> Decimal:
    if work.group.is_grassroots and not work.pricing.grassroots_coefficient:
        work.notes.append("基层病种不设医疗机构系数，同病同分")
        return work.step("hospital_coefficient", "医疗机构系数", ONE)
    for owner in ((hospital, ""), ("", level)):
        for group in (work.group.code, "*"):
            for kind in (insurance, ""):
                found = catalogue.coefficients.get((*owner, group, kind)) if any(owner) else None
                if found is not None:
                    return work.step("hospital_coefficient", "医疗机构系数", found.value)
    general = catalogue.coefficients.get(("", "", "*", insurance)) or catalogue.coefficients.get(("", "", "*", ""))
    if general is None:
        work.notes.append("目录没有本机构的系数，按1计算")
    return work.step("hospital_coefficient", "医疗机构系数", ONE if general is None else general.value)


def _basis(work: _Work, score: Decimal, case_score: Decimal, point_value: Decimal) -> Decimal | None:
    """What the cost is compared with, in yuan."""
    if work.pricing.basis == "standard":
        return case_score * point_value
    if work.pricing.basis == "group_score":
        return score * work.auxiliary * point_value
    return work.group.mean_cost


def _deviated(
    work: _Work, score: Decimal, case_score: Decimal, point_value: Decimal, fund_share: Decimal | None
) -> DipPayment:
    low, high, cost = work.pricing.low, work.pricing.high, work.cost
    basis = _basis(work, score, case_score, point_value)
    work.step("point_value", "点值（元）", point_value)
    if cost is None or not basis:
        work.notes.append("缺少费用，按支付标准预估" if cost is None else "缺少次均费用，不能判断费用偏差")
        return _payment(work, Deviation.UNKNOWN, case_score, case_score, point_value, None, fund_share)
    ratio = work.step("cost_ratio", "费用与标准之比", _EXACT.divide(cost, basis))
    plain_score = score * work.auxiliary
    if cost < low.at * basis or (low.inclusive and cost == low.at * basis):
        if low.method != "ratio":
            by_item = low.method == "item"
            return _payment(
                work, Deviation.ULTRA_LOW, case_score, case_score, point_value, ratio, fund_share, by_item=by_item
            )
        own = plain_score if work.pricing.basis == "group_score" else case_score
        settled = _EXACT.divide(_EXACT.multiply(own, cost), basis)
        return _payment(work, Deviation.ULTRA_LOW, case_score, settled, point_value, ratio, fund_share)
    if cost > high.at * basis or (high.inclusive and cost == high.at * basis):
        return _high(work, high, case_score, plain_score, basis, point_value, ratio, fund_share)
    return _payment(work, Deviation.NORMAL, case_score, case_score, point_value, ratio, fund_share)


def _high(
    work: _Work,
    high: HighParams,
    case_score: Decimal,
    plain_score: Decimal,
    basis: Decimal,
    point_value: Decimal,
    ratio: Decimal,
    fund_share: Decimal | None,
) -> DipPayment:
    cost, deviation = work.cost or ZERO, Deviation.ULTRA_HIGH
    if high.cap_at is not None and cost > high.cap_at * basis:
        work.notes.append(f"费用超过标准的{plain(high.cap_at)}倍，超出部分不再计分")
        cost, deviation = high.cap_at * basis, Deviation.CAPPED
    by_item = high.method == "item" and deviation is Deviation.ULTRA_HIGH
    if high.method != "excess" or (deviation is Deviation.CAPPED and high.cap == "standard"):
        return _payment(work, deviation, case_score, case_score, point_value, ratio, fund_share, by_item=by_item)
    own = case_score if high.score == "case" else plain_score
    add = ONE if high.add == "one" else work.hospital
    work.step("excess_base", "超高加成基数", add)
    settled = _EXACT.divide(_EXACT.multiply(own, cost - (high.at - add) * basis), basis)
    return _payment(work, deviation, case_score, settled, point_value, ratio, fund_share)


def _fallback(
    work: _Work, score: Decimal, factor: Decimal, point_value: Decimal | None, fund_share: Decimal | None
) -> DipPayment:
    mean, cost = work.group.mean_cost, work.cost
    work.step("fallback_factor", "保底病种折算系数", factor)
    if mean is None or cost is None or point_value is None:
        work.notes.append("保底病种按费用折算，缺少次均费用、病例费用或点值")
        return _payment(work, Deviation.FALLBACK, None, None, None, None, fund_share)
    ratio = work.step("cost_ratio", "费用与次均费用之比", _EXACT.divide(cost, mean))
    settled = _EXACT.divide(_EXACT.multiply(score * factor, cost), mean)
    return _payment(work, Deviation.FALLBACK, settled, settled, point_value, ratio, fund_share)


def _payment(
    work: _Work,
    deviation: Deviation,
    case_score: Decimal | None,
    settled: Decimal | None,
    point_value: Decimal | None,
    ratio: Decimal | None,
    fund_share: Decimal | None,
    by_item: bool = False,
) -> DipPayment:
    formula = official = None
    if case_score is not None and settled is not None and point_value is not None:
        formula = cents(_EXACT.multiply(case_score, point_value))
        official = cents(work.cost if by_item and work.cost is not None else _EXACT.multiply(settled, point_value))
        work.step("settled_score", "结算分值", settled)
    exact = None if official is None or settled is None or point_value is None else _EXACT.multiply(settled, point_value)
    paid = work.cost if by_item else exact
    cost, review = work.cost, work.pricing.review_from
    return DipPayment(
        deviation=deviation,
        hospital_coefficient=work.hospital,
        auxiliary_coefficient=work.auxiliary,
        case_score=case_score,
        settled_score=settled,
        point_value=point_value,
        ratio=ratio,
        formula_amount=formula,
        adjustment_amount=None if official is None or formula is None else official - formula,
        official_amount=official,
        cost_amount=cost,
        formula_balance_amount=None if formula is None or cost is None else formula - cost,
        balance_amount=None if official is None or cost is None else official - cost,
        fund_amount=None if paid is None or fund_share is None else cents(_EXACT.multiply(paid, fund_share)),
        is_review_candidate=review is not None and ratio is not None and ratio >= review,
        steps=tuple(work.steps),
        notes=tuple(work.notes),
    )
