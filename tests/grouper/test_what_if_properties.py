"""What must hold for any stay: variants are grouped as afresh, none twice, none listed that does not differ."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.group_weight import GroupWeight, PaymentScheme
from app.domain.settlement import Coefficients, Method, PaymentParameters
from app.grouper.drg import group
from app.grouper.what_if import what_if
from tests.grouper.drg_build import outcome
from tests.grouper.test_drg_properties import CODES, PROCEDURES, STAYS

PARAMETERS = PaymentParameters(
    id="small", method=Method.RATE, start=date(2026, 1, 1), rate=Decimal("9000.5"),
    coefficients=Coefficients(default=Decimal("0.92")),
)  # fmt: skip
CLUES = st.lists(st.one_of(CODES, PROCEDURES), max_size=3)


def payment_of(scheme):
    """Every group weighs something else, but for some that weigh nothing."""
    weights = {
        code: GroupWeight(code=code, weight=Decimal(place) / 7)
        for place, code in enumerate(scheme.groups, 1)
        if place % 5
    }
    return PaymentScheme(PARAMETERS, weights)


def told(one):
    return one.outcome.status, one.outcome.mdc, one.outcome.adrg, one.outcome.drg


def key_of(one):
    return one.diagnoses[:1], tuple(sorted(one.diagnoses[1:])), one.procedures


@given(case=STAYS, add=CLUES)
def test_every_variant_has_the_group_of_the_changed_stay(small, case, add):
    found = what_if(small, case, payment_of(small), None, add, all_variants=True)
    assert found.tried == len(found.variants)
    for one in found.variants:
        changed = replace(case, diagnoses=one.diagnoses, procedures=one.procedures)
        afresh = group(small, changed)
        assert told(one) == outcome(afresh)
        assert one.differs == (outcome(afresh) != outcome(group(small, case)))
        assert one.reasons
        assert all(reason.endswith("。") for reason in one.reasons)


@given(case=STAYS, add=CLUES)
def test_no_variant_comes_twice_or_is_the_recorded_stay(small, case, add):
    found = what_if(small, case, None, None, add, all_variants=True)
    keys = [key_of(one) for one in found.variants]
    assert len(set(keys)) == len(keys)
    assert (case.diagnoses[:1], tuple(sorted(case.diagnoses[1:])), case.procedures) not in keys


@given(case=STAYS, add=CLUES)
def test_what_is_listed_is_what_differs(small, case, add):
    every = what_if(small, case, payment_of(small), None, add, all_variants=True)
    few = what_if(small, case, payment_of(small), None, add)
    assert few.variants == tuple(one for one in every.variants if one.differs)
    assert (few.recorded, few.steps, few.tried) == (every.recorded, every.steps, every.tried)


@given(case=STAYS)
def test_the_difference_is_the_one_of_the_weights(small, case):
    payment = payment_of(small)
    found = what_if(small, case, payment, all_variants=True)
    mine = payment.weights.get(found.recorded.drg)
    for one in found.variants:
        other = payment.weights.get(one.outcome.drg)
        if mine is None or other is None:
            assert one.difference is None
        elif one.difference is not None:
            assert (one.difference > 0) == (other.weight > mine.weight)
            assert (one.difference == 0) == (other.code == mine.code)


@given(case=STAYS)
def test_without_all_that_carries_the_steps_the_group_is_the_last_of_them(small, case):
    found = what_if(small, case)
    if found.steps and found.steps[-1].level == "CC":
        dropped = {code for one in found.steps for code in one.codes}
        kept = tuple(code for code in case.diagnoses[1:] if code not in dropped)
        mcc = {one for one in kept if small.complication(one)[0] == "mcc"}
        if not mcc:  # MCCs that make no difference were dropped for the step, too
            bare = replace(case, diagnoses=(case.diagnoses[0], *kept))
            assert group(small, bare).drg == found.steps[-1].outcome.drg
