"""Codes that carry a group without evidence, or against the record: what is found, and what is let pass."""

import pytest

from app.knowledge.coding_records import Confidence, Direction, State
from tests.grouper.coding_build import BED, CHEST, LOCAL, OXYGEN, case, check, found, item, one, unknown


def test_a2_a_sole_driver_without_a_trace():
    report = check(case("I63.900", "J96.000"))
    finding = one(report, "A2")
    assert finding.rule == "coding-driver-without-evidence"
    assert finding.codes == ("J96.000",)
    assert finding.point == "EV-001"
    assert finding.confirmation == "须由编码员确认。"
    assert (finding.status, finding.direction, finding.needs_review) == (State.TRIAL, Direction.OVER, True)
    assert (finding.recorded.drg, finding.variants[0].outcome.drg) == ("BR21", "BR25")
    assert finding.recorded.standard - finding.variants[0].outcome.standard == finding.variants[0].standard_difference
    assert finding.variants[0].payment_difference > 0
    assert "未见" in finding.evidence_for[1].text
    assert finding.confidence.reasons
    assert not finding.is_data_quality


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", "J96.000", items=[BED, OXYGEN]),
        case("I63.900", "J96.000", items=[BED, item("", "面罩吸氧")]),
        case("I63.900", "J96.000", procedures=["96.7201"]),
        case("I63.900", "J96.000", texts=["予面罩吸氧治疗"]),
        case("I63.900", "J96.000", "I21.001"),  # two carry the group
        case("J80.x01", "J96.000"),  # excluded by the principal diagnosis
    ],
)
def test_a2_lets_pass(made):
    report = check(made)
    assert "A2" not in found(report)
    assert not unknown(report, "coding-driver-without-evidence")


def test_a2_two_codes_of_one_disease_do_not_vouch_for_each_other():
    assert one(check(case("I63.900", "J96.000", "J96.100")), "A2").codes == ("J96.000", "J96.100")


@pytest.mark.parametrize(("items", "missing"), [(None, "lines"), ((), "lines"), ([BED, LOCAL], "line.item_code")])
def test_a2_cannot_tell_without_the_fee_list(items, missing):
    report = check(case("I63.900", "J96.000", items=items))
    assert "A2" not in found(report)
    assert unknown(report, "coding-driver-without-evidence") == {missing}
    assert "A2" not in report.judged


def test_a2_says_so_where_there_is_no_list_for_a_driver():
    report = check(case("I63.900", "G20.x00"))
    assert unknown(report, "coding-driver-without-evidence") == {"evidence"}


def test_a2_tells_of_the_next_level_where_it_has_no_trace_either():
    finding = one(check(case("I63.900", "J44.100", "J18.900")), "A2")
    assert [variant.outcome.drg for variant in finding.variants] == ["BR23", "BR25"]
    finding = one(check(case("I63.900", "J44.100", "J18.900", items=[BED, CHEST])), "A2")
    assert [variant.outcome.drg for variant in finding.variants] == ["BR23"]


def test_a3_denied_by_the_record():
    made = case("I63.900", "J96.000", items=[BED, OXYGEN], texts=["查体：无呼吸衰竭表现。", "PaO2 95mmHg"])
    finding = one(check(made), "A3")
    assert len(finding.evidence_for) == 3
    assert finding.evidence_against
    assert finding.confidence.grade is Confidence.LOW


@pytest.mark.parametrize(
    "texts",
    [
        ["患者神志清"],
        ["无呼吸衰竭表现。", "次日出现呼吸衰竭"],
        ["无呼吸衰竭表现", "PaO2 55mmHg"],
        ["不能排除呼吸衰竭"],
        ["否认呼吸衰竭病史"],
        ["PaO2 95mmHg，复查PaO2 60mmHg"],
    ],
)
def test_a3_lets_pass(texts):
    assert "A3" not in found(check(case("I63.900", "J96.000", texts=texts)))


def test_a3_cannot_tell_without_texts():
    assert unknown(check(case("I63.900", "J96.000")), "coding-driver-contradicted") == {"texts"}
    assert not unknown(check(case("I63.900")), "coding-driver-contradicted")
