"""Scores from costs: means by year 1:2:7, trimming, bases; and the value of a point."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grouper.dip_weights import (
    budget_point_value,
    clearing_point_value,
    group_scores,
    hospital_settlement,
    percentile,
    trim,
    weighted_mean,
)

D = Decimal


def test_scores_of_the_published_means_with_a_benchmark_group():
    """DIP 3.0 征求意见稿 表3-2: 4,099, 9,173 and 13,385 yuan; 9,173 is made the benchmark."""
    costs = {code: {2025: [D(mean)]} for code, mean in (("CONS", 4099), ("OPEN", 9173), ("SCOPE", 13385))}
    found = group_scores(costs, benchmark="OPEN", places=1)
    assert {code: str(one.score) for code, one in found.items()} == {
        "CONS": "446.9",
        "OPEN": "1000.0",
        "SCOPE": "1459.2",
    }


def test_years_weigh_one_two_seven():
    costs = {"A": {2023: [D(1000)], 2024: [D(2000)], 2025: [D(3000)]}}
    assert group_scores(costs, base=D(2600))["A"].mean_cost == D(2600)  # (1 + 4 + 21) / 10 thousand
    assert weighted_mean({2024: D(2000), 2025: D(3000)}) == D(25000) / 9
    assert weighted_mean({2023: D(2000), 2024: D(3000)}, latest=2025) == D(8000) / 3


def test_a_group_that_ended_early_does_not_take_the_last_years_weight():
    costs = {"OLD": {2023: [D(100)], 2024: [D(200)]}, "NEW": {2025: [D(500)]}}
    assert group_scores(costs, base=D(1))["OLD"].mean_cost == D(500) / 3


def test_the_base_is_all_kept_cases_of_all_groups():
    costs = {"A": {2025: [D(100)] * 3}, "B": {2025: [D(500)]}}
    found = group_scores(costs)
    assert {code: one.score for code, one in found.items()} == {"A": D(500), "B": D(2500)}


def test_a_fixed_quota():
    found = group_scores({"A": {2025: [D(9173)]}}, base=D(100), scale=D(1), places=2)
    assert found["A"].score == D("91.73")


def test_outliers_are_left_out_before_the_mean():
    costs = [D(1), *[D(1000)] * 98, D(1_000_000)]
    assert trim(costs) == [D(1000)] * 98
    found = group_scores({"A": {2025: costs}}, base=D(1000))["A"]
    assert (found.mean_cost, found.cases, found.trimmed, found.score) == (D(1000), 98, 2, D(1000))


def test_percentiles_are_by_nearest_rank():
    tens = [D(10), D(20), D(30), D(40)]
    assert [percentile(tens, D(share)) for share in ("0", "0.25", "0.26", "0.975", "1")] == [
        D(10),
        D(10),
        D(20),
        D(40),
        D(40),
    ]


@pytest.mark.parametrize(("cases", "left_out"), [(1, 0), (2, 0), (39, 0), (40, 1), (41, 2), (80, 3), (100, 4)])
def test_small_groups_lose_nobody(cases, left_out):
    assert len(trim([D(number) for number in range(cases)])) == cases - left_out


@pytest.mark.parametrize(
    ("costs", "options", "match"),
    [
        ({}, {}, "no year has cases"),
        ({"A": {2025: []}}, {}, "has no cases"),
        ({"A": {2025: [D(1)]}}, {"benchmark": "B"}, "not among the groups"),
        ({"A": {2025: [D(1)]}}, {"base": D(0)}, "must be above 0"),
        ({"A": {2020: [D(1)], 2025: [D(1)]}}, {}, "weights are for the years 2023 to 2025"),
    ],
)
def test_what_cannot_be_computed_is_refused(costs, options, match):
    with pytest.raises(ValueError, match=match):
        group_scores(costs, **options)


@given(st.lists(st.decimals(1, 1_000_000, places=2), min_size=1, max_size=60))
def test_trimming_keeps_the_middle(costs):
    kept = trim(costs)
    assert sorted(costs)[len(costs) // 2] in kept
    assert len(kept) >= 0.94 * len(costs) - 1
    assert set(kept) <= set(costs)


@given(
    st.dictionaries(
        st.text("AB", min_size=1, max_size=3), st.lists(st.decimals(1, 9999, places=2), min_size=1), min_size=1
    )
)
def test_scores_keep_the_proportion_of_the_means(groups):
    found = group_scores({code: {2025: costs} for code, costs in groups.items()}, places=12)
    for one in found.values():
        for other in found.values():
            assert abs(one.score * other.mean_cost - other.score * one.mean_cost) < D("0.0001")


def test_point_values():
    costs, scores = {2024: D(100), 2025: D(300)}, {2024: D(10), 2025: D(20)}
    assert budget_point_value(costs, scores) == D(2300) / D(160)
    assert clearing_point_value(D(90), D("0.75"), D(12)) == D(10)
    assert hospital_settlement([D(100), D(50)], D(10), D("0.8"), D("0.95"), D(40)) == D(1100)


@pytest.mark.parametrize(("share", "score"), [("0", "1"), ("1.2", "1"), ("0.5", "0")])
def test_a_point_value_without_sense_is_refused(share, score):
    with pytest.raises(ValueError, match="must be above 0"):
        clearing_point_value(D(1), D(share), D(score))


def test_budget_years_must_be_the_same():
    with pytest.raises(ValueError, match="same years"):
        budget_point_value({2025: D(1)}, {2024: D(1)})
    with pytest.raises(ValueError, match="above 0"):
        budget_point_value({2025: D(1)}, {2025: D(0)})
