"""Class of a stay (正常、低倍率、高倍率、除外): which way it is paid, and the exact amount that gives."""

from decimal import Decimal
from typing import NamedTuple

from app.domain.encounter import FacilityLevel
from app.domain.money import ZERO
from app.domain.payment import PaymentClass, PaymentFacts
from app.domain.settlement import (
    Basis,
    BedDay,
    Exclusion,
    High,
    HighMethod,
    Limits,
    Low,
    LowMethod,
    PaymentParameters,
)
from app.grouper.payment_standard import StandardAmount


class Worth(NamedTuple):
    """What a group that has a standard is worth here. `exact` is before rounding, `amount` in cents."""

    code: str
    weight: Decimal
    per_weight: Decimal
    coefficient: Decimal
    exact: Decimal
    amount: Decimal
    base_points: Decimal
    mean: Decimal | None  # cost of the group in the region
    limits: Limits  # explicit ones
    level: FacilityLevel


_NEEDS_MEAN = ("means.total_amount",)
_NEEDS_COST = ("total_amount",)


class Verdict(NamedTuple):
    """`official` is exact, before rounding and readmission; `by_item`: the actual cost, which no factor changes."""

    payment_class: PaymentClass
    official: Decimal | None
    reason: str = ""
    missing: tuple[str, ...] = ()
    by_item: bool = False
    low_limit: Decimal | None = None
    high_limit: Decimal | None = None


def outside_groups(
    code: str, standard: StandardAmount, facts: PaymentFacts, parameters: PaymentParameters
) -> tuple[Verdict | None, tuple[str, ...]]:
    """How the stay is paid where it is not by group (None: by group), and the facts that might have excluded it."""
    if facts.is_per_capita:
        return Verdict(PaymentClass.PER_CAPITA, None, "参保人按人头付费，本次住院不另设支付标准"), ()
    bed_day = parameters.bed_day
    if bed_day is not None and (facts.is_bed_day or facts.department in bed_day.departments or code in bed_day.groups):
        return _by_bed_day(bed_day, standard, facts), ()
    missing: tuple[str, ...] = ()
    for exclusion in parameters.exclusions:
        holds = _excludes(exclusion, code, facts)
        if holds is None:
            missing = ("stay_days",)
        elif holds:
            reason = f"{exclusion.reason or '属于本方案的除外病例'}，不按病组付费，按项目付费"
            return Verdict(PaymentClass.EXCLUDED, facts.total_amount, reason, by_item=True), ()
    if facts.is_bed_day:
        return Verdict(PaymentClass.NO_STANDARD, None, "按床日付费的病例，但支付参数没有床日标准，无支付标准"), ()
    return None, missing


def _excludes(one: Exclusion, code: str, facts: PaymentFacts) -> bool | None:
    """Whether every condition holds; None where only the days are unknown."""
    if (
        (one.bed_day and not facts.is_bed_day)
        or (one.day_surgery and not facts.is_day_surgery)
        or (one.departments and facts.department not in one.departments)
        or (one.groups and code not in one.groups)
    ):
        return False
    if one.max_days is None and one.min_days is None:
        return True
    if facts.stay_days is None:
        return None
    return (one.max_days is None or facts.stay_days <= one.max_days) and (
        one.min_days is None or facts.stay_days >= one.min_days
    )


def _by_bed_day(bed_day: BedDay, standard: StandardAmount, facts: PaymentFacts) -> Verdict:
    if facts.stay_days is None:
        return Verdict(PaymentClass.UNDETERMINED, None, "按床日付费，但住院天数未知", ("stay_days",))
    amount = bed_day_amount(bed_day, facts.stay_days)
    if bed_day.with_coefficient:
        if standard.coefficient is None:
            return Verdict(PaymentClass.NO_STANDARD, None, f"按床日付费：{standard.reason}", standard.missing)
        amount *= standard.coefficient
    return Verdict(PaymentClass.BED_DAY, amount, f"按床日付费，住院{facts.stay_days}天")


def bed_day_amount(bed_day: BedDay, stay_days: int) -> Decimal:
    """Each day at the amount of its range (分段累加), in yuan, before a coefficient."""
    total, paid = ZERO, 0
    for tier in bed_day.tiers:
        until = stay_days if tier.until_day is None else min(tier.until_day, stay_days)
        total += tier.amount * max(until - paid, 0)
        paid = max(until, paid)
    return total


Limit = tuple[Decimal | None, tuple[str, ...]]


