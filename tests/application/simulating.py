"""What the simulation tests share: cases of the starter scheme, and pricers made without a shelf."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random

from app.application.case_set import Case
from app.application.load_dip import load_dip
from app.application.load_scheme import load_scheme
from app.application.pricing import DipPricer, DrgPricer, PriceBy
from app.domain.encounter import FacilityLevel, Sex
from app.domain.payment import PaymentFacts
from app.domain.stay import Stay

GROUPING = Path(__file__).parents[2] / "rules" / "grouping"
PRINCIPALS = ("I63.900", "J44.100", "J18.900", "I21.001", "E11.900", "K92.201", "I21.000")
SECONDARIES = ("J96.000", "J44.100", "J18.900", "I50.900", "N17.900")


@cache
def starter():
    return load_scheme(GROUPING / "starter")


@cache
def dip_starter():
    return load_dip(GROUPING / "dip-starter")


def pricer(**asked):
    return DrgPricer(starter(), PriceBy(scheme="starter", **asked))


def dip_pricer(**asked):
    return DipPricer(dip_starter(), PriceBy(scheme="dip-starter", **asked))


def case(*diagnoses, cost="9000", case_id="S1", facility="F1", department="内科", day=date(2026, 3, 1), **fields):
    amount = None if cost is None else Decimal(cost)
    stay = Stay(id=case_id, sex=Sex.MALE, age_years=60, diagnoses=diagnoses, total_amount=amount, stay_days=8)
    facts = {"total_amount": amount, "facility_id": facility, "facility_level": FacilityLevel.TERTIARY, "stay_days": 8}
    return Case(facility, case_id, department, day, stay, PaymentFacts(**{**facts, **fields}))


def drawn(count, seed=6):
    """Cases of both years of the starter's parameters, dear and cheap, some without cost or group."""
    random = Random(seed)
    return [
        case(
            random.choice(PRINCIPALS),
            *random.sample(SECONDARIES, random.randrange(3)),
            cost=None if random.random() < 0.05 else f"{random.randrange(100, 90_000)}.{random.randrange(100):02d}",
            case_id=f"S{number}",
            facility=random.choice(("F1", "F2")),
            department=random.choice(("内科", "外科", "")),
            day=date(random.choice((2025, 2026)), random.randrange(1, 13), 1),
        )
        for number in range(count)
    ]
