"""Policy simulation: sums that add up exactly, who moves where, and what is counted apart."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from app.application.preview_settlement import BadFacts, NoParameters
from app.application.pricing import DrgPricer, PriceBy
from app.application.simulate import Simulator, UnknownCase
from app.application.simulation_result import CaseKey
from app.grouper.drg import group
from app.grouper.payment import price
from app.knowledge.payment_files import scheme_on
from tests.application.simulating import case, dip_pricer, drawn, pricer, starter

D = Decimal


def simulated(before, after, cases, top=50, chunk=7, **keywords):
    simulator = Simulator(before, after, **keywords)
    for start in range(0, len(cases), chunk):
        simulator.add(cases[start : start + chunk])
    return simulator.result(top)


def slowly(cases, rate=None):
    """Official value and cost of each case that has both, straight from `price`."""
    found = []
    for one in cases:
        scheme = scheme_on(starter().payments, one.discharge_date)
        parameters = scheme.parameters if rate is None else replace(scheme.parameters, rate=rate)
        paid = price(group(starter(), one.stay).drg, one.facts, parameters, scheme.weights)
        if paid.official_value is not None and paid.total_amount is not None:
            found.append((one, paid))
    return found


def test_totals_are_the_sums_of_the_prices():
    cases = drawn(400)
    found = simulated(pricer(), pricer(parameters={"rate": "9500"}), cases)
    before, after = slowly(cases), slowly(cases, D(9500))
    assert found.totals.cases == 400
    assert found.totals.compared == len(before) == len(after) < 400
    assert found.totals.before.official_value == sum(paid.official_value for _, paid in before)
    assert found.totals.after.official_value == sum(paid.official_value for _, paid in after)
    assert found.totals.total_amount == sum(paid.total_amount for _, paid in before)
    assert found.totals.difference == found.totals.after.official_value - found.totals.before.official_value
    for side in (found.totals.before, found.totals.after):
        assert side.official_value == side.formula_value + side.adjustment
        assert side.surplus == side.official_value - found.totals.total_amount
    assert found.totals.before.cmi == found.totals.after.cmi
    assert found.totals.moved == 0
    assert found.moved.cases == ()
    weights = [paid.weight for _, paid in before]
    assert abs(found.totals.before.cmi - sum(weights) / len(weights)) < D("0.05")  # cases without cost weigh, too


def test_departments_and_groups_add_up_to_the_whole():
    found = simulated(pricer(), pricer(parameters={"rate": "8000"}), drawn(300))
    for rows in (found.departments, found.groups):
        assert rows.count == len(rows.rows)
        assert sum(row.totals.cases for row in rows.rows) == 300
        assert sum(row.totals.difference for row in rows.rows) == found.totals.difference
        differences = [row.totals.difference for row in rows.rows]
        assert differences == sorted(differences)
    assert {row.key for row in found.departments.rows} == {"内科", "外科", ""}
    few = simulated(pricer(), pricer(parameters={"rate": "8000"}), drawn(300), top=2)
    assert (len(few.groups.rows), few.groups.count) == (2, found.groups.count)
    largest = sorted((abs(row.totals.difference) for row in found.groups.rows), reverse=True)[:2]
    assert sorted((abs(row.totals.difference) for row in few.groups.rows), reverse=True) == largest


def test_the_same_policy_moves_nothing():
    found = simulated(pricer(), pricer(), drawn(100))
    assert found.totals.difference == 0
    assert found.totals.before == found.totals.after


def test_what_has_no_official_value_is_counted_apart():
    cases = [
        case("I63.900"),
        case("I63.900", cost=None, case_id="no cost"),
        case("I21.000", case_id="no group"),
        case("I63.900", case_id="before all", day=date(2020, 1, 1)),
    ]
    found = simulated(pricer(), pricer(on=date(2026, 1, 1)), cases)
    assert {(one.side, one.reason): one.cases for one in found.apart} == {
        ("before", "no_cost"): 1, ("before", "ungrouped"): 1, ("before", "no_parameters"): 1,
        ("after", "no_cost"): 1, ("after", "ungrouped"): 1,
    }  # fmt: skip
    assert (found.totals.cases, found.totals.compared) == (4, 1)


def test_each_case_has_the_parameters_of_its_day_unless_one_is_named():
    cases = [case("I63.900", day=date(2025, 6, 1)), case("I63.900", case_id="S2", day=date(2026, 6, 1))]
    own = simulated(pricer(), pricer(on=date(2026, 6, 1)), cases).totals
    assert own.before.official_value < own.after.official_value
    fixed = simulated(pricer(on=date(2025, 1, 1)), pricer(on=date(2026, 1, 1)), cases[:1]).totals
    assert fixed.before.formula_value != fixed.after.formula_value
    undated = case("I63.900")._replace(discharge_date=None)
    assert simulated(pricer(), pricer(on=date(2026, 6, 1)), [undated]).totals.difference == 0


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"on": date(2020, 1, 1)}, NoParameters, "2020-01-01"),
        ({"parameters": {"rate": "-1"}}, BadFacts, "rate"),
        ({"parameters": {"rte": "1"}}, BadFacts, "rte"),
        ({"parameters": {"limits": {"XX99": {"low": "1"}}}}, BadFacts, "XX99"),
        ({"parameters": {"method": "points"}}, BadFacts, "point_value"),
    ],
)
def test_parameters_that_cannot_be_are_refused(asked, error, told):
    with pytest.raises(error, match=told):
        pricer(**asked)


def test_a_parameter_can_be_taken_out():
    dear = [case("I63.900", cost="90000")]
    found = simulated(pricer(), pricer(parameters={"high": None}), dear)
    assert found.totals.before.adjustment > 0
    assert found.totals.after.adjustment == 0


def test_cases_that_move_are_told_page_by_page():
    cases = drawn(200)
    before, after = pricer(), dip_pricer(parameters={"point_value": "10"})
    whole = simulated(before, after, cases, moved_limit=1000)
    assert whole.moved.next is None
    assert len(whole.moved.cases) == whole.totals.moved > 150
    told, last = [], None
    while True:
        page = simulated(before, after, cases, moved_limit=70, moved_after=last).moved
        assert len(page.cases) <= 70
        told += page.cases
        last = page.next
        if last is None:
            break
    assert tuple(told) == whole.moved.cases
    assert sum(move.cases for move in whole.moves.rows) == whole.totals.moved
    counts = [move.cases for move in whole.moves.rows]
    assert counts == sorted(counts, reverse=True)
    with pytest.raises(UnknownCase, match="nobody"):
        simulated(before, after, cases, moved_after=CaseKey(facility="F1", id="nobody"))
    assert simulated(before, after, cases, moved_limit=0).moved.cases == ()


def test_no_cases_at_all():
    found = simulated(pricer(), pricer(), [])
    assert found.totals.cases == found.groups.count == 0
    assert found.totals.before.cmi is None


def test_translation_needs_maps():
    assert DrgPricer(starter(), PriceBy(scheme="starter", translate=True)).told.scheme == "starter"
    with pytest.raises(BadFacts, match="translate"):
        dip_pricer(translate=True)
    with pytest.raises(BadFacts, match="rate"):
        dip_pricer(parameters={"rate": "1"})
