"""Clues to what was not coded: what is found, and the near miss that must be let pass."""

import pytest

from app.knowledge.coding_records import Direction
from tests.grouper.coding_build import BED, case, check, found, item, one, unknown

VENTILATOR = [item("003106030010000", "呼吸机辅助呼吸", day=day) for day in (1, 2)]


def test_b1_a_clue_to_what_was_not_coded():
    finding = one(check(case("I63.900", items=[BED, *VENTILATOR])), "B1")
    assert finding.direction is Direction.UNDER
    assert finding.variants[0].standard_difference < 0
    assert (finding.recorded.drg, finding.variants[0].outcome.drg) == ("BR25", "BR21")


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", items=[BED, VENTILATOR[0]]),  # one day only
        case("I63.900", "J96.900x003", items=[BED, *VENTILATOR]),  # there is a diagnosis for it
        case("I63.900", "G47.300", items=[BED, *VENTILATOR]),  # another diagnosis for it
        case("I63.900", "I21.001", items=[BED, *VENTILATOR]),  # would change nothing
        case("J80.x01", items=[BED, *VENTILATOR]),  # excluded, and explained
        case("I63.900"),
        case("I63.900", items=[item("002600000000000", "输血前检查"), item("002502030290000", "血浆纤维蛋白原测定")]),
    ],
)
def test_b1_lets_pass(made):
    assert "B1" not in found(check(made))


def test_b1_cannot_tell():
    assert unknown(check(case("I63.900", items=None)), "coding-missing-complication") == {"lines"}
    undated = [item("003106030010000", "呼吸机辅助呼吸", day=None, id=str(place)) for place in range(2)]
    assert unknown(check(case("I63.900", items=undated)), "coding-missing-complication") == {"line.service_date"}
