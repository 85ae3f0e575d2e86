"""CMI, cost and time index of any set of cases, and what a hospital is left with."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grouper.indices import Index, IndexCase, hospital_result, indices_of
from tests.grouper.payment_build import D, parameters, priced

THREE = [  # settlement-payment.md §4, 7
    ("0.6866", 5200, 6000, 7, 8),
    ("0.3985", 3000, 3500, 6, 7),
    ("0.6641", 7000, 6000, 12, 10),
]


def case(weight, cost, mean, days, mean_days, standard=None):
    return IndexCase(
        weight=D(weight),
        total_amount=D(cost),
        mean_amount=D(mean),
        stay_days=D(days),
        mean_days=D(mean_days),
        standard_amount=None if standard is None else D(standard),
    )


def test_the_worked_example():
    found = indices_of(case(*one) for one in THREE)
    assert found.cmi == Index(D("0.583067"), 3, 0)
    assert round(found.cost_index.value, 3) == D("0.963")
    assert round(found.time_index.value, 3) == D("0.977")
    assert found.cost_to_standard == Index(None, 0, 3)


def test_the_regional_mean_is_not_the_standard():
    found = indices_of([case("1", 5000, 4000, 8, 8, standard=10000)])
    assert (found.cost_index.value, found.cost_to_standard.value) == (D("1.25"), D("0.5"))


def test_cases_that_lack_something_are_left_out_and_counted():
    found = indices_of([case(*THREE[0]), IndexCase(total_amount=D(9)), IndexCase(mean_amount=D(0), total_amount=D(9))])
    assert found.cases == 3
    assert found.cmi == Index(D("0.6866"), 1, 2)
    assert (found.cost_index.cases, found.cost_index.left_out) == (1, 2)
    assert indices_of([]).cmi == Index(None, 0, 0)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 99999), st.integers(1, 99999)), min_size=1, max_size=8))
def test_the_index_is_the_same_by_case_and_by_group(groups):
    """sum of k_g n_g / sum of n_g, k_g = own mean / regional mean (settlement-payment.md §1)."""
    rows = [case("1", cost, mean, 1, 1) for number, cost, mean in groups for _ in range(number)]
    by_group = sum(Fraction(cost, mean) * number for number, cost, mean in groups) / sum(one[0] for one in groups)
    assert abs(Fraction(indices_of(rows).cost_index.value) - by_group) <= Fraction(1, 1999999)


@pytest.mark.parametrize(("costs", "surplus"), [((5200, 7000), "-103.16"), ((5200,), "848.42"), ((1300, 31000), "0")])
def test_the_surplus_is_of_the_official_values(costs, surplus):
    payments = [priced("ES33", str(cost)) for cost in costs]
    found = hospital_result([*payments, priced("AA19", "500"), priced("ES33")], parameters())
    assert (found.cases, found.left_out) == (len(costs), 2)
    assert found.surplus == D(surplus)
    assert found.formula_value + found.adjustment == found.official_value
    assert found.total_amount == sum(costs)


def test_the_deposit_and_the_assessment():
    """settlement-payment.md §4, 8 in small: 10.0 M and 9.4 M are 1,000 stays of 10,000 and 9,400."""
    changes = {"coefficients": {"default": "1"}, "rate": "14564.52"}
    one = priced("ES33", "9400", changes=changes)
    assert one.official_value == D("10000.00")
    found = hospital_result([one] * 1000, parameters())
    assert (found.official_value, found.surplus, found.deposit_amount) == (10_000_000, 600_000, 500_000)
    assert found.kept_surplus == found.surplus
    assessed = hospital_result([one] * 1000, parameters(), assessment=D("0.98"), deductions=D(50_000))
    assert (assessed.paid_amount, assessed.kept_surplus) == (9_750_000, 350_000)
    assert assessed.surplus == 600_000
    excluded = priced("AA19", "500", changes={"exclusions": [{"max_days": 2}]}, stay_days=1)
    found = hospital_result([one, excluded], parameters())
    assert (found.formula_value, found.adjustment, found.official_value, found.cases) == (10_500, 0, 10_500, 2)
    assert hospital_result([], parameters(deposit_share=None)).deposit_amount is None
