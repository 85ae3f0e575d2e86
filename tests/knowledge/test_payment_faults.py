"""Faults of payment.json: each names the field, why it is wrong, and what to do."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.settlement import PaymentParameters
from app.knowledge.payment_files import convert_parameters
from tests.knowledge.payment_folder import CITY, faults, without

POINTS = without("rate", method="points", point_value="95.75")
TCM = {"IU2Z": {"otherwise": "IU25"}}

WRONG: list[tuple[Any, str]] = [
    ({**CITY, "rate": "0"}, "rate is 0; it must be a number above 0 and at most 10000000"),
    ({**CITY, "rate": "-1"}, "rate is -1; it must be a number above 0"),
    ({**CITY, "rate": "NaN"}, "rate is NaN; it must be a number above 0"),
    ({**CITY, "rate": "1e9"}, "rate is 1E+9; it must be a number above 0 and at most 10000000"),
    ({**CITY, "rate": "abc"}, 'rate: Invalid decimal string; write a number, best as text, such as "9575.25"'),
    (without("rate"), "rate is missing, but the method is rate; write rate (yuan per weight)"),
    ({**CITY, "point_value": "9"}, "point_value is given, but the method is rate; take it out, or change the method"),
    ({**POINTS, "point_value": "0"}, "point_value is 0; it must be a number above 0"),
    ({**POINTS, "points_per_weight": "0"}, "points_per_weight is 0; it must be a number above 0"),
    ({**CITY, "method": "budget"}, "method: 'budget' is not known; write rate or points"),
    (without("method"), "the whole: the field `method` is missing; add it"),
    ({**CITY, "rates": "1"}, "the whole: object contains unknown field `rates`; take it out, or mend its name"),
    ({**CITY, "id": " "}, "id is blank"),
    (without("year"), "year and start are both missing"),
    ({**CITY, "start": "2025-01-01"}, "year stands beside start or end"),
    ({**CITY, "year": 25}, "year is 25; write a year of four digits"),
    (without("year", start="2025-05-01", end="2025-04-30"), "end 2025-04-30 is before start 2025-05-01; swap them"),
    (without("coefficients"), "coefficients are missing; write one per level, or"),
    ({**CITY, "coefficients": {"default": "0"}}, "coefficients.default is 0; it must be a number above 0"),
    ({**CITY, "coefficients": {"levels": {"tertiary": "-1"}}}, "coefficients.levels.tertiary is -1"),
    (
        {**CITY, "coefficients": {"levels": {"level3": "1"}}},
        "a key of coefficients.levels: 'level3' is not known; write",
    ),
    ({**CITY, "coefficients": {"levels": {"": "1"}}}, "coefficients.levels has a blank key"),
    (
        {**CITY, "coefficients": {"group_levels": {"ES33": {"tertiary": "0"}}}},
        "coefficients.group_levels.ES33.tertiary",
    ),
    (
        {**CITY, "coefficients": {"groups": {"ES99": "1"}}},
        "coefficients.groups names the group 'ES99', which weights.csv",
    ),
    ({**CITY, "level_as": {"ungraded": ""}}, "level_as names a blank level"),
    (
        {**CITY, "level_as": {"ungraded": "primary", "primary": "secondary"}},
        "level_as.ungraded leads to primary, which",
    ),
    ({**CITY, "low": {}}, "low.at is missing; write below which share"),
    ({**CITY, "low": {"at": "1.2"}}, "low.at is 1.2; it must be a number above 0 and at most 1"),
    ({**CITY, "low": {"at": "0.4", "levels": {"primary": "0"}}}, "low.levels.primary is 0"),
    ({**CITY, "low": {"at": "0.4", "method": "points"}}, "low.method: 'points' is not known; write item or ratio"),
    ({**CITY, "low": {"at": "0.4", "basis": "mean"}}, "low.basis: 'mean' is not known; write standard or group_mean"),
    ({**CITY, "high": {}}, "high.tiers are missing; write from which multiple"),
    (
        {
            **CITY,
            "high": {"tiers": [{"max_points": "300", "at": "3"}, {"max_points": "100", "at": "2"}, {"at": "1.5"}]},
        },
        "high.tiers are not ascending: max_points 100 stands after 300; sort them",
    ),
    ({**CITY, "high": {"tiers": [{"at": "3"}, {"at": "2"}]}}, "high.tiers[0].max_points is missing"),
    ({**CITY, "high": {"tiers": [{"max_points": "9", "at": "3"}]}}, "high.tiers end at 9 points; add a tier without"),
    ({**CITY, "high": {"tiers": [{"at": "0.5"}]}}, "high.tiers[0].at is 0.5; it must be a number at least 1"),
    ({**CITY, "high": {"tiers": [{"max_points": "NaN", "at": "3"}, {"at": "2"}]}}, "high.tiers[0].max_points is NaN"),
    (
        {**CITY, "high": {"tiers": [{"at": "3"}], "method": "half"}},
        "high.method: 'half' is not known; write item, excess",
    ),
    (
        {**CITY, "high": {"tiers": [{"at": "3"}], "share": "0.8"}},
        "high.share is for excess_ratio, but high.method is item",
    ),
    (
        {**CITY, "high": {"tiers": [{"at": "3"}], "coefficient_on_excess": False}},
        "high.coefficient_on_excess is for excess_points, but high.method is item; take it out",
    ),
    ({**CITY, "limits": {"ES33": {"low": "9", "high": "9"}}}, "limits.ES33: low 9 is not below high 9; swap or mend"),
    ({**CITY, "limits": {"ES31": {"low": 1}, "ES33": {"low": "x"}}}, "limits.ES33.low: Invalid decimal string; write"),
    (
        {**CITY, "coefficients": {"group_levels": {"A": {"tertiary": 1}, "B": {"primary": 1, "level2": 1}}}},
        "a key of coefficients.group_levels.B: 'level2' is not known; write tertiary, secondary, primary or ungraded",
    ),
    (
        {**CITY, "coefficients": {"group_facilities": {"A": {"H.1": "1"}, "B": {"H.1": "1", "H.2": "x"}}}},
        "coefficients.group_facilities.B.H.2: Invalid decimal string",
    ),
    ({**CITY, "limits": {"ES33": {}}}, "limits.ES33 has neither low nor high"),
    ({**CITY, "limits": {"ES99": {"low": "9"}}}, "limits names the group 'ES99', which weights.csv does not hold"),
    (
        without("low", limits={"ES33": {"low": "9"}}),
        "limits.ES33.low is given, but nothing says how low cases are paid",
    ),
    (without("high", limits={"ES33": {"high": "9"}}), "limits.ES33.high is given, but nothing says how high cases"),
    ({**CITY, "exclusions": [{"reason": "x"}]}, "exclusions[0] has no condition, which excludes every stay"),
    ({**CITY, "exclusions": [{"max_days": -1}]}, "exclusions[0].max_days is -1; days are 0 or more"),
    ({**CITY, "exclusions": [{"max_days": 2, "min_days": 60}]}, "exclusions[0] wants at most 2 and at least 60 days"),
    ({**CITY, "special_review": {"quota": {"tertiary": "1001"}}}, "special_review.quota.tertiary is 1001; it must be"),
    ({**CITY, "special_review": {"quota": {"": "1"}}}, "special_review.quota has a blank level"),
    ({**CITY, "special_review": {"quota_unit": "promille"}}, "quota_unit: 'promille' is not known; write per_mille or"),
    ({**CITY, "special_review": {"flags": ["rare"]}}, "special_review.flags[0]: 'rare' is not known; write new_tech"),
    ({**CITY, "special_review": {"min_days": 0}}, "special_review.min_days is 0; it must be at least 1"),
    ({**CITY, "readmission": {"days": 0, "factor": "0.5"}}, "readmission.days is 0; it must be at least 1"),
    (
        {**CITY, "readmission": {"days": 15, "factor": "1.5"}},
        "readmission.factor is 1.5; it must be a number at least 0",
    ),
    ({**CITY, "prepay_share": "85"}, "prepay_share is 85; it must be a number above 0 and at most 1"),
    ({**CITY, "bed_day": {"tiers": []}}, "bed_day.tiers are missing"),
    ({**CITY, "bed_day": {"tiers": [{"until_day": 30, "amount": "1"}]}}, "bed_day.tiers[0].until_day: every tier but"),
    (
        {
            **CITY,
            "bed_day": {"tiers": [{"until_day": 9, "amount": 1}, {"until_day": 9, "amount": 1}, {"amount": 1}]},
        },
        "bed_day.tiers are not ascending: until_day 9, 9; sort them, from 1 on",
    ),
    ({**CITY, "per_capita": {"amount": "0"}}, "per_capita.amount is 0"),
    ({**CITY, "tcm_groups": {"IU2Z": {"otherwise": "IU2Z"}}}, "tcm_groups.IU2Z.otherwise must name another group"),
    ({**CITY, "tcm_groups": {**TCM, "ES33": {"otherwise": "IU2Z"}}}, "tcm_groups.ES33.otherwise is IU2Z, a TCM group"),
    ({**CITY, "tcm_groups": {"IU2Z": {"otherwise": "IU99"}}}, "tcm_groups.IU2Z.otherwise is 'IU99', which weights.csv"),
    ({**CITY, "tcm_groups": {"IU2Z": {"otherwise": "IU25", "min_share": "60"}}}, "tcm_groups.IU2Z.min_share is 60"),
    ({**CITY, "attributes": {"基础病组": {}}}, "attributes.基础病组: no group of weights.csv has it; mend its name"),
    (
        {**CITY, "attributes": {"无极差组": {"has_standard": False, "coefficient": "1"}}},
        "attributes.无极差组 has no standard, hence no coefficient",
    ),
    ({**CITY, "thresholds": ["1.1", "0.9"]}, "thresholds are 1.1, 0.9; they must rise: sort them"),
    ({**CITY, "thresholds": ["0"]}, "thresholds is 0; it must be a number above 0"),
    ({**CITY, "weights": "../weights.csv"}, "weights is '../weights.csv'; name a CSV file of this folder"),
    ({**CITY, "weights": "other.csv"}, "other.csv: is not there, but payment.json names it"),
    ("{", "not readable as JSON"),
    ('{"id": "a", "id": "b"}', "the field 'id' stands twice in one object"),
    ('{"id": NaN}', "NaN is not a number"),
    ("[]", "holds no parameters"),
    ("3", "the whole: Expected `object`, got `int`"),
]


@pytest.mark.parametrize(("document", "fault"), WRONG)
def test_a_wrong_parameter_is_told(tmp_path, document, fault):
    told = faults(tmp_path, document)
    assert len(told) == 1
    assert fault in told[0]
    assert told[0].startswith(("payment.json: ", "other.csv: "))


JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.sampled_from(["1", "NaN", "-1", "tertiary"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@example({"limits": {"a\nb": {}}})
@example({"limits": {"a\nb": {"low": "x"}}})
@given(st.dictionaries(st.sampled_from(sorted(PaymentParameters.__struct_fields__)), JUNK, max_size=4))
def test_whatever_is_written_is_read_or_refused_with_words(changes):
    told = []
    try:
        assert convert_parameters({**CITY, **changes}).per_weight > 0
    except ValueError as error:
        told = str(error).split("\n")
    assert all(len(fault) > 20 for fault in told)
