"""Payment standard (支付标准): weight x rate (or points x value) x institution coefficient, or why there is none."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.domain.encounter import FacilityLevel
from app.domain.group_weight import GroupWeight
from app.domain.labels import label
from app.domain.money import ZERO, cents
from app.domain.payment import PaymentFacts
from app.domain.settlement import PaymentParameters

Weights = Mapping[str, GroupWeight]
_UNGROUPED = ("0000", "QY")


class StandardAmount(Struct, frozen=True, gc=False):
    """What a group is worth in a facility. `exact` is before rounding, `amount` in whole cents; both None: `reason`."""

    code: str
    row: GroupWeight | None
    weight: Decimal | None = None
    coefficient: Decimal | None = None
    exact: Decimal | None = None
    amount: Decimal | None = None
    reason: str = ""
    missing: tuple[str, ...] = ()


def point_value(fund: Decimal, total_points: Decimal, fund_share: Decimal = Decimal(1)) -> Decimal:
    """点值: (fund / fund share) / total points, in yuan per point, not rounded; for DRG points and for DIP.

    `fund_share` is the part of the payment that the fund bears. Raises ValueError for what cannot be divided by.
    """
    return _divided(_divided(fund, fund_share, "fund_share"), total_points, "total_points")


def floating_rate(budget: Decimal, total_weight: Decimal) -> Decimal:
    """浮动费率: budget / total weight of the year, in yuan per weight, not rounded."""
    return _divided(budget, total_weight, "total_weight")


def _divided(value: Decimal, by: Decimal, name: str) -> Decimal:
    if not value.is_finite() or not by.is_finite() or by <= ZERO:
        raise ValueError(f"`{name}` is {by}; it must be a number above 0, for {value} is divided by it")
    return value / by


def level_of(facts: PaymentFacts, parameters: PaymentParameters) -> FacilityLevel:
    """The facility's level as the scheme takes it."""
    return parameters.level_as.get(facts.facility_level, facts.facility_level)


def is_ungrouped(code: str) -> bool:
    """Whether the code says that the case is in no group (未入组) or ambiguous (歧义病案, as EQY)."""
    return not code or code.startswith("0000") or code[1:] == "QY"


def standard_of(
    group_code: str, facts: PaymentFacts, parameters: PaymentParameters, weights: Weights
) -> StandardAmount:
    """The standard of this very group, without the conditions of TCM groups. Never 0: no weight, no standard."""
    row = weights.get(group_code)
    if row is None:
        why = "病例未入组" if is_ungrouped(group_code) else f"权重表中没有病组{group_code}"
        return StandardAmount(group_code, None, reason=f"{why}，无支付标准")
    level = level_of(facts, parameters)
    weight = row.at(level)
    if weight is None:
        return _without_weight(row, level)
    coefficient = parameters.coefficients.of_group(group_code, facts.facility_id, level)
    if parameters.attributes:
        for attribute in row.attributes:
            rule = parameters.attributes.get(attribute)
            if rule is not None and not rule.has_standard:
                reason = f"病组{group_code}为{attribute}，本方案不设支付标准"
                return StandardAmount(group_code, row, weight, reason=reason)
            if rule is not None and coefficient is None:
                coefficient = rule.coefficient
    if coefficient is None:
        coefficient = parameters.coefficients.of(group_code, facts.facility_id, level)
    if coefficient is None:
        return _without_coefficient(row, weight, facts, level)
    exact = weight * parameters.per_weight * coefficient
    amount = cents(exact)
    if not amount:
        return StandardAmount(
            group_code, row, weight, coefficient, reason="支付标准不足1分，无支付标准，请核对支付参数"
        )
    return StandardAmount(group_code, row, weight, coefficient, exact, amount)


def _without_weight(row: GroupWeight, level: FacilityLevel) -> StandardAmount:
    if not level and row.weights:
        reason = f"医疗机构级别未知，病组{row.code}的权重分级别，无支付标准"
        return StandardAmount(row.code, row, reason=reason, missing=("facility_level",))
    kind = f"（{'、'.join(row.attributes)}）" if row.attributes else ""
    where = f"没有{label(level)}的权重" if row.weights else "没有权重"
    return StandardAmount(row.code, row, reason=f"病组{row.code}{kind}{where}，无支付标准")


def _without_coefficient(
    row: GroupWeight, weight: Decimal, facts: PaymentFacts, level: FacilityLevel
) -> StandardAmount:
    missing = () if level else ("facility_level",)
    who = f"{label(level)}{facts.facility_id}" if level else f"级别未知的医疗机构{facts.facility_id}"
    reason = f"支付参数没有给出{who}的机构系数，无法计算支付标准"
    return StandardAmount(row.code, row, weight, reason=reason, missing=missing)


def fall_back(group_code: str, facts: PaymentFacts, parameters: PaymentParameters) -> tuple[str, str, tuple[str, ...]]:
    """The group that is paid, why where it is another one, and the facts needed to tell (中医优势病组)."""
    condition = parameters.tcm_groups.get(group_code) if parameters.tcm_groups else None
    if condition is None:
        return group_code, "", ()
    why, missing = [], []
    if facts.tcm_share is None:
        missing.append("tcm_share")
    elif facts.tcm_share < condition.min_share:
        why.append(f"中医占比{facts.tcm_share:.1%}，不足{condition.min_share:.0%}")
    if facts.stay_days is None:
        missing.append("stay_days")
    elif facts.stay_days < condition.min_days:
        why.append(f"住院{facts.stay_days}天，不足{condition.min_days}天")
    if why:
        return condition.otherwise, f"{'；'.join(why)}，按病组{condition.otherwise}支付", ()
    return group_code, "", tuple(missing)
