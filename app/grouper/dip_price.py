"""Pricing of a DIP group (病种分值付费结算): score, coefficients, standard, deviation of the cost, surplus or deficit.

Sources: DIP 3.0 版技术规范（征求意见稿）第五、六章; the excess forms of ultra-high cases as cities publish them.
Every number is an exact decimal; amounts of money are rounded half up to cents, and only at the end.
"""

from decimal import Context, Decimal, localcontext
from typing import NamedTuple

from app.domain.money import ZERO, cents, check_number, plain
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_payment import ONE, Deviation, DipPayment, ScoreStep
from app.grouper.dip_result import DipGrouping, DipStatus
from app.knowledge.dip_records import Layer

__all__ = ["Deviation", "DipPayment", "ScoreStep", "price_dip"]

_EXACT = Context(prec=80)  # products of all factors fit; a quotient is taken once, at the very end


class Hospital(NamedTuple):
    """Whose coefficient applies: of the hospital itself, else of its level; by insurance type where that is known."""

    id: str = ""
    level: str = ""
    insurance_type: str = ""


class _Settled(NamedTuple):
    """The settled score as a fraction: dividing is left to the end, so that no cent is lost on the way."""

    deviation: Deviation
    numerator: Decimal
    denominator: Decimal = ONE


def price_dip(
    grouping: DipGrouping,
    catalogue: DipCatalogue,
    cost: Decimal | None,
    point_value: Decimal | None = None,
    *,
    hospital: Hospital = Hospital(),  # noqa: B008
    fund_share: Decimal | None = None,
    stay_days: int | None = None,
) -> DipPayment:
    """Price a grouped stay. `point_value` in yuan a point and `fund_share` (0 to 1) default to the catalogue's.

    `stay_days` is asked of bed-day groups. Raises ValueError for a cost, point value or share that is no such number.
    """
    pricing = catalogue.params.pricing
    point_value = pricing.point_value if point_value is None else point_value
    fund_share = pricing.fund_share if fund_share is None else fund_share
    for name, value in (("cost", cost), ("point_value", point_value)):
        if value is not None:
            check_number(value, name)
    if fund_share is not None:
        check_number(fund_share, "fund_share", largest=ONE)
    if grouping.status is not DipStatus.GROUPED:
        return DipPayment(deviation=Deviation.NONE, cost_amount=cost, notes=("未入组，没有支付标准",))
    with localcontext(_EXACT):
        return _Pricing(grouping, catalogue, cost, point_value, fund_share).price(hospital, stay_days)


