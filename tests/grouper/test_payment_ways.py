"""Payment: coefficients, groups without a standard, and stays that are not paid by group."""

import pytest

from app.domain.encounter import FacilityLevel
from app.domain.group_weight import GroupMeans
from app.domain.payment import PaymentClass
from tests.grouper.payment_build import LEVEL1, LEVEL2, LEVEL3, D, priced

NUMBERS = ("formula_value", "adjustment", "official_value", "surplus", "formula_surplus", "ratio", "official_points")


@pytest.mark.parametrize(
    ("group", "fields", "coefficient"),
    [
        ("ES33", {"facility_level": LEVEL3}, "1.1"),
        ("ES33", {"facility_level": LEVEL2}, "0.9"),
        ("ES33", {"facility_level": LEVEL3, "facility_id": "H1"}, "0.95"),
        ("ES35", {"facility_level": LEVEL3, "facility_id": "H1"}, "1"),
        ("ES31", {"facility_level": LEVEL3}, "1.2"),
        ("ES31", {"facility_level": LEVEL2}, "1.3"),
        ("ES31", {"facility_level": LEVEL2, "facility_id": "H1"}, "1.4"),
        ("IU25", {"facility_level": LEVEL3, "facility_id": "H1"}, "0.8"),
        ("IU25", {"facility_level": LEVEL3, "facility_id": "H2"}, "0.7"),
        ("BR23", {"facility_level": LEVEL1}, None),
    ],
)
def test_the_most_particular_coefficient_counts(group, fields, coefficient):
    changes = {
        "coefficients": {
            "levels": {"tertiary": "1.1", "secondary": "0.9"},
            "facilities": {"H1": "0.95"},
            "groups": {"ES35": "1", "ES31": "1.3"},
            "group_levels": {"ES31": {"tertiary": "1.2"}},
            "group_facilities": {"ES31": {"H1": "1.4"}, "IU25": {"H2": "0.7"}},
        },
        "attributes": {"无极差组": {"coefficient": "0.8"}},
    }
    found = priced(group, "5000", changes=changes, **fields)
    assert found.coefficient == (None if coefficient is None else D(coefficient))
    if coefficient is None:
        assert found.payment_class is PaymentClass.NO_STANDARD
        assert "没有给出一级及以下医疗机构的机构系数" in found.reason
        assert [getattr(found, name) for name in NUMBERS] == [None] * len(NUMBERS)


@pytest.mark.parametrize(
    ("group", "level", "why", "missing"),
    [
        ("AA19", LEVEL3, "（无权重组）没有权重", ()),
        ("AA29", LEVEL1, "没有一级及以下医疗机构的权重", ()),
        ("AA29", FacilityLevel.UNKNOWN, "级别未知", ("facility_level",)),
        ("ZZ99", LEVEL3, "权重表中没有病组ZZ99", ()),
        ("0000", LEVEL3, "未入组", ()),
        ("", LEVEL3, "未入组", ()),
        ("EQY", LEVEL3, "未入组", ()),
    ],
)
def test_without_a_standard_no_number_is_given(group, level, why, missing):
    found = priced(group, "9000", facility_level=level)
    assert found.payment_class.label == "无支付标准"
    assert why in found.reason
    assert "无支付标准" in found.reason
    assert found.missing == missing
    assert [getattr(found, name) for name in NUMBERS] == [None] * len(NUMBERS)


def test_a_standard_that_rounds_to_nothing_is_none():
    found = priced("ES33", "9000", changes={"rate": "0.001"})
    assert (found.payment_class, found.formula_value) == (PaymentClass.NO_STANDARD, None)


def test_an_attribute_may_take_the_standard_away():
    changes = {"attributes": {"基础组": {"has_standard": False}}}
    assert "不设支付标准" in priced("ES35", "9000", changes=changes).reason
    assert priced("ES33", "9000", changes=changes).formula_value is not None


def test_ungraded_facilities_are_taken_as_the_scheme_says():
    ungraded = {"facility_level": FacilityLevel.UNGRADED}
    changes = {"coefficients": {"levels": {"primary": "0.5"}}}
    assert priced("ES33", "9000", changes=changes, **ungraded).formula_value is None
    changes["level_as"] = {"ungraded": "primary"}
    assert priced("ES33", "9000", changes=changes, **ungraded).coefficient == D("0.5")


EXCLUSIONS = [
    {"max_days": 2, "reason": "住院不超过2天"},
    {"min_days": 60},
    {"bed_day": True},
    {"day_surgery": True},
    {"departments": ["康复科"]},
    {"groups": ["ES35"], "min_days": 30},
]


@pytest.mark.parametrize(
    ("group", "fields", "excluded"),
    [
        ("ES33", {"stay_days": 2}, True),
        ("ES33", {"stay_days": 3}, False),
        ("ES33", {"stay_days": 59}, False),
        ("ES33", {"stay_days": 60}, True),
        ("ES35", {"stay_days": 29}, False),
        ("ES35", {"stay_days": 30}, True),
        ("ES33", {"stay_days": 9, "is_bed_day": True}, True),
        ("ES33", {"stay_days": 9, "is_day_surgery": True}, True),
        ("ES33", {"stay_days": 9, "department": "康复科"}, True),
        ("ES33", {"stay_days": 9, "department": "内科"}, False),
        ("AA19", {"stay_days": 1}, True),
    ],
)
def test_excluded_stays_are_paid_by_item(group, fields, excluded):
    found = priced(group, "5000", changes={"exclusions": EXCLUSIONS}, **fields)
    assert (found.payment_class is PaymentClass.EXCLUDED) == excluded
    if excluded:
        assert (found.official_value, found.surplus) == (D(5000), 0)
        assert ("住院不超过2天" in found.reason) == (fields["stay_days"] <= 2)
        assert found.formula_value is None or found.formula_value + found.adjustment == 5000
    assert found.missing == ()


