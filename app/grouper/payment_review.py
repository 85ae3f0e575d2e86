"""Special review (特病单议、特例单议): which stays are worth filing, and how many a hospital may file."""

from decimal import Decimal

from app.domain.encounter import FacilityLevel
from app.domain.group_weight import GroupWeight
from app.domain.money import plain
from app.domain.payment import PaymentFacts
from app.domain.settlement import PaymentParameters, QuotaUnit, ReviewFlag, SpecialReview

_FLAGS = {
    ReviewFlag.NEW_TECHNOLOGY: "使用新药、新耗材或新技术",
    ReviewFlag.CRITICAL: "复杂危重症",
    ReviewFlag.MULTIDISCIPLINARY: "多学科联合诊疗",
}


def review_quota(parameters: PaymentParameters, level: FacilityLevel, discharges: int) -> int | None:
    """How many of `discharges` cases a facility of the level may file, rounded down; None where the scheme is silent.

    12,000 discharges at 5 per mille are 60. Raises ValueError for a negative number.
    """
    if discharges < 0:
        raise ValueError(f"`discharges` is {discharges}; it must be 0 or more")
    review = parameters.special_review
    quota = review.quota.get(parameters.level_as.get(level, level)) if review is not None else None
    if review is None or quota is None:
        return None
    return int(quota * discharges // (1000 if review.quota_unit is QuotaUnit.PER_MILLE else 100))


def review_reasons(
    review: SpecialReview | None,
    facts: PaymentFacts,
    row: GroupWeight | None,
    standard_amount: Decimal | None,
    surplus: Decimal | None,
) -> tuple[str, ...]:
    """Why the stay may be filed, in Chinese; () where nothing marks it, or it loses nothing and the scheme minds."""
    if review is None or (review.only_deficit and surplus is not None and surplus >= 0):
        return ()
    found = [*_by_amount(review, facts, standard_amount), *_by_days(review, facts, row)]
    if review.min_icu_hours is not None and facts.icu_hours is not None and facts.icu_hours >= review.min_icu_hours:
        found.append(f"重症监护{facts.icu_hours:g}小时，达到{plain(review.min_icu_hours)}小时")
    found += [_FLAGS[flag] for flag in review.flags if flag in facts.review_flags]
    if review.ungrouped and standard_amount is None:
        found.append("病例未入组或病组无支付标准")
    cases = row.cases if row is not None else None
    if review.fewer_cases_than is not None and cases is not None and cases < review.fewer_cases_than:
        found.append(f"地区同组病例{cases}例，少于{review.fewer_cases_than}例")
    return tuple(found)


def _by_amount(review: SpecialReview, facts: PaymentFacts, standard_amount: Decimal | None) -> list[str]:
    cost, at = facts.total_amount, review.min_ratio
    if at is None or cost is None or standard_amount is None or cost < at * standard_amount:
        return []
    return [f"费用为支付标准的{cost / standard_amount:.2f}倍，达到{plain(at)}倍"]


def _by_days(review: SpecialReview, facts: PaymentFacts, row: GroupWeight | None) -> list[str]:
    days, found = facts.stay_days, []
    if days is None:
        return []
    if review.min_days is not None and days >= review.min_days:
        found.append(f"住院{days}天，达到{review.min_days}天")
    mean = facts.means.stay_days
    if mean is None and row is not None:
        mean = row.means.stay_days
    if review.min_days_ratio is not None and mean is not None and days >= review.min_days_ratio * mean:
        found.append(f"住院{days}天，达到病组平均住院日{plain(mean)}天的{plain(review.min_days_ratio)}倍")
    return found
