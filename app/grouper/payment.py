"""Payment of a stay (病组付费测算): from its group to the standard, the class, and the official value.

`price` is what everything else is built on: it is pure, reads nothing, and costs some ten microseconds; `explain=True`
adds the steps in Chinese, which `app.grouper.payment_steps.explain` makes of any price afterwards as well.
Source: 按病种付费管理暂行办法 (医保发〔2025〕18号); what cities do otherwise is in the parameters.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from msgspec.structs import replace

from app.domain.group_weight import GroupWeight
from app.domain.money import CENT, cents
from app.domain.payment import Payment, PaymentClass, PaymentFacts
from app.domain.settlement import Limits, PaymentParameters
from app.grouper.payment_class import Verdict, Worth, by_group, outside_groups
from app.grouper.payment_review import review_reasons
from app.grouper.payment_standard import StandardAmount, fall_back, level_of, standard_of
from app.grouper.payment_steps import explain as explained

_FOUR = Decimal("0.0001")
_NEVER_REVIEWED = (PaymentClass.EXCLUDED, PaymentClass.BED_DAY, PaymentClass.PER_CAPITA)
_NO_LIMITS = Limits()


def price(
    group_code: str,
    facts: PaymentFacts,
    parameters: PaymentParameters,
    weights: Mapping[str, GroupWeight],
    *,
    explain: bool = False,
) -> Payment:
    """What a stay in this group is paid, with parameters that `faults_of` finds no fault with.

    Never raises for what is not known: a group without weight, a level without coefficient or a missing cost gives a
    payment that says so (`payment_class`, `reason`, `missing`) and has no official value.
    """
    code, fell_back, missing = fall_back(group_code, facts, parameters)
    standard = standard_of(code, facts, parameters, weights)
    verdict, might_exclude = outside_groups(code, standard, facts, parameters)
    worth = _worth(standard, facts, parameters)
    if verdict is None:
        missing += might_exclude
        if worth is None:
            verdict = Verdict(PaymentClass.NO_STANDARD, None, standard.reason, standard.missing)
        else:
            verdict = by_group(worth, facts, parameters)
    payment = _payment(group_code, standard, worth, verdict, facts, parameters, (*missing, *verdict.missing))
    if fell_back:
        payment = replace(payment, reason=f"{fell_back}；{payment.reason}" if payment.reason else fell_back)
    return replace(payment, steps=explained(payment, parameters)) if explain else payment


def _worth(standard: StandardAmount, facts: PaymentFacts, parameters: PaymentParameters) -> Worth | None:
    weight, coefficient, exact, amount = standard.weight, standard.coefficient, standard.exact, standard.amount
    if weight is None or coefficient is None or exact is None or amount is None:
        return None
    row, limits, mean = standard.row, parameters.limits.get(standard.code, _NO_LIMITS), facts.means.total_amount
    if row is not None:
        if row.low_limit is not None or row.high_limit is not None:
            limits = Limits(
                low=row.low_limit if limits.low is None else limits.low,
                high=row.high_limit if limits.high is None else limits.high,
            )
        mean = row.means.total_amount if mean is None else mean
    points = weight * parameters.points_per_weight
    level = level_of(facts, parameters)
    per_weight = parameters.per_weight
    return Worth(standard.code, weight, per_weight, coefficient, exact, amount, points, mean, limits, level)


def _payment(
    group_code: str,
    standard: StandardAmount,
    worth: Worth | None,
    verdict: Verdict,
    facts: PaymentFacts,
    parameters: PaymentParameters,
    missing: tuple[str, ...],
) -> Payment:
    """The verdict in whole cents, with what it is compared with."""
    row, kind = standard.row, verdict.payment_class
    cost = None if facts.total_amount is None else cents(facts.total_amount)
    factor, exact, official = _official(verdict, facts, parameters)
    formula = official if kind is PaymentClass.BED_DAY else standard.amount
    surplus, review = _minus(official, cost), parameters.special_review
    reasons = review_reasons(review, facts, row, standard.amount, surplus) if kind not in _NEVER_REVIEWED else ()
    return Payment(
        group_code=group_code,
        priced_code=standard.code,
        payment_class=PaymentClass.SPECIAL_REVIEW if reasons and kind is PaymentClass.NORMAL else kind,
        reason=verdict.reason,
        attributes=row.attributes if row is not None else (),
        weight=standard.weight,
        base_points=worth.base_points if worth is not None else None,
        coefficient=standard.coefficient,
        total_amount=cost,
        formula_value=formula,
        adjustment=_minus(official, formula),
        official_value=official,
        official_points=_points(verdict, exact, worth),
        surplus=surplus,
        formula_surplus=_minus(formula, cost),
        ratio=_ratio(cost, standard.amount),
        mean_ratio=_ratio(cost, worth.mean if worth is not None else None),
        low_limit=verdict.low_limit,
        high_limit=verdict.high_limit,
        readmission_factor=factor,
        review_reasons=reasons,
        missing=tuple(dict.fromkeys(missing)),
    )


def _official(
    verdict: Verdict, facts: PaymentFacts, parameters: PaymentParameters
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """The factor for a readmission, and the official value with it: exact, and in whole cents."""
    factor = _readmission(verdict, facts, parameters)
    if verdict.official is None:
        return factor, None, None
    exact = verdict.official if factor is None else verdict.official * factor
    return factor, exact, cents(exact)


def _minus(value: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if value is None or other is None else value - other


def _points(verdict: Verdict, official: Decimal | None, worth: Worth | None) -> Decimal | None:
    """The points, before the coefficient, that the exact official value is worth; what is paid by item has none."""
    if official is None or worth is None or verdict.by_item or verdict.payment_class is PaymentClass.BED_DAY:
        return None
    return (official * worth.base_points / worth.exact).quantize(_FOUR, ROUND_HALF_UP)


def _readmission(verdict: Verdict, facts: PaymentFacts, parameters: PaymentParameters) -> Decimal | None:
    """The factor for a stay that was soon followed by another in the group; what is paid by item keeps its price."""
    rule, days = parameters.readmission, facts.days_to_readmission
    if rule is None or days is None or days > rule.days or verdict.by_item or verdict.official is None:
        return None
    return None if verdict.payment_class is PaymentClass.BED_DAY else rule.factor


def _ratio(cost: Decimal | None, against: Decimal | None) -> Decimal | None:
    if cost is None or against is None or against < CENT:
        return None
    return (cost / against).quantize(_FOUR, ROUND_HALF_UP)