def by_group(worth: Worth, facts: PaymentFacts, parameters: PaymentParameters) -> Verdict:
    """Normal, low or high."""
    low, low_needs = _low_limit(worth, parameters.low)
    high, high_needs = _high_limit(worth, parameters.high)
    cost, needs = facts.total_amount, low_needs or high_needs
    if cost is None:
        if low is None and high is None and not needs:
            return Verdict(PaymentClass.NORMAL, worth.exact)  # nothing depends on the cost
        return Verdict(PaymentClass.UNDETERMINED, None, "费用未知，无法判定倍率", _NEEDS_COST, False, low, high)
    if parameters.low and low is not None and (cost < low or (parameters.low.or_equal and cost == low)):
        verdict = _low(worth, cost, parameters.low, low)
    elif parameters.high and high is not None and (cost > high or (cost == high and not parameters.high.above_only)):
        verdict = _high(worth, cost, parameters.high, high)
    elif needs:
        verdict = Verdict(PaymentClass.UNDETERMINED, None, "病组的地区次均费用未知，无法判定倍率", needs)
    else:
        return Verdict(PaymentClass.NORMAL, worth.exact, low_limit=low, high_limit=high)
    return verdict._replace(low_limit=low, high_limit=high)


def _low_limit(worth: Worth, low: Low | None) -> Limit:
    if low is None or worth.limits.low is not None:
        return (worth.limits.low if low else None), ()
    return _multiple(low.levels.get(worth.level, low.at) if low.levels else low.at, low.basis, worth)


def _high_limit(worth: Worth, high: High | None) -> Limit:
    if high is None or worth.limits.high is not None:
        return (worth.limits.high if high else None), ()
    tiers = high.levels.get(worth.level, high.tiers) if high.levels else high.tiers
    for tier in tiers:
        if tier.max_points is None or worth.base_points <= tier.max_points:
            return _multiple(tier.at, high.basis, worth)
    return None, ()


def _multiple(at: Decimal | None, basis: Basis, worth: Worth) -> Limit:
    if at is None:
        return None, ()
    against = worth.amount if basis is Basis.STANDARD else worth.mean
    return (None, _NEEDS_MEAN) if against is None else (at * against, ())


def _low(worth: Worth, cost: Decimal, low: Low, limit: Decimal) -> Verdict:
    reason = f"费用{cost}元低于低倍率界线{limit:.2f}元"
    if low.method is LowMethod.ITEM:
        return Verdict(PaymentClass.LOW, cost, f"{reason}，按项目付费", by_item=True)
    official = cost  # standard x cost / standard
    if low.basis is Basis.GROUP_MEAN:
        if worth.mean is None:
            return Verdict(PaymentClass.UNDETERMINED, None, f"{reason}，但病组的地区次均费用未知", _NEEDS_MEAN)
        official = worth.exact * cost / worth.mean
    if low.cap_at_base_points:
        official = min(official, worth.weight * worth.per_weight)
    return Verdict(PaymentClass.LOW, official, f"{reason}，按费用比例折算")


def _high(worth: Worth, cost: Decimal, high: High, limit: Decimal) -> Verdict:
    reason = f"费用{cost}元达到高倍率界线{limit:.2f}元"
    if high.method is HighMethod.ITEM:
        return Verdict(PaymentClass.HIGH, cost, f"{reason}，按项目付费", by_item=True)
    if high.method is HighMethod.ZERO:
        return Verdict(PaymentClass.HIGH, cost, f"{reason}，结余清零，按实际费用支付", by_item=True)
    if high.method is HighMethod.STANDARD:
        return Verdict(PaymentClass.HIGH, worth.exact, f"{reason}，仍按支付标准支付，超出部分由医院承担")
    if high.method is HighMethod.EXCESS_RATIO:
        official = worth.exact + (cost - limit) * high.share
        return Verdict(PaymentClass.HIGH, official, f"{reason}，超出部分按{high.share:.0%}支付")
    extra = _points_excess(worth, cost - limit, high)
    if extra is None:
        return Verdict(PaymentClass.UNDETERMINED, None, f"{reason}，但病组的地区次均费用未知", _NEEDS_MEAN)
    return Verdict(PaymentClass.HIGH, worth.exact + extra, f"{reason}，超出倍数追加点数")


def _points_excess(worth: Worth, excess: Decimal, high: High) -> Decimal | None:
    """(excess / basis) x base points, in yuan; divided once, so that it is as exact as decimals are."""
    if high.basis is Basis.STANDARD:
        return excess if high.coefficient_on_excess else excess / worth.coefficient
    if worth.mean is None:
        return None
    return excess * (worth.exact if high.coefficient_on_excess else worth.weight * worth.per_weight) / worth.mean
