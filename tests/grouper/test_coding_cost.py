"""Cost and days far below the group: what each detector finds, and the near miss that it must let pass."""

from decimal import Decimal

import pytest

from app.domain.encounter import FacilityLevel
from app.domain.payment import PaymentFacts
from app.grouper.coding_case import GroupStatistics, Statistics
from app.grouper.coding_cost import overcoding_index
from app.knowledge.coding_records import Confidence
from tests.grouper.coding_build import BED, OXYGEN, case, check, found, one, unknown

LOW = Decimal(1000)


def test_a8_cost_far_below_the_group():
    finding = one(check(case("I63.900", "J96.000", total_amount=LOW)), "A8")
    assert finding.variants[0].outcome.drg == "BR25"
    assert "未见该诊断的诊疗依据" in " ".join(finding.confidence.reasons)
    lowered = one(check(case("I63.900", "J96.000", total_amount=LOW, items=[BED, OXYGEN])), "A8")
    assert lowered.evidence_against
    assert lowered.confidence.grade is Confidence.LOW


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", total_amount=LOW),
        case("I63.900", "J96.000", total_amount=Decimal("5600")),  # 40.6 % of the standard
        case("I63.900", "J96.000", total_amount=LOW, discharge_disposition="5"),
        case("I63.900", "J96.000", total_amount=LOW, discharge_disposition="2"),
        case("I63.900", "J96.000", "I21.001", total_amount=LOW),
    ],
)
def test_a8_lets_pass(made):
    assert "A8" not in found(check(made))


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"total_amount": None}, "total_amount"),
        ({"total_amount": LOW, "discharge_disposition": ""}, "discharge_disposition"),
    ],
)
def test_a8_cannot_tell(fields, missing):
    assert unknown(check(case("I63.900", "J96.000", **fields)), "coding-cost-far-below-group") == {missing}


def test_a8_by_the_fifth_percentile_and_without_any_standard():
    made = case("I63.900", "J96.000", total_amount=Decimal(8000))
    assert "A8" not in found(check(made))
    for low, hit in (("8000.01", True), ("8000", False)):
        statistics = Statistics(groups={"BR21": GroupStatistics(low_amount=Decimal(low))})
        made = case("I63.900", "J96.000", total_amount=Decimal(8000), more={"statistics": statistics})
        assert ("A8" in found(check(made, payment=None))) is hit
    assert unknown(check(case("I63.900", "J96.000"), payment=None), "coding-cost-far-below-group") == {"payment"}


def test_a9_days_far_below_the_group():
    assert "A9" in found(check(case("I63.900", "J96.000", stay_days=2)))
    finding = one(check(case("I63.900", "J96.000", stay_days=1)), "A9")
    assert "住院1天" in finding.message
    report = check(case("I63.900", "J96.000", stay_days=None))
    assert unknown(report, "coding-stay-far-below-group") == {"stay_days"}
    assert "A9" not in report.judged


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", "J96.000", stay_days=3),
        case("I63.900", stay_days=1),
        case("I63.900", "J96.000", stay_days=1, discharge_disposition="5"),
        case(
            "I63.900",
            "J96.000",
            stay_days=1,
            more={"payment_facts": PaymentFacts(facility_level=FacilityLevel.TERTIARY, is_day_surgery=True)},
        ),
        case(
            "I63.900",
            "J96.000",
            stay_days=1,
            more={"statistics": Statistics(groups={"BR21": GroupStatistics(mean_days=Decimal("6.9"))})},
        ),
    ],
)
def test_a9_lets_pass(made):
    assert "A9" not in found(check(made))


def test_the_index_of_overcoding():
    assert overcoding_index(Decimal("1.2"), Decimal("1")) == Decimal("0.2")
    assert overcoding_index(Decimal("0.9"), Decimal("1.2")) < 0
    for wrong in ("0", "-1", "NaN"):
        with pytest.raises(ValueError, match="must be above 0"):
            overcoding_index(Decimal(1), Decimal(wrong))
