"""Cost and days far below the group (费用、住院天数明显低于病组): A8 and A9, where one diagnosis carries the group."""

from collections.abc import Iterator
from decimal import Decimal

from app.domain.money import ZERO, plain
from app.domain.payment import PaymentClass
from app.grouper.coding_case import Driver, Fact, FactKind, Found, GroupStatistics, Unknown
from app.grouper.coding_driver_faults import driver_fact, recorded_variant, words_of
from app.grouper.coding_workup import Workup
from app.grouper.payment import price
from app.knowledge.coding_records import LowCost, ShortStay

_NOTHING = GroupStatistics()
_DISPOSITIONS = {"2": "医嘱转院", "3": "转社区", "4": "非医嘱离院", "5": "死亡"}
NO_DISPOSITION = Unknown("discharge_disposition", "离院方式未知，不能排除转院、死亡等短住院")
NO_COST = Unknown("total_amount", "住院总费用未知")
NO_STANDARD = Unknown("payment", "没有支付参数、均值或统计数据，不知道病组的费用界限")
NO_DAYS = Unknown("stay_days", "住院天数未知")
NO_MEAN = Unknown("statistics.mean_days", "病组的平均住院天数未知")


def statistics_of(work: Workup, drg: str) -> GroupStatistics:
    statistics = work.case.statistics
    return _NOTHING if statistics is None else statistics.groups.get(drg, _NOTHING)


def cost_far_below(work: Workup) -> Iterator[Found | Unknown]:
    """A8. Below the scheme's low limit, else below the share of the standard, or below the group's 5th percentile."""
    if not work.sole_drivers:
        return
    limits = work.parameters("A8", LowCost)
    total = work.facts.total_amount
    if total is None:
        yield NO_COST
        return
    below = _below(work, total, limits)
    if isinstance(below, Unknown):
        yield below
    elif below is not None:
        yield from _unless_short(work, limits.exempt_dispositions, below, {"amount": plain(total), "below": below.text})


def _below(work: Workup, total: Decimal, limits: LowCost) -> Fact | Unknown | None:
    """How the cost is low, None where it is not."""
    percentile = statistics_of(work, work.recorded.drg).low_amount
    standard = work.recorded.standard
    if percentile is None and not standard:
        return NO_STANDARD
    if percentile is not None and total < percentile:
        return Fact(kind=FactKind.AMOUNT, text=f"低于{work.recorded.drg}组费用第5百分位数{plain(percentile)}元")
    if standard and _is_low(work, total, standard, limits):
        share = plain((total / standard * 100).quantize(Decimal("0.1")))
        return Fact(kind=FactKind.AMOUNT, text=f"为{work.recorded.drg}组支付标准{plain(standard)}元的{share}%")
    return None


def _is_low(work: Workup, total: Decimal, standard: Decimal, limits: LowCost) -> bool:
    if work.payment is not None and work.payment.parameters.low is not None:
        paid = price(work.recorded.drg, work.facts, work.payment.parameters, work.payment.weights)
        return paid.payment_class is PaymentClass.LOW
    return total < limits.ratio * standard


def stay_far_below(work: Workup) -> Iterator[Found | Unknown]:
    """A9. Days are unknown where they are not given: never zero."""
    if not work.sole_drivers:
        return
    limits = work.parameters("A9", ShortStay)
    days = work.stay.stay_days
    if days is None:
        yield NO_DAYS
        return
    if days > limits.max_days:
        return
    mean = _mean_days(work)
    if mean is None:
        yield NO_MEAN
    elif mean >= limits.min_mean_days:
        text = f"住院{days}天，{work.recorded.drg}组平均{plain(mean)}天"
        fact = Fact(kind=FactKind.DAYS, text=text)
        words = {"days": str(days), "mean_days": plain(mean)}
        yield from _unless_short(work, limits.exempt_dispositions, fact, words)


def _mean_days(work: Workup) -> Decimal | None:
    drg = work.recorded.drg
    told = statistics_of(work, drg).mean_days
    told = work.facts.means.stay_days if told is None else told
    if told is not None:
        return told
    row = work.scheme.weight_of(drg)
    return None if row is None else row.means.stay_days


def _unless_short(
    work: Workup, exempt: tuple[str, ...], fact: Fact, words: dict[str, str]
) -> Iterator[Found | Unknown]:
    """The finding, unless the stay was to be short: transfer, death, day surgery."""
    disposition = work.stay.discharge_disposition
    if work.facts.is_day_surgery or disposition in exempt:
        return
    if not disposition:
        yield NO_DISPOSITION
        return
    for driver in work.sole_drivers:
        traces, note = _traces(work, driver)
        yield Found(
            codes=driver.codes,
            words=words_of(work, driver) | words,
            evidence_for=(fact, driver_fact(work, driver)),
            evidence_against=traces,
            variants=(recorded_variant(work, driver),),
            raises=("未见该诊断的诊疗依据",) if note else (),
            lowers=("收费明细中有该诊断的诊疗依据",) if traces else (),
        )


def _traces(work: Workup, driver: Driver) -> tuple[tuple[Fact, ...], bool]:
    """What speaks for the driver, and whether it is known that nothing does."""
    rows = [row for row in work.knowledge.evidence if any(code in row.diagnoses for code in driver.codes)]
    sought = [work.seek(row) for row in rows]
    facts = tuple([fact for one in sought for fact in one.facts])
    return facts, bool(rows) and not facts and all(one.unknown is None for one in sought)


def overcoding_index(weight_as_coded: Decimal, weight_as_audited: Decimal) -> Decimal:
    """高套指数: (weight as coded - weight as audited) / weight as audited; above 0 is overcoded, below undercoded.

    The 3.0 draft of DIP names such an index without a formula: this one is the project's. Raises ValueError where the
    audited weight is not above 0.
    """
    if not weight_as_audited.is_finite() or weight_as_audited <= ZERO:
        raise ValueError(f"`weight_as_audited` is {weight_as_audited}; it must be above 0, for it is divided by")
    return (weight_as_coded - weight_as_audited) / weight_as_audited
