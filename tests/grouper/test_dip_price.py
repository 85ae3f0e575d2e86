"""DIP pricing: every worked example of the reference (dip.md §6), and the forms that cities use instead."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grouper.dip import group_dip
from app.grouper.dip_payment import Deviation
from app.grouper.dip_price import Hospital, price_dip
from app.grouper.dip_weights import clearing_point_value, hospital_settlement
from tests.grouper.dip_build import catalogue, stay

D = Decimal
GROUPS = [
    {"code": "OPEN", "dx": "K35.9", "main_op": "47.0901", "score": "1000", "mean_cost": "9173"},
    {"code": "SCOPE", "dx": "K35.9", "main_op": "47.0100", "score": "1459.2", "mean_cost": "13385"},
    {"code": "BLANK", "dx": "K36", "score": ""},
    {"code": "GRASS", "dx": "A09.9", "score": "300", "grassroots": True},
    {"code": "BED", "layer": "bedday", "dx": "F20", "score": "20"},
]
AUX = [("age", "*", "age>=65", "1.12"), ("icu", "*", "icu_days=2..7", "1.30")]
HOSPITALS = [("", "tertiary", "*", "", "1.05"), ("H9", "", "*", "", "1.2"), ("", "tertiary", "SCOPE", "", "1.1")]
LEVEL3 = Hospital(level="tertiary")
POINT = D(9)


def price(cost, given=None, *, code="OPEN", hospital=LEVEL3, point=POINT, aux=(), facts=None, **rest):
    made = catalogue(
        GROUPS, {"pricing": given or {}}, aux=aux, coefficients=HOSPITALS[:1] if code == "SCOPE" else HOSPITALS
    )
    principal = {"BLANK": "K36.x00", "GRASS": "A09.900", "BED": "F20.000"}.get(code, "K35.900")
    operations = {"OPEN": ["47.0901"], "SCOPE": ["47.0100"]}.get(code, [])
    grouping = group_dip(made, stay(principal, operations, **(facts or {})))
    assert grouping.code == code
    return price_dip(grouping, made, None if cost is None else D(cost), point, hospital=hospital, **rest)


def shown(value, digits):
    return str(value.quantize(D(digits), ROUND_HALF_UP))


def test_example_1_normal():
    paid = price("8800")
    assert (paid.deviation, paid.settled_score) == (Deviation.NORMAL, D(1050))
    assert (paid.official_amount, paid.balance_amount) == (D("9450.00"), D("650.00"))
    assert (paid.formula_amount, paid.adjustment_amount) == (D("9450.00"), D("0.00"))


def test_example_2_ultra_low():
    paid = price("3500")
    assert paid.deviation is Deviation.ULTRA_LOW
    assert shown(paid.ratio, "0.001") == "0.370"
    assert shown(paid.settled_score, "0.1") == "388.9"
    assert paid.official_amount == D("3500.00")
    assert (paid.adjustment_amount, paid.balance_amount) == (D("-5950.00"), D("0.00"))
    assert paid.formula_balance_amount == D("5950.00")  # kept apart: never to be shown as profit


def test_example_3_ultra_high():
    paid = price("24000")
    assert paid.deviation is Deviation.ULTRA_HIGH
    assert shown(paid.ratio, "0.001") == "2.540"
    assert shown(paid.settled_score, "0.1") == "1616.7"
    assert (paid.official_amount, paid.balance_amount) == (D("14550.00"), D("-9450.00"))
    assert paid.is_review_candidate
    assert (price("18900").is_review_candidate, price("18899.99").is_review_candidate) == (True, False)
    with_coefficient = price("24000", {"high": {"add": "coefficient"}})
    assert shown(with_coefficient.settled_score, "0.1") == "1669.2"
    assert with_coefficient.official_amount == D("15022.50")


def test_example_4_what_a_wrong_operation_code_would_bring():
    paid = price("13000", code="SCOPE")
    assert shown(paid.official_amount, "1") == "13789"
    assert shown(paid.official_amount - price("8800").official_amount, "1") == "4339"


def test_example_5_only_the_highest_auxiliary_coefficient():
    paid = price("12000", aux=AUX, facts={"age_years": 70, "icu_hours": 72.0})
    assert (paid.auxiliary_coefficient, paid.case_score) == (D("1.30"), D(1365))
    assert paid.official_amount == D("12285.00")


def test_example_6_clearing():
    value = clearing_point_value(D(90_000_000), D("0.75"), D(13_000_000))
    assert shown(value, "0.0001") == "9.2308"
    paid = price("8800", point=value, fund_share=D("0.75"))
    assert shown(paid.official_amount, "0.1") == "9692.3"
    assert shown(paid.fund_amount, "0.1") == "7269.2"
    assert shown(hospital_settlement([D(1050)], value, D("0.75")), "0.1") == "7269.2"


def test_the_steps_lead_from_the_group_to_the_settled_score_by_name():
    paid = price("24000", aux=AUX, facts={"age_years": 65})
    assert [(one.name, one.label) for one in paid.steps] == [
        ("group_score", "病种分值"),
        ("hospital_coefficient", "医疗机构系数"),
        ("auxiliary_coefficient", "辅助目录系数"),
        ("case_score", "病例分值"),
        ("point_value", "点值（元）"),
        ("cost_ratio", "费用与标准之比"),
        ("excess_base", "超高加成基数"),
        ("settled_score", "结算分值"),
    ]
    values = {one.name: one.value for one in paid.steps}
    assert values["case_score"] == D(1000) * D("1.05") * D("1.12") == paid.case_score


@pytest.mark.parametrize(
    ("cost", "given", "deviation"),
    [
        ("4725", {}, Deviation.NORMAL),  # exactly 0.5
        ("4724.99", {}, Deviation.ULTRA_LOW),
        ("4725", {"low": {"inclusive": True}}, Deviation.ULTRA_LOW),
        ("18900", {}, Deviation.ULTRA_HIGH),  # exactly 2
        ("18899.99", {}, Deviation.NORMAL),
        ("18900", {"high": {"inclusive": False}}, Deviation.NORMAL),
        ("3780", {"low": {"at": "0.4", "inclusive": True}, "high": {"at": "2.5"}}, Deviation.ULTRA_LOW),
        ("3780.01", {"low": {"at": "0.4", "inclusive": True}, "high": {"at": "2.5"}}, Deviation.NORMAL),
        ("23625", {"low": {"at": "0.4"}, "high": {"at": "2.5"}}, Deviation.ULTRA_HIGH),
        ("47250.01", {"high": {"cap_at": "5"}}, Deviation.CAPPED),
        ("47250", {"high": {"cap_at": "5"}}, Deviation.ULTRA_HIGH),
    ],
)
def test_the_bounds_belong_where_the_parameters_say(cost, given, deviation):
    assert price(cost, given).deviation is deviation


@pytest.mark.parametrize(
    ("given", "official"),
    [
        ({"high": {"method": "standard"}}, "9450.00"),
        ({"high": {"method": "item"}}, "60000.00"),
        ({"high": {"cap_at": "5"}}, "37800.00"),  # 1,050 x (5 - 2 + 1) x 9
        ({"high": {"cap_at": "5", "cap": "standard"}}, "9450.00"),
        ({"high": {"cap_at": "5", "method": "item"}}, "47250.00"),
        ({"basis": "mean_cost"}, "52361.84"),  # 1,050 x (60,000/9,173 - 1) x 9
    ],
)
def test_ways_to_pay_a_very_dear_case(given, official):
    paid = price("60000", given)
    assert paid.official_amount == D(official)
    assert paid.formula_amount == D("9450.00")
    assert paid.adjustment_amount == paid.official_amount - paid.formula_amount


@pytest.mark.parametrize(("method", "official"), [("ratio", "1000.00"), ("item", "1000.00"), ("standard", "9450.00")])
def test_ways_to_pay_a_very_cheap_case(method, official):
    assert price("1000", {"low": {"method": method}}).official_amount == D(official)


def test_a_cheap_case_against_the_mean_cost():
    paid = price("3000", {"basis": "mean_cost"})
    assert paid.settled_score.quantize(D("0.0001")) == (D(1050) * 3000 / 9173).quantize(D("0.0001"))


@pytest.mark.parametrize(
    ("hospital", "code", "coefficient"),
    [
        (Hospital(), "OPEN", "1"),
        (Hospital(level="primary"), "OPEN", "1"),
        (LEVEL3, "OPEN", "1.05"),
        (Hospital(id="H9", level="tertiary"), "OPEN", "1.2"),
        (Hospital(id="H1", level="tertiary"), "OPEN", "1.05"),
        (Hospital(id="H9", level="tertiary"), "GRASS", "1"),
    ],
)
def test_whose_coefficient_applies(hospital, code, coefficient):
    paid = price("3000", code=code, hospital=hospital)
    assert paid.hospital_coefficient == D(coefficient)
    assert any("系数" in note for note in paid.notes) == (coefficient == "1")


def test_a_coefficient_of_the_group_goes_before_the_general_one():
    made = catalogue(GROUPS, coefficients=HOSPITALS)
    grouping = group_dip(made, stay("K35.900", ["47.0100"]))
    assert price_dip(grouping, made, D(9000), POINT, hospital=LEVEL3).hospital_coefficient == D("1.1")


def test_grassroots_groups_take_the_coefficient_where_the_city_says_so():
    assert price("3000", {"grassroots_coefficient": True}, code="GRASS").hospital_coefficient == D("1.05")


def test_a_blank_score_is_no_standard_and_never_nothing():
    paid = price("3000", code="BLANK")
    assert paid.deviation is Deviation.NONE
    assert (paid.formula_amount, paid.official_amount, paid.balance_amount) == (None, None, None)
    assert "没有支付标准" in paid.notes[0]


def test_an_ungrouped_stay_has_no_standard():
    made = catalogue(GROUPS)
    paid = price_dip(group_dip(made, stay("Z99.900")), made, D(100), POINT)
    assert (paid.deviation, paid.official_amount) == (Deviation.NONE, None)


def test_a_running_stay_shows_its_standard_and_no_balance():
    paid = price(None)
    assert (paid.deviation, paid.official_amount, paid.balance_amount) == (Deviation.UNKNOWN, D("9450.00"), None)


def test_without_a_point_value_there_are_points_and_no_money():
    paid = price("8800", point=None)
    assert (paid.case_score, paid.official_amount) == (D(1050), None)
    assert price("8800", {"point_value": "9"}, point=None).official_amount == D("9450.00")


def test_bed_days_are_scored_by_the_day():
    paid = price("15000", code="BED", stay_days=70)
    assert (paid.case_score, paid.official_amount) == (D(1470), D("13230.00"))  # 20 x 70 x 1.05
    assert price("15000", code="BED").deviation is Deviation.NONE
    assert price("200", {"bedday": "per_stay"}, code="BED").official_amount == D("189.00")


@pytest.mark.parametrize(
    ("cost", "point", "share"), [("-1", "9", "0.7"), ("NaN", "9", "0.7"), ("1", "-9", "0.7"), ("1", "9", "1.01")]
)
def test_numbers_that_are_none_are_refused(cost, point, share):
    with pytest.raises(ValueError, match="must be a number"):
        price(cost, point=D(point), fund_share=D(share))


@given(
    st.decimals("0.01", "500000", places=2),
    st.decimals("0.01", "99.9999", places=4),
    st.decimals("0.500", "1.500", places=3),
    st.sampled_from(["one", "coefficient"]),
)
def test_the_money_is_the_exact_fraction_rounded_once(cost, point, coefficient, add):
    made = catalogue(GROUPS, {"pricing": {"high": {"add": add}}}, coefficients=[("H", "", "*", "", str(coefficient))])
    grouping = group_dip(made, stay("K35.900", ["47.0100"]))
    paid = price_dip(grouping, made, cost, point, hospital=Hospital(id="H"))
    score = Fraction(D("1459.2")) * Fraction(coefficient)
    ratio = Fraction(cost) / (score * Fraction(point))
    factor = Fraction(1)
    if ratio < Fraction(1, 2):
        factor = ratio
    elif ratio >= 2:
        factor = ratio - 2 + (1 if add == "one" else Fraction(coefficient))
    exact = score * factor * Fraction(point) * 100
    assert paid.official_amount * 100 == (exact + Fraction(1, 2)).__floor__()
    assert paid.balance_amount == paid.official_amount - cost


@given(st.decimals("4725", "18899.99", places=2))
def test_a_normal_case_is_paid_the_same_whatever_it_cost(cost):
    assert price(cost).official_amount == D("9450.00")
