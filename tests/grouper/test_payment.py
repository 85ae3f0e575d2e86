"""Payment: published standards, worked examples, and how low and high stays are paid."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.payment import PaymentClass, PaymentFacts, facts_of
from app.domain.stay import Stay
from app.grouper.payment import price
from app.grouper.payment_standard import floating_rate, point_value
from app.knowledge.weight_file import read_weights
from tests.grouper.payment_build import (
    BY_POINTS,
    CITY,
    LEVEL1,
    LEVEL2,
    LEVEL3,
    WEIGHTS,
    D,
    facts,
    parameters,
    priced,
    row,
)

TABLES = Path(__file__).parents[2].parent / "shared" / "data" / "drg"
needs_tables = pytest.mark.skipif(not TABLES.exists(), reason="the published tables are not beside this repository")

PLAIN = parameters(tcm_groups=None)
TIERS = [{"max_points": "100", "at": "3"}, {"max_points": "300", "at": "2"}, {"at": "1.5"}]


@needs_tables
@pytest.mark.parametrize("document", [CITY, BY_POINTS])
def test_the_published_standards_come_out_to_the_cent(document):
    file = TABLES / "drg20_weights_local_2025.csv"
    weights = read_weights(file, file.read_bytes())
    assert len(weights) == 839
    with (TABLES / "payment_check_real.csv").open(encoding="utf-8", newline="") as opened:
        published = {one["drg"]: D(one["published"]) for one in csv.DictReader(opened)}
    assert len(published) == 13
    found = {group: price(group, facts(), parameters(document), weights).formula_value for group in published}
    assert found == published


@needs_tables
def test_a_blank_of_the_published_table_is_no_standard():
    file = TABLES / "drg20_weights_local_2025.csv"
    weights = read_weights(file, file.read_bytes())
    for level, blanks in ((LEVEL3, 5), (LEVEL2, 5), (LEVEL1, 129)):
        of_level = [price(group, facts("9000", facility_level=level), PLAIN, weights) for group in weights]
        without = [one for one in of_level if one.formula_value is None]
        assert len(without) == blanks
        assert all(one.payment_class is PaymentClass.NO_STANDARD and one.official_value is None for one in without)
    assert "无权重组" in price("AA19", facts("9000"), PLAIN, weights).reason


WORKED = [  # group, cost, ratio, class, formula, official, surplus (settlement-payment.md §4, 1 to 5)
    ("ES33", "5200", "0.8597", "normal", "6048.42", "6048.42", "848.42"),
    ("ES33", "7000", "1.1573", "normal", "6048.42", "6048.42", "-951.58"),
    ("ES35", "3510.48", "1.0000", "normal", "3510.48", "3510.48", "0.00"),
    ("ES31", "7065", "1.0000", "normal", "7065.00", "7065.00", "0.00"),
    ("ES33", "1300", "0.2149", "low", "6048.42", "1300.00", "0.00"),
    ("ES33", "31000", "5.1253", "high", "6048.42", "31000.00", "0.00"),
    ("ES33", "24000", "3.9680", "special_review", "6048.42", "6048.42", "-17951.58"),
]


@pytest.mark.parametrize("document", [CITY, BY_POINTS])
@pytest.mark.parametrize(("group", "cost", "ratio", "kind", "formula", "official", "surplus"), WORKED)
def test_the_worked_examples_come_out_to_the_cent(document, group, cost, ratio, kind, formula, official, surplus):
    found = priced(group, cost, document)
    assert found.payment_class == kind
    assert (found.ratio, found.formula_value) == (D(ratio), D(formula))
    assert (found.official_value, found.surplus) == (D(official), D(surplus))
    assert found.adjustment == D(official) - D(formula)
    assert found.formula_surplus == D(formula) - D(cost)


def test_what_a_cc_is_worth():
    without, cc, mcc = (priced(group).formula_value for group in ("ES35", "ES33", "ES31"))
    assert (cc - without, mcc - cc) == (D("2537.94"), D("1016.58"))


def test_the_formula_value_of_a_low_or_high_case_is_no_profit():
    low, high = priced("ES33", "1300"), priced("ES33", "31000")
    assert (low.formula_surplus, low.surplus) == (D("4748.42"), 0)
    assert (high.formula_surplus, high.surplus) == (D("-24951.58"), 0)


@pytest.mark.parametrize("basis", ["standard", "group_mean"])
def test_a_low_case_by_ratio_gets_points_in_proportion(basis):
    low = {"at": "0.4", "method": "ratio", "basis": basis}
    weights = {"ES33": row("ES33", "0.6866", mean="6048.42")}
    found = price("ES33", facts("1300"), parameters(BY_POINTS, low=low), weights)
    assert found.official_value == D("1300.00")
    assert round(found.official_points, 2) == D("14.76")


def test_points_of_a_low_case_are_capped_at_base_points_without_coefficient():
    low = {"at": "1", "method": "ratio", "basis": "group_mean", "cap_at_base_points": True}
    changed = parameters(BY_POINTS, low=low, coefficients={"default": "1.5"})
    weights = {"ES33": row("ES33", "0.6866", mean="6000")}
    assert price("ES33", facts("3000"), changed, weights).official_value == D("4930.77")  # 68.66 x 1.5 / 2 points
    assert price("ES33", facts("5900"), changed, weights).official_value == D("6574.37")  # 68.66 points


def test_a_high_case_by_points_gets_the_excess_in_points():
    found = priced("ES33", "31000", BY_POINTS, {"high": {"method": "excess_points", "tiers": TIERS}})
    assert round(found.official_points, 1) == D("214.6")
    assert round(found.official_points - found.base_points, 1) == D("145.9")
    assert found.official_value == D("18903.16")  # 6,048.42 + 31,000 - 3 x 6,048.42
    bare = {"method": "excess_points", "tiers": TIERS, "coefficient_on_excess": False}
    found = priced("ES33", "31000", BY_POINTS, {"high": bare})
    assert found.official_value == D("20020.96")  # 6,048.417 + 12,854.74 / 0.92


@pytest.mark.parametrize(("weight", "at"), [("1", 3), ("1.0001", 2), ("3", 2), ("3.0001", D("1.5"))])
def test_the_tier_is_told_by_the_points_of_the_group(weight, at):
    found = price("G", facts("1"), parameters(low=None, high={"tiers": TIERS}), {"G": row("G", weight)})
    assert found.high_limit == at * found.formula_value


@pytest.mark.parametrize(
    ("way", "official"),
    [
        ({"method": "item"}, "31000.00"),
        ({"method": "zero"}, "31000.00"),
        ({"method": "standard"}, "6048.42"),
        ({"method": "excess_ratio", "share": "0.8"}, "6654.74"),  # + 0.8 x (31,000 - 5 x 6,048.42)
        ({"method": "excess_points"}, "6806.32"),
    ],
)
def test_a_high_case_is_paid_as_the_scheme_says(way, official):
    found = priced("ES33", "31000", changes={"high": {"tiers": [{"at": "5"}], **way}})
    assert (found.payment_class, found.official_value) == (PaymentClass.HIGH, D(official))
    assert found.formula_value + found.adjustment == found.official_value


def test_explicit_limits_win_over_multiples():
    """The vendor's sample of settlement-payment.md §3: limits of 0.204 and 1.53 times the standard."""
    changed = parameters(
        BY_POINTS,
        point_value="6495.34",
        points_per_weight="1",
        coefficients={"default": "1"},
        special_review=None,
        high={"tiers": [{"at": "5"}], "method": "standard"},
        limits={"VV11": {"low": "599.85", "high": "4498.87"}},
    )
    weights = {"VV11": row("VV11", "0.4527"), "VV12": row("VV12", "0.4527", low_limit=D(600), high_limit=D(4498))}
    found = price("VV11", facts("66789.00"), changed, weights)
    assert (found.payment_class, found.formula_value) == (PaymentClass.HIGH, D("2940.44"))
    assert found.surplus == D("-63848.56")
    for cost, kind in (("599.84", "low"), ("599.85", "normal"), ("4498.86", "normal"), ("4498.87", "high")):
        assert price("VV11", facts(cost), changed, weights).payment_class == kind
    weights["VV13"] = row("VV13", "0.4527", high_limit=D(4000))
    assert price("VV13", facts("3000.00"), changed, weights).high_limit == 4000
    of_table = price("VV12", facts("3000.00"), changed, weights)
    assert (of_table.low_limit, of_table.high_limit) == (600, 4498)


