"""Operations and fees that do not agree: what each detector finds, and the near miss that it must let pass."""

import pytest

from app.knowledge.coding_records import Confidence, Direction
from tests.grouper.coding_build import BED, case, check, found, item, one, unknown

CHOLECYSTECTOMY = item("003310060020000", "胆囊切除术", 2000)

PCI = item("003205000030000", "经皮冠状动脉内支架置入术", 5000)


def test_a7_an_operation_that_nobody_charged():
    finding = one(check(case("I21.001", procedures=["36.0700", "88.5500"])), "A7")
    assert finding.codes == ("36.0700",)
    assert {variant.outcome.drg for variant in finding.variants} == {"FM39"}
    shown = [BED, item("003205000010000", "冠状动脉造影术")]
    raised = one(check(case("I21.001", procedures=["36.0700", "88.5500"], items=shown)), "A7")
    assert any("88.5500" in fact.codes for fact in raised.evidence_for)
    assert raised.confidence.grade is Confidence.MEDIUM  # one up, but its list awaits review


@pytest.mark.parametrize(
    "made",
    [
        case("I21.001", procedures=["36.0700"], items=[BED, PCI]),
        case("I21.001", procedures=["88.5500", "36.0700"]),  # the other order would pay more
        case("I63.900", procedures=["99.1000"]),  # of no list
        case("I63.900"),
    ],
)
def test_a7_lets_pass(made):
    assert "A7" not in found(check(made))


def test_a7_cannot_tell_what_is_dearer_without_a_price():
    report = check(case("I21.001", procedures=["36.0700"], items=None))
    assert unknown(report, "coding-operation-not-shown") == {"lines"}


def test_a11_an_ambiguous_case_and_the_order_that_is_none():
    finding = one(check(case("I50.900", "K80.000x002", procedures=["51.2300"])), "A11")
    assert finding.direction is Direction.QUALITY
    assert [variant.change for variant in finding.variants] == ["以胆囊结石伴急性胆囊炎（K80.000x002）为主要诊断"]
    assert one(check(case("I50.900", procedures=["51.2300"])), "A11").variants == ()
    assert "A11" not in found(check(case("K80.000x002", "I50.900", procedures=["51.2300"])))
    assert "A11" not in found(check(case("I50.900", "K80.000x002", procedures=["93.9400"])))  # not a valid one


def test_b2_an_operation_in_the_fees_only():
    finding = one(check(case("K80.000x002", items=[BED, CHOLECYSTECTOMY])), "B2")
    assert finding.variants[0].outcome.drg.startswith("HC2")
    assert finding.evidence_for[0].lines == (CHOLECYSTECTOMY.id,)


@pytest.mark.parametrize(
    "made",
    [
        case("K80.000x002", procedures=["51.2300"], items=[BED, CHOLECYSTECTOMY]),
        case("K80.000x002"),
        case("K80.000x002", items=[BED, item("002203020000000", "胆囊切除术后超声")]),
        case("I50.900", items=[BED, CHOLECYSTECTOMY]),  # would make the case ambiguous
    ],
)
def test_b2_lets_pass(made):
    report = check(made)
    assert "B2" not in found(report)
    assert not unknown(report, "coding-missing-operation")
