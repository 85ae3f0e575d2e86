"""Indices (CMI、费用消耗指数、时间消耗指数) of any set of cases, and what a hospital is left with.

CMI = sum of weights / cases. Cost index = mean of (cost / regional mean cost of the group), time index likewise with
days; above 1 is dearer or longer than the region. The regional mean is not the payment standard: cost / standard has a
field of its own. A case that lacks what an index needs is left out of that index, and counted.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from app.domain.money import ZERO, cents
from app.domain.payment import Payment
from app.domain.settlement import PaymentParameters

_SIX = Decimal("0.000001")


class IndexCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One case: yuan and days. `mean_…` are those of its group in the region."""

    weight: Decimal | None = None
    total_amount: Decimal | None = None
    mean_amount: Decimal | None = None
    standard_amount: Decimal | None = None
    stay_days: Decimal | None = None
    mean_days: Decimal | None = None


class Index(Struct, frozen=True, gc=False):
    """A mean over `cases`, rounded to 6 decimals (None: over no case); `left_out` lacked what it needs."""

    value: Decimal | None
    cases: int
    left_out: int


class Indices(Struct, frozen=True, kw_only=True):
    cases: int
    cmi: Index
    cost_index: Index  # against the regional mean of the group
    time_index: Index
    cost_to_standard: Index  # against the payment standard: not the 费用消耗指数


def indices_of(cases: Iterable[IndexCase]) -> Indices:
    """All indices of the cases at once."""
    rows = list(cases)
    return Indices(
        cases=len(rows),
        cmi=_mean([row.weight for row in rows]),
        cost_index=_mean([_over(row.total_amount, row.mean_amount) for row in rows]),
        time_index=_mean([_over(row.stay_days, row.mean_days) for row in rows]),
        cost_to_standard=_mean([_over(row.total_amount, row.standard_amount) for row in rows]),
    )


def _over(value: Decimal | None, by: Decimal | None) -> Decimal | None:
    return None if value is None or by is None or by <= ZERO else value / by


def _mean(values: list[Decimal | None]) -> Index:
    known = [value for value in values if value is not None]
    mean = (sum(known, ZERO) / len(known)).quantize(_SIX, ROUND_HALF_UP) if known else None
    return Index(mean, len(known), len(values) - len(known))


class HospitalResult(Struct, frozen=True, kw_only=True):
    """结余留用: sums over the cases that have an official value, in yuan. `surplus` below 0 is a deficit (超支).

    `deposit_amount` is held back of the official sum until the yearly assessment; `paid_amount` is what the assessment
    leaves: official x assessment - deductions. `surplus` is before, `kept_surplus` after the assessment.
    """

    cases: int
    left_out: int
    formula_value: Decimal
    adjustment: Decimal
    official_value: Decimal
    total_amount: Decimal
    surplus: Decimal
    deposit_amount: Decimal | None
    paid_amount: Decimal
    kept_surplus: Decimal


def hospital_result(
    payments: Iterable[Payment],
    parameters: PaymentParameters,
    *,
    assessment: Decimal = Decimal(1),
    deductions: Decimal = ZERO,
) -> HospitalResult:
    """The year of a hospital, or any part of it. Cases without official value or cost are left out, and counted.

    `formula_value` counts cases without a formula value by their official value, so that the three still add up.
    """
    rows = list(payments)
    known = [
        (formula if formula is not None else official, official, cost)
        for formula, official, cost in ((row.formula_value, row.official_value, row.total_amount) for row in rows)
        if official is not None and cost is not None
    ]
    formula = sum((one[0] for one in known), ZERO)
    official = sum((one[1] for one in known), ZERO)
    cost = sum((one[2] for one in known), ZERO)
    paid = cents(official * assessment) - deductions
    return HospitalResult(
        cases=len(known),
        left_out=len(rows) - len(known),
        formula_value=formula,
        adjustment=official - formula,
        official_value=official,
        total_amount=cost,
        surplus=official - cost,
        deposit_amount=None if parameters.deposit_share is None else cents(official * parameters.deposit_share),
        paid_amount=paid,
        kept_surplus=paid - cost,
    )