def test_the_edges_belong_where_the_scheme_says():
    assert priced("ES33", "1").low_limit == D("0.4") * D("6048.42")
    high = PaymentClass.HIGH
    assert priced("ES33", "30242.10").payment_class is high
    assert priced("ES33", "30242.09").payment_class is not high
    above = {"high": {"tiers": [{"at": "5"}], "above_only": True}}
    assert priced("ES33", "30242.10", changes=above).payment_class is not high
    assert priced("ES33", "30242.11", changes=above).payment_class is high
    whole = {"coefficients": {"default": "1"}, "rate": "10000", "low": {"at": "0.5"}}
    assert priced("ES31", "4010", changes=whole).payment_class is PaymentClass.NORMAL
    whole["low"] = {"at": "0.5", "or_equal": True}
    assert priced("ES31", "4010", changes=whole).payment_class is PaymentClass.LOW


def test_levels_have_their_own_multiples():
    changes = {"low": {"at": "0.4", "levels": {"primary": "0.7"}}, "high": {"levels": {"tertiary": [{"at": "3"}]}}}
    assert priced("ES33", "4000", changes=changes).payment_class is PaymentClass.NORMAL
    assert priced("ES33", "4000", changes=changes, facility_level=LEVEL1).payment_class is PaymentClass.LOW
    assert priced("ES33", "20000", changes=changes).payment_class is PaymentClass.HIGH
    assert priced("ES33", "20000", changes=changes, facility_level=LEVEL2).high_limit is None


