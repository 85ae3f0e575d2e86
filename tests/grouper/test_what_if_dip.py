"""What if, by DIP: groups and scores of the variants, and why they differ."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.payment import PaymentFacts
from app.grouper.dip import group_dip
from app.grouper.what_if_dip import what_if_dip
from app.grouper.what_if_result import Direction
from tests.grouper.dip_build import APPENDIX, catalogue
from tests.grouper.drg_build import stay
from tests.grouper.what_if_build import by_change

D = Decimal
POINTS = D("12.5")


def appendix(**keywords):
    return catalogue(APPENDIX, **keywords)


def test_dropping_the_operation_falls_to_the_conservative_group():
    found = what_if_dip(appendix(), stay("K35.900", procedures=("47.0100",)), point_value=POINTS)
    dropped = by_change(found)["drop_procedure", "47.0100"]
    assert (found.recorded.code, dropped.outcome.code) == ("SCOPE", "CONS")
    assert dropped.score_difference == D("446.9") - D("1459.2")
    assert dropped.difference == D("-12653.75")
    assert dropped.direction is Direction.RECORDED_HIGHER
    assert "由SCOPESCOPE（1459.2分）变为CONSCONS（446.9分）；记录的分组支付高于该变体12,653.75元" in dropped.sentence
    assert dropped.reasons[0].startswith("CONS：主要诊断匹配K35.9")


def test_without_a_point_value_scores_are_compared():
    found = what_if_dip(appendix(), stay("K35.900", procedures=("47.0100",)))
    dropped = by_change(found)["drop_procedure", "47.0100"]
    assert dropped.difference is None
    assert dropped.direction is Direction.RECORDED_HIGHER
    assert "记录的分组支付高于该变体1012.3分" in dropped.sentence


def test_a_principal_without_group_is_told():
    found = what_if_dip(appendix(), stay("K35.900", "Z99.900", procedures=("47.0100",)), point_value=POINTS)
    swapped = by_change(found)["swap_principal", "Z99.900"]
    assert swapped.outcome.status == "ungrouped"
    assert swapped.score_difference is None
    assert swapped.direction is Direction.UNKNOWN
    assert "变为未入组" in swapped.sentence
    assert "没有病种收入本例" in swapped.reasons[0]


def test_a_clue_changes_the_group():
    found = what_if_dip(appendix(), stay("K35.900"), add=["47.0901"])
    added = by_change(found)["add_procedure", "47.0901"]
    assert (found.recorded.code, added.outcome.code) == ("CONS", "OPEN")
    assert added.direction is Direction.RECORDED_LOWER


def test_a_secondary_diagnosis_may_carry_an_auxiliary_coefficient():
    made = appendix(aux=[("合并症", "*", "any_dx:J96", "1.2")])
    found = what_if_dip(made, stay("K35.900", "J96.000", procedures=("47.0100",)))
    dropped = by_change(found)["drop_diagnosis", "J96.000"]
    assert dropped.outcome.code == "SCOPE"
    assert dropped.score_difference == D("1459.2") - D("1459.2") * D("1.2")
    assert "系数1.2变为不计系数" in dropped.reasons[0]


def test_a_cost_that_is_none_is_refused():
    with pytest.raises(ValueError, match="point_value"):
        what_if_dip(appendix(), stay("K35.900"), PaymentFacts(), point_value=D("-1"))


@given(
    principal=st.sampled_from(["K35.900", "K35.901", "Z99.900"]),
    rest=st.lists(st.sampled_from(["K35.900", "J96.000", "I10.x00"]), max_size=3),
    procedures=st.lists(st.sampled_from(["47.0100", "47.0901", "88.0100"]), max_size=3),
)
def test_every_variant_has_the_group_of_the_changed_stay(principal, rest, procedures):
    made, case = appendix(), stay(principal, *rest, procedures=procedures)
    every = what_if_dip(made, case, all_variants=True)
    for one in every.variants:
        afresh = group_dip(made, replace(case, diagnoses=one.diagnoses, procedures=one.procedures))
        assert (one.outcome.code, one.outcome.score) == (afresh.code, afresh.score)
        assert one.reasons
    assert what_if_dip(made, case).variants == tuple(one for one in every.variants if one.differs)
