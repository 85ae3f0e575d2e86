"""Split stays, shifted cost, and the hospital beside its region: what is found, and the near miss that is let pass."""

from datetime import date
from decimal import Decimal

import pytest

from app.domain.encounter import CareType
from app.grouper.coding_case import GroupStatistics, HospitalStatistics, Statistics
from tests.grouper.coding_build import BED, OXYGEN, case, check, found, item, one, past, unknown


def again(*codes, days, kind=CareType.INPATIENT, **fields):
    start = date(2026, 3, 1)
    gone = date.fromordinal(start.toordinal() - days)
    return past(*codes, start=date.fromordinal(gone.toordinal() - 5), end=gone, kind=kind, **fields)


def with_past(*others, codes=("I63.900",), **fields):
    return case(*codes, items=[BED, item("002103000010000", "头颅CT平扫")], more={"history": others}, **fields)


def test_a14_back_within_days():
    finding = one(check(with_past(again("I63.900", days=15))), "A14")
    assert finding.variants[0].standard_difference == finding.recorded.standard  # two paid, one due
    assert one(check(with_past(again("I63.900", "J96.000", days=0))), "A14")
    lowered = one(check(with_past(again("I63.900", days=3, discharge_disposition="2"))), "A14")
    assert lowered.evidence_against


@pytest.mark.parametrize(
    "made",
    [
        with_past(again("I63.900", days=16)),
        with_past(again("K80.000x002", days=3)),
        with_past(again("I63.900", days=3, kind=CareType.OUTPATIENT)),
        with_past(again("Z51.101", "C34.900", days=3), codes=("Z51.101", "C34.900"), procedures=["99.2500"]),
        with_past(),
    ],
)
def test_a14_lets_pass(made):
    report = check(made)
    assert "A14" not in found(report)
    assert not unknown(report, "coding-split-admission")


@pytest.mark.parametrize(("more", "missing"), [({"history": None}, "history"), ({"start_date": None}, "start_date")])
def test_a14_cannot_tell(more, missing):
    made = case("I63.900", more={"history": (again("I63.900", days=3),)} | more)
    assert unknown(check(made), "coding-split-admission") == {missing}


def outside(day, amount=600, kind=CareType.OUTPATIENT):
    return past("I63.900", start=date(2026, 3, day), end=date(2026, 3, day), kind=kind, amount=amount)


def test_a15_cost_in_the_days_of_the_stay():
    finding = one(check(with_past(outside(3), outside(4, 100, CareType.PHARMACY))), "A15")
    assert "700元" in finding.message
    assert finding.variants[0].outcome.drg == finding.recorded.drg
    statistics = Statistics(groups={"BR25": GroupStatistics(uncovered_share=Decimal("0.1"))})
    known = {"history": (outside(3),), "statistics": statistics, "uncovered_amount": Decimal(3000)}
    assert "自费占33.3%" in one(check(case("I63.900", more=known)), "A15").message


@pytest.mark.parametrize(
    "made",
    [
        with_past(outside(1)),  # the day of admission: the emergency room
        with_past(outside(9)),
        with_past(outside(3, 499)),
        with_past(outside(3, 1000), total_amount=Decimal(20001)),
        with_past(outside(3, kind=CareType.INPATIENT)),
        with_past(outside(3, kind=CareType.UNKNOWN)),
    ],
)
def test_a15_lets_pass(made):
    assert "A15" not in found(check(made))


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"history": None}, "history"),
        ({"end_date": None}, "start_date"),
        ({"history": (outside(3, None),)}, "total_amount"),
    ],
)
def test_a15_cannot_tell(more, missing):
    made = case("I63.900", more={"history": (outside(3),)} | more)
    assert unknown(check(made), "coding-cost-shifted") == {missing}


def hospital(**row):
    given = {"cases": 100, "share": Decimal("0.5"), "region_share": Decimal("0.2")} | row
    return {"statistics": Statistics(hospital={"BR2": HospitalStatistics(**given)})}


def test_a16_the_hospital_is_above_the_region_or_jumped():
    finding = one(check(case("I63.900", "J96.000", items=[BED, OXYGEN], more=hospital())), "A16")
    assert "区域为20%" in finding.message
    jumped = hospital(region_share=None, previous_share=Decimal("0.35"))
    assert one(check(case("I63.900", "J96.000", more=jumped)), "A16")
    assert one(check(case("I63.900", "J96.000", more=hospital(cases=30))), "A16")


@pytest.mark.parametrize(
    "row",
    [
        {"cases": 29},
        {"share": Decimal("0.29")},
        {"cases": 30, "share": Decimal("0.41")},  # within three deviations
        {"region_share": None, "previous_share": Decimal("0.36")},
    ],
)
def test_a16_lets_pass(row):
    assert "A16" not in found(check(case("I63.900", "J96.000", more=hospital(**row))))
    assert "A16" not in found(check(case("I63.900", more=hospital())))


def test_a16_needs_statistics():
    assert unknown(check(case("I63.900", "J96.000")), "coding-hospital-level") == {"statistics.hospital"}