def test_a_soon_readmission_halves_what_is_not_paid_by_item():
    changes = {"readmission": {"days": 15, "factor": "0.5"}}
    for days, official in ((15, "3024.21"), (16, "6048.42"), (None, "6048.42")):
        found = priced("ES33", "5000", changes=changes, days_to_readmission=days)
        assert found.official_value == D(official)
    assert priced("ES33", "1300", changes=changes, days_to_readmission=1).official_value == 1300


def test_point_value_and_floating_rate():
    """dip.md §6, 6: 90 M fund, 0.75 share, 13 M points."""
    value = point_value(D(90_000_000), D(13_000_000), D("0.75"))
    assert round(value, 4) == D("9.2308")
    assert round(1050 * value, 1) == D("9692.3")
    assert round(1050 * value * D("0.75"), 1) == D("7269.2")
    assert floating_rate(D(1000), D(8)) == 125
    for wrong in (D(0), D(-1), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match="total_weight"):
            floating_rate(D(1000), wrong)


def test_facts_of_a_stay():
    stay = Stay(department="D1", stay_days=7, icu_hours=2.0, total_amount=D(5200))
    found = facts_of(stay, "H1", LEVEL3)
    assert (found.total_amount, found.stay_days, found.department, found.icu_hours) == (D(5200), 7, "D1", 2.0)
    assert price("ES33", found, PLAIN, WEIGHTS).surplus == D("848.42")


@pytest.mark.parametrize("fields", [{"total_amount": D(-1)}, {"tcm_share": D("1.01")}, {"drug_amount": D("NaN")}])
def test_facts_that_cannot_be_are_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        PaymentFacts(**fields)