def test_unknown_days_are_said_where_they_might_exclude():
    exclusions = [{"max_days": 2, "groups": ["ES33"]}]
    assert priced("ES33", "5000", changes={"exclusions": exclusions}).missing == ("stay_days",)
    assert priced("ES31", "5000", changes={"exclusions": exclusions}).missing == ()


TIERS = [{"until_day": 30, "amount": "300"}, {"until_day": 90, "amount": "200"}, {"amount": "100.5"}]
BED_DAY = {"tiers": TIERS, "departments": ["精神科"], "groups": ["BR23"]}


@pytest.mark.parametrize(
    ("days", "amount"), [(0, 0), (1, 300), (30, 9000), (31, 9200), (90, 21000), (92, 21201), (93, D("21301.5"))]
)
def test_bed_days_are_added_up_by_their_ranges(days, amount):
    found = priced("ES33", "9000", changes={"bed_day": BED_DAY}, stay_days=days, department="精神科")
    assert (found.payment_class, found.official_value) == (PaymentClass.BED_DAY, amount)
    assert (found.formula_value, found.adjustment, found.surplus) == (amount, 0, amount - 9000)


def test_more_of_bed_days():
    with_coefficient = {"bed_day": {**BED_DAY, "with_coefficient": True}}
    assert priced("ES33", "9", changes=with_coefficient, stay_days=2, is_bed_day=True).official_value == 552
    assert priced("AA19", "9", changes=with_coefficient, stay_days=2, is_bed_day=True).official_value is None
    plain = {"bed_day": BED_DAY, "exclusions": EXCLUSIONS}
    assert priced("AA19", "9", changes=plain, stay_days=2, is_bed_day=True).official_value == 600
    assert priced("BR23", "9", changes=plain, stay_days=2).official_value == 600
    found = priced("ES33", "9", changes=plain, is_bed_day=True)
    assert (found.official_value, found.missing) == (None, ("stay_days",))
    found = priced("ES33", "9", is_bed_day=True)
    assert (found.payment_class, found.official_value) == (PaymentClass.NO_STANDARD, None)


def test_per_capita_stays_have_no_payment_of_their_own():
    found = priced("ES33", "9", is_per_capita=True)
    assert (found.payment_class, found.official_value, found.surplus) == (PaymentClass.PER_CAPITA, None, None)


@pytest.mark.parametrize(
    ("share", "days", "group", "missing"),
    [
        ("0.6", 10, "IU2Z", ()),
        ("0.5999", 10, "IU25", ()),
        ("0.6", 9, "IU25", ()),
        (None, 9, "IU25", ()),
        (None, 10, "IU2Z", ("tcm_share",)),
        ("0.7", None, "IU2Z", ("stay_days",)),
    ],
)
def test_tcm_groups_have_conditions(share, days, group, missing):
    found = priced("IU2Z", "5000", tcm_share=None if share is None else D(share), stay_days=days)
    assert (found.group_code, found.priced_code, found.missing) == ("IU2Z", group, missing)
    assert found.formula_value == {"IU25": D("4727.03"), "IU2Z": D("9114.03")}[group]
    assert ("按病组IU25支付" in found.reason) == (group == "IU25")


def test_what_falling_back_costs():
    fallen, full = (priced("IU2Z", tcm_share=D(share), stay_days=10).formula_value for share in ("0.5", "0.6"))
    assert fallen - full == D("-4387.00")


def test_what_is_not_known_is_not_guessed():
    found = priced("ES33")
    assert (found.payment_class, found.formula_value) == (PaymentClass.UNDETERMINED, D("6048.42"))
    assert (found.official_value, found.missing) == (None, ("total_amount",))
    by_mean = {"low": {"at": "0.4", "basis": "group_mean"}}
    found = priced("ES33", "5000", changes=by_mean)
    assert (found.official_value, found.missing) == (None, ("means.total_amount",))
    assert priced("ES33", "31000", changes=by_mean).payment_class is PaymentClass.HIGH
    found = priced("ES33", "2000", changes=by_mean, means=GroupMeans(total_amount=D(5001)))
    assert (found.payment_class, found.mean_ratio) == (PaymentClass.LOW, D("0.3999"))
    assert priced("ES33", changes={"low": None, "high": None}).official_value == D("6048.42")


def test_explicit_limits_do_not_replace_the_mean_that_a_method_needs():
    changes = {
        "limits": {"ES33": {"low": "1000", "high": "20000"}},
        "low": {"at": "0.4", "basis": "group_mean", "method": "ratio"},
        "high": {"tiers": [{"at": "3"}], "basis": "group_mean", "method": "excess_points"},
    }
    for cost in ("999", "20000"):
        found = priced("ES33", cost, changes=changes)
        assert (found.payment_class, found.official_value) == (PaymentClass.UNDETERMINED, None)
        assert found.missing == ("means.total_amount",)
    assert priced("ES33", "1000", changes=changes).official_value == D("6048.42")
