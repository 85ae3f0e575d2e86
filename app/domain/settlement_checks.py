"""Checks of payment parameters (支付参数校验): each fault says the field, why it is wrong, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import TypeVar

from app.domain.encounter import FacilityLevel
from app.domain.labels import label
from app.domain.money import LARGEST, SMALLEST
from app.domain.settlement import (
    BedDay,
    Exclusion,
    High,
    HighMethod,
    Low,
    Method,
    PaymentParameters,
    QuotaUnit,
    SpecialReview,
    Tier,
)

K = TypeVar("K", bound=str)
_ONE = Decimal(1)
_ONE_FACTOR = Decimal(100)  # no coefficient, multiple or share is larger
_MOST_MONEY = Decimal(10_000_000)  # yuan for a weight or a point
_SHARES = ("prepay_share", "deposit_share", "fund_share")
_EXCLUDES_BY = ("max_days", "min_days", "bed_day", "day_surgery", "departments", "groups")


def faults_of(parameters: PaymentParameters) -> list[str]:
    """Everything that is wrong with the parameters, in the order of their fields; [] where nothing is."""
    return [
        *_period(parameters),
        *_money(parameters),
        *_coefficients(parameters),
        *(_low(parameters.low) if parameters.low else ()),
        *(_high(parameters.high) if parameters.high else ()),
        *_limits(parameters),
        *(fault for place, one in enumerate(parameters.exclusions) for fault in _exclusion(place, one)),
        *(_special_review(parameters.special_review) if parameters.special_review else ()),
        *_readmission(parameters),
        *(fault for name in _SHARES for fault in number(name, getattr(parameters, name), SMALLEST, _ONE)),
        *(_bed_day(parameters.bed_day) if parameters.bed_day else ()),
        *(number("per_capita.amount", parameters.per_capita.amount) if parameters.per_capita else ()),
        *_groups(parameters),
        *_ascending("thresholds", parameters.thresholds),
    ]


def number(name: str, value: Decimal | None, smallest: Decimal = SMALLEST, largest: Decimal = LARGEST) -> Iterator[str]:
    """The fault of a number that is given and does not lie from `smallest` to `largest`."""
    try:
        if value is None or smallest <= value <= largest:
            return
    except InvalidOperation:  # NaN
        pass
    low = "above 0" if smallest == SMALLEST else f"at least {smallest}"
    yield f"{name} is {str(value)[:40]}; it must be a number {low} and at most {largest}"


def _factor(name: str, value: Decimal | None) -> Iterator[str]:
    return number(name, value, SMALLEST, _ONE_FACTOR)


def _ascending(name: str, values: Sequence[Decimal]) -> Iterator[str]:
    wrong = [fault for value in values for fault in _factor(name, value)]
    yield from wrong
    if not wrong and any(after <= before for before, after in pairwise(values)):
        yield f"{name} are {', '.join(map(str, values))}; they must rise: sort them, and write each once"


def _period(parameters: PaymentParameters) -> Iterator[str]:
    year, start, end = parameters.year, parameters.start, parameters.end
    if not parameters.id.strip():
        yield "id is blank; name the scheme these parameters belong to"
    if year is None and start is None:
        yield "year and start are both missing; write the year, or from which day on the parameters hold"
    if year is not None and (start is not None or end is not None):
        yield "year stands beside start or end; keep either the year or the days"
    if year is not None and not 2000 <= year <= 2100:
        yield f"year is {year}; write a year of four digits, such as 2025"
    if start is not None and end is not None and end < start:
        yield f"end {end} is before start {start}; swap them"


def _money(parameters: PaymentParameters) -> Iterator[str]:
    by_rate = parameters.method is Method.RATE
    wanted, other = ("rate", "point_value") if by_rate else ("point_value", "rate")
    if getattr(parameters, wanted) is None:
        unit = "yuan per weight" if by_rate else "yuan per point"
        yield f"{wanted} is missing, but the method is {parameters.method.value}; write {wanted} ({unit})"
    if getattr(parameters, other) is not None:
        yield f"{other} is given, but the method is {parameters.method.value}; take it out, or change the method"
    yield from number("rate", parameters.rate, largest=_MOST_MONEY)
    yield from number("point_value", parameters.point_value, largest=_MOST_MONEY)
    yield from number("points_per_weight", parameters.points_per_weight, largest=Decimal(10_000))


def _coefficients(parameters: PaymentParameters) -> Iterator[str]:
    given = parameters.coefficients
    if not any((given.levels, given.facilities, given.groups, given.group_levels, given.group_facilities)) and (
        given.default is None
    ):
        yield 'coefficients are missing; write one per level, or {"default": "1"} where the scheme has none'
    yield from _factor("coefficients.default", given.default)
    for name in ("levels", "facilities", "groups"):
        yield from _factors(f"coefficients.{name}", getattr(given, name))
    for group, levels in given.group_levels.items():
        yield from _factors(f"coefficients.group_levels.{group}", levels)
    for group, facilities in given.group_facilities.items():
        yield from _factors(f"coefficients.group_facilities.{group}", facilities)
    for level, taken in parameters.level_as.items():
        if FacilityLevel.UNKNOWN in (level, taken):
            yield "level_as names a blank level; nothing may be assumed of a facility whose level is unknown"
        elif taken in parameters.level_as:
            yield f"level_as.{level.value} leads to {taken.value}, which leads on; write where it ends"


def _factors(name: str, values: Mapping[K, Decimal]) -> Iterator[str]:
    for key, value in values.items():
        if not key:
            yield f"{name} has a blank key; write the level, facility or group"
        yield from _factor(f"{name}.{key}", value)


def _low(low: Low) -> Iterator[str]:
    if low.at is None and not low.levels:
        yield "low.at is missing; write below which share of the basis a case is low, such as 0.4"
    yield from number("low.at", low.at, SMALLEST, _ONE)
    for level, at in low.levels.items():
        yield from number(f"low.levels.{level.value or '(blank)'}", at, SMALLEST, _ONE)


def _high(high: High) -> Iterator[str]:
    if not high.tiers and not high.levels:
        yield "high.tiers are missing; write from which multiple of the basis a case is high, such as 3"
    for name, tiers in (("high.tiers", high.tiers), *((f"high.levels.{level}", t) for level, t in high.levels.items())):
        yield from _tiers(name, tiers)
    yield from number("high.share", high.share, SMALLEST, _ONE)
    if high.method is not HighMethod.EXCESS_RATIO and high.share != _ONE:
        yield f"high.share is for excess_ratio, but high.method is {high.method.value}; take it out"
    if high.method is not HighMethod.EXCESS_POINTS and not high.coefficient_on_excess:
        yield f"high.coefficient_on_excess is for excess_points, but high.method is {high.method.value}; take it out"


def _tiers(name: str, tiers: Sequence[Tier]) -> Iterator[str]:
    for place, tier in enumerate(tiers):
        yield from number(f"{name}[{place}].at", tier.at, _ONE, _ONE_FACTOR)
        yield from number(f"{name}[{place}].max_points", tier.max_points)
        if tier.max_points is None and place < len(tiers) - 1:
            yield f"{name}[{place}].max_points is missing, which means all other groups; only the last tier may lack it"
    bounds = [tier.max_points for tier in tiers if tier.max_points is not None and tier.max_points.is_finite()]
    for before, after in pairwise(bounds):
        if after <= before:
            yield f"{name} are not ascending: max_points {after} stands after {before}; sort them"
    if tiers and tiers[-1].max_points is not None:
        yield f"{name} end at {tiers[-1].max_points} points; add a tier without max_points for the groups above"


def _limits(parameters: PaymentParameters) -> Iterator[str]:
    for group, limits in parameters.limits.items():
        wrong = [*number(f"limits.{group}.low", limits.low), *number(f"limits.{group}.high", limits.high)]
        yield from wrong
        if not wrong and limits.low is not None and limits.high is not None and limits.high <= limits.low:
            yield f"limits.{group}: low {limits.low} is not below high {limits.high}; swap or mend them"
        if limits.low is None and limits.high is None:
            yield f"limits.{group} has neither low nor high; fill one, or take the group out"
        if limits.low is not None and parameters.low is None:
            yield f"limits.{group}.low is given, but nothing says how low cases are paid; add low"
        if limits.high is not None and parameters.high is None:
            yield f"limits.{group}.high is given, but nothing says how high cases are paid; add high"


def _exclusion(place: int, one: Exclusion) -> Iterator[str]:
    if not any(getattr(one, name) not in (None, False, ()) for name in _EXCLUDES_BY):
        yield f"exclusions[{place}] has no condition, which excludes every stay; give one of {', '.join(_EXCLUDES_BY)}"
    for name in ("max_days", "min_days"):
        if (days := getattr(one, name)) is not None and days < 0:
            yield f"exclusions[{place}].{name} is {days}; days are 0 or more"
    if one.max_days is not None and one.min_days is not None and one.max_days < one.min_days:
        yield (
            f"exclusions[{place}] wants at most {one.max_days} and at least {one.min_days} days, which no stay has; "
            "write two exclusions for short and for long stays"
        )


def _special_review(review: SpecialReview) -> Iterator[str]:
    for level, quota in review.quota.items():
        if not level:
            yield "special_review.quota has a blank level; write tertiary, secondary, primary or ungraded"
        most = 1000 if review.quota_unit is QuotaUnit.PER_MILLE else 100
        yield from number(f"special_review.quota.{level.value}", quota, Decimal(0), Decimal(most))
    for name in ("min_ratio", "min_days_ratio"):
        yield from _factor(f"special_review.{name}", getattr(review, name))
    yield from number("special_review.min_icu_hours", review.min_icu_hours, Decimal(0))
    for name in ("min_days", "fewer_cases_than"):
        if (value := getattr(review, name)) is not None and value < 1:
            yield f"special_review.{name} is {value}; it must be at least 1, or left out"


def _readmission(parameters: PaymentParameters) -> Iterator[str]:
    if (one := parameters.readmission) is None:
        return
    if one.days < 1:
        yield f"readmission.days is {one.days}; it must be at least 1"
    yield from number("readmission.factor", one.factor, Decimal(0), _ONE)


def _bed_day(bed_day: BedDay) -> Iterator[str]:
    if not bed_day.tiers:
        yield "bed_day.tiers are missing; write the amount of a day"
    for place, tier in enumerate(bed_day.tiers):
        yield from number(f"bed_day.tiers[{place}].amount", tier.amount)
        if (tier.until_day is None) != (place == len(bed_day.tiers) - 1):
            yield f"bed_day.tiers[{place}].until_day: every tier but the last needs it, and the last must not have it"
    bounds = [tier.until_day for tier in bed_day.tiers if tier.until_day is not None]
    if bounds and (bounds[0] < 1 or any(after <= before for before, after in pairwise(bounds))):
        yield f"bed_day.tiers are not ascending: until_day {', '.join(map(str, bounds))}; sort them, from 1 on"


def _groups(parameters: PaymentParameters) -> Iterator[str]:
    for group, condition in parameters.tcm_groups.items():
        if condition.otherwise in ("", group):
            yield f"tcm_groups.{group}.otherwise must name another group, to which such a stay falls back"
        elif condition.otherwise in parameters.tcm_groups:
            yield f"tcm_groups.{group}.otherwise is {condition.otherwise}, a TCM group itself; name an ordinary one"
        yield from number(f"tcm_groups.{group}.min_share", condition.min_share, Decimal(0), _ONE)
        if condition.min_days < 0:
            yield f"tcm_groups.{group}.min_days is {condition.min_days}; days are 0 or more"
    for name, rule in parameters.attributes.items():
        yield from _factor(f"attributes.{name}.coefficient", rule.coefficient)
        if not rule.has_standard and rule.coefficient is not None:
            yield f"attributes.{name} has no standard, hence no coefficient; take one of the two out"


def cautions_of(parameters: PaymentParameters) -> list[str]:
    """What is not wrong but beyond the national frame (医保发〔2025〕18号、经办规程), in Chinese: to be looked at."""
    found = []
    if (review := parameters.special_review) is not None:
        unit, most = ("‰", 50) if review.quota_unit is QuotaUnit.PER_MILLE else ("%", 5)
        for level, quota in review.quota.items():
            if quota > most:
                found.append(f"{label(level)}特病单议限额{quota}{unit}，超过国家规定的DRG出院病例5%，请核对数值和单位")
    if parameters.deposit_share is not None and parameters.deposit_share > Decimal("0.05"):
        found.append(f"质量保证金比例 {parameters.deposit_share} 超过 5%，请核对")
    return found
