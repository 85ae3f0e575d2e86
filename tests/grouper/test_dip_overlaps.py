"""Overlaps in DIP catalogues: warned where parameters do not decide, and only there."""

import pytest

from app.grouper.dip import group_dip
from app.grouper.dip_overlaps import overlaps
from tests.grouper.dip_build import catalogue, stay

SAME = [{"code": "A", "dx": "K35.3", "main_op": "47.0901"}, {"code": "B", "dx": "K35.3", "main_op": "47.0901|47.0100"}]


def codes(groups, given=None):
    return [found.codes for found in overlaps(catalogue(groups, given))]


def test_two_groups_of_one_diagnosis_and_operation_are_warned_of():
    assert codes(SAME) == [("A", "B")]
    (found,) = overlaps(catalogue(SAME))
    assert "K35.3" in found.message
    assert group_dip(catalogue(SAME), stay("K35.300", ["47.0901"])).undecided == ("B",)


@pytest.mark.parametrize(
    ("change", "given"),
    [
        ({"dx": "K35.4"}, None),
        ({"main_op": "47.0100"}, None),  # the stay's main operation decides
        ({"related_op": "54.1100"}, None),
        ({"main_op": "47.09"}, None),  # a full code goes before a shorter one
        ({"kind": "treatment"}, None),
        ({"layer": "merge"}, None),
        ({"dx": "K35"}, None),  # the longer diagnosis decides
        ({"age_days": (None, 28)}, {"choice": ["catalogue_order"]}),
        ({"score": "200"}, {"choice": ["higher_score"]}),
        ({"mean_cost": "200"}, {"choice": ["nearest_mean_cost"]}),
    ],
)
def test_what_decides_is_not_warned_of(change, given):
    assert codes([SAME[0], SAME[1] | change], given) == []


@pytest.mark.parametrize(
    ("change", "given"),
    [
        ({"score": "200"}, None),
        ({"dx": "K35"}, {"choice": ["related"]}),
        ({"main_op": "47.0100"}, {"choice": ["related"]}),
        ({"condition": "age>=65"}, None),
        ({"main_op": "47.09*"}, {"choice": ["main_operation"]}),
    ],
)
def test_what_does_not_decide_is(change, given):
    assert codes([SAME[0], SAME[1] | change], given) == [("A", "B")]


def test_bounds_that_never_meet_keep_groups_apart():
    young, old = SAME[0] | {"age": (None, 17)}, SAME[1] | {"age": (18, None)}
    assert codes([young, old]) == codes([old, young]) == []
    assert codes([old | {"age": (17, None)}, young]) == [("A", "B")]
    assert codes([young, old | {"age": (17, None)}]) == [("A", "B")]


def test_conservative_and_operative_groups_of_a_diagnosis_do_not_overlap():
    assert codes([SAME[0], {"code": "C", "dx": "K35.3"}], {"choice": []}) == []
