"""What the what-if tests share: the starter scheme, stays, and how a variant is found."""

from functools import cache
from pathlib import Path

from app.application.load_dip import load_dip
from app.application.load_scheme import load_scheme
from app.domain.encounter import FacilityLevel
from app.domain.payment import PaymentFacts

GROUPING = Path(__file__).parents[2] / "rules" / "grouping"
TERTIARY = PaymentFacts(facility_level=FacilityLevel.TERTIARY)


@cache
def starter():
    return load_scheme(GROUPING / "starter")


@cache
def dip_starter():
    return load_dip(GROUPING / "dip-starter")


def by_change(result):
    """The variants by what was done to which code."""
    return {(one.change.value, one.code): one for one in result.variants}


def priced_as(cost, **fields):
    from decimal import Decimal

    return PaymentFacts(total_amount=Decimal(cost), facility_level=FacilityLevel.TERTIARY, **fields)