class _Pricing:
    """The numbers of one pricing, with the steps that led there."""

    def __init__(
        self,
        grouping: DipGrouping,
        catalogue: DipCatalogue,
        cost: Decimal | None,
        point_value: Decimal | None,
        fund_share: Decimal | None,
    ) -> None:
        self.grouping, self.catalogue, self.rules = grouping, catalogue, catalogue.params.pricing
        self.group = catalogue.groups[grouping.code]
        self.cost, self.point_value, self.fund_share = cost, point_value, fund_share
        self.hospital = self.auxiliary = ONE
        self.score = self.case_score = ZERO
        self.ratio: Decimal | None = None
        self.steps: list[ScoreStep] = []
        self.notes: list[str] = []

    def price(self, hospital: Hospital, stay_days: int | None) -> DipPayment:
        score = self._group_score(stay_days)
        if score is None:
            return DipPayment(deviation=Deviation.NONE, cost_amount=self.cost, notes=tuple(self.notes))
        self.score = score
        if self.group.layer is Layer.FALLBACK and self.rules.fallback_factor is not None:
            return self._payment(self._fallback(self.rules.fallback_factor))
        self.hospital = self._step("hospital_coefficient", "医疗机构系数", self._coefficient(hospital))
        if self.grouping.auxiliary is not None:
            self.auxiliary = self._step("auxiliary_coefficient", "辅助目录系数", self.grouping.auxiliary.coefficient)
        self.case_score = self._step("case_score", "病例分值", score * self.hospital * self.auxiliary)
        if self.point_value is None:
            self.notes.append("没有点值，不能换算为金额")
        else:
            self._step("point_value", "点值（元）", self.point_value)
        return self._payment(self._deviated())

    def _step(self, name: str, label: str, value: Decimal) -> Decimal:
        self.steps.append(ScoreStep(name=name, label=label, value=value))
        return value

    def _group_score(self, stay_days: int | None) -> Decimal | None:
        if self.group.score is None:
            self.notes.append(f"目录没有给出{self.group.code}的分值，没有支付标准")
            return None
        score = self._step("group_score", "病种分值", self.group.score)
        if self.group.layer is not Layer.BEDDAY or self.rules.bedday == "per_stay":
            return score
        if stay_days is None:
            self.notes.append("床日病种按住院天数计分，缺少住院天数")
            return None
        self._step("stay_days", "住院天数", Decimal(stay_days))
        return self._step("bedday_score", "床日分值合计", score * stay_days)

    def _coefficient(self, hospital: Hospital) -> Decimal:
        if self.group.is_grassroots and not self.rules.grassroots_coefficient:
            self.notes.append("基层病种不设医疗机构系数，同病同分")
            return ONE
        owners = [(hospital.id, "")] * bool(hospital.id) + [("", hospital.level)] * bool(hospital.level) + [("", "")]
        for owner in owners:
            for group in (self.group.code, "*"):
                for insurance_type in (hospital.insurance_type, ""):
                    found = self.catalogue.coefficients.get((*owner, group, insurance_type))
                    if found is not None:
                        return found.value
        self.notes.append("目录没有本机构的系数，按1计算")
        return ONE

    def _basis(self) -> Decimal | None:
        """What the cost is compared with, in yuan."""
        if self.rules.basis == "mean_cost":
            return self.group.mean_cost
        if self.point_value is None:
            return None
        score = self.case_score if self.rules.basis == "standard" else self.score * self.auxiliary
        return score * self.point_value

    def _deviated(self) -> _Settled:
        low, high, cost, basis = self.rules.low, self.rules.high, self.cost, self._basis()
        if cost is None or not basis:
            if self.point_value is not None:
                self.notes.append("缺少费用，按支付标准预估" if cost is None else "缺少次均费用，不能判断费用偏差")
            return _Settled(Deviation.UNKNOWN, self.case_score)
        self.ratio = self._step("cost_ratio", "费用与标准之比", cost / basis)
        least, most = low.at * basis, high.at * basis
        if cost < least or (low.inclusive and cost == least):
            if low.method == "ratio":
                own = self.score * self.auxiliary if self.rules.basis == "group_score" else self.case_score
                return _Settled(Deviation.ULTRA_LOW, own * cost, basis)
            return self._by_item(Deviation.ULTRA_LOW, cost if low.method == "item" else None)
        if cost > most or (high.inclusive and cost == most):
            return self._ultra_high(cost, basis)
        return _Settled(Deviation.NORMAL, self.case_score)

    def _ultra_high(self, cost: Decimal, basis: Decimal) -> _Settled:
        high, deviation = self.rules.high, Deviation.ULTRA_HIGH
        if high.cap_at is not None and cost > high.cap_at * basis:
            self.notes.append(f"费用超过标准的{plain(high.cap_at)}倍，超出部分不再计分")
            deviation, cost = Deviation.CAPPED, high.cap_at * basis
            if high.cap == "standard":
                return _Settled(deviation, self.case_score)
        if high.method != "excess":
            return self._by_item(deviation, cost if high.method == "item" else None)
        own = self.case_score if high.score == "case" else self.score * self.auxiliary
        add = self._step("excess_base", "超高加成基数", ONE if high.add == "one" else self.hospital)
        return _Settled(deviation, own * (cost - (high.at - add) * basis), basis)

    def _by_item(self, deviation: Deviation, cost: Decimal | None) -> _Settled:
        """As many points as pay the cost; the case score where there is no cost to pay, or no point value."""
        if cost is None or not self.point_value:
            return _Settled(deviation, self.case_score)
        return _Settled(deviation, cost, self.point_value)

    def _fallback(self, factor: Decimal) -> _Settled | None:
        self._step("fallback_factor", "保底病种折算系数", factor)
        mean, cost = self.group.mean_cost, self.cost
        if mean is None or cost is None or self.point_value is None:
            self.notes.append("保底病种按费用折算，缺少次均费用、病例费用或点值")
            return None
        self.ratio = self._step("cost_ratio", "费用与次均费用之比", cost / mean)
        self.case_score = self.score * factor * cost / mean
        return _Settled(Deviation.FALLBACK, self.score * factor * cost, mean)

    def _payment(self, settled: _Settled | None) -> DipPayment:
        if settled is None:
            return DipPayment(
                deviation=Deviation.FALLBACK, cost_amount=self.cost, steps=tuple(self.steps), notes=tuple(self.notes)
            )
        cost, value = self.cost, self.point_value
        score = self._step("settled_score", "结算分值", settled.numerator / settled.denominator)
        formula = official = fund = None
        if value is not None:
            whole, part = settled.numerator * value, settled.denominator
            official = cents(whole / part)
            formula = official if settled.deviation is Deviation.FALLBACK else cents(self.case_score * value)
            fund = None if self.fund_share is None else cents(whole * self.fund_share / part)
        review = self.rules.review_from
        return DipPayment(
            deviation=settled.deviation,
            hospital_coefficient=self.hospital,
            auxiliary_coefficient=self.auxiliary,
            case_score=self.case_score,
            settled_score=score,
            point_value=value,
            ratio=self.ratio,
            formula_amount=formula,
            adjustment_amount=None if official is None or formula is None else official - formula,
            official_amount=official,
            cost_amount=cost,
            formula_balance_amount=None if formula is None or cost is None else formula - cost,
            balance_amount=None if official is None or cost is None else official - cost,
            fund_amount=fund,
            is_review_candidate=review is not None and self.ratio is not None and self.ratio >= review,
            steps=tuple(self.steps),
            notes=tuple(self.notes),
        )
