"""Payment: what holds for every scheme and case, and agreement with a second reading in exact fractions."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.encounter import FacilityLevel
from app.domain.payment import PaymentClass
from app.grouper.payment import price
from tests.grouper.payment_build import D, facts, parameters, row
from tests.grouper.payment_oracle import judge


def numbers(low, high, places):
    return st.decimals(min_value=low, max_value=high, places=places, allow_nan=False, allow_infinity=False)


def written(low, high, places):
    return numbers(low, high, places).map(str)


COSTS = st.one_of(numbers("0", "400000", 2), numbers("0", "9000", 2))
LEVELS = ["tertiary", "secondary", "primary"]


@st.composite
def documents(draw):
    by_rate = draw(st.booleans())
    tiers = [{"max_points": points, "at": draw(written("1", "6", 1))} for points in draw(st.sampled_from([(), (100,)]))]
    high = draw(st.sampled_from(["item", "zero", "standard", "excess_points", "excess_ratio"]))
    return {
        "id": "drawn",
        "year": 2025,
        "method": "rate" if by_rate else "points",
        **({"rate": draw(written("100", "20000", 2))} if by_rate else {"point_value": draw(written("1", "200", 4))}),
        "points_per_weight": draw(st.sampled_from(["100", "1000", "1"])),
        "coefficients": {
            "levels": {level: draw(written("0.3", "1.6", 3)) for level in draw(st.sets(st.sampled_from(LEVELS)))},
            "default": draw(written("0.5", "1.2", 2)),
        },
        "low": {
            "at": draw(written("0.1", "1", 2)),
            "basis": draw(st.sampled_from(["standard", "group_mean"])),
            "method": draw(st.sampled_from(["item", "ratio"])),
        },
        "high": {
            "tiers": [*tiers, {"at": draw(written("1", "6", 2))}],
            "basis": draw(st.sampled_from(["standard", "group_mean"])),
            "method": high,
            "coefficient_on_excess": high != "excess_points" or draw(st.booleans()),
            **({"share": draw(written("0.1", "1", 2))} if high == "excess_ratio" else {"share": "1"}),
        },
    }


@st.composite
def cases(draw):
    limits = draw(st.sampled_from([{}, {}, {"low": "700.50"}, {"high": "20000"}, {"low": "700", "high": "9000.01"}]))
    return {
        "weight": draw(st.one_of(st.just(""), written("0.0801", "27", 4), written("0.0801", "27", 4))),
        "cost": str(draw(COSTS)),
        "mean": draw(st.one_of(st.none(), written("300", "90000", 2), written("300", "90000", 2))),
        "level": draw(st.sampled_from(LEVELS)),
        "limits": limits,
    }


def priced(document, case, **changes):
    case = {**case, **changes}
    weights = {"G": row("G", case["weight"], mean=case["mean"] or "")}
    made = parameters(document, limits={"G": case["limits"]} if case["limits"] else {})
    return price("G", facts(case["cost"], facility_level=FacilityLevel(case["level"])), made, weights)


def as_fraction(value):
    return None if value is None else Fraction(value)


@settings(max_examples=600, deadline=None)
@given(documents(), cases())
def test_a_second_reading_in_fractions_agrees_to_the_cent(document, case):
    found, expected = priced(document, case), judge(document, case)
    assert found.payment_class == expected["class"]
    assert as_fraction(found.formula_value) == expected["formula"]
    assert as_fraction(found.official_value) == expected["official"]


@settings(max_examples=400, deadline=None)
@given(documents(), cases())
def test_the_three_values_and_the_surplus_add_up(document, case):
    found = priced(document, case)
    if found.official_value is None:
        assert (found.adjustment, found.surplus) == (None, None)
        assert found.payment_class in (PaymentClass.NO_STANDARD, PaymentClass.UNDETERMINED)
        return
    assert found.official_value == found.formula_value + found.adjustment
    assert found.surplus == found.official_value - D(case["cost"])
    assert found.formula_surplus == found.formula_value - D(case["cost"])
    for value in (found.official_value, found.formula_value, found.adjustment):
        assert value == round(value, 2)
    if found.payment_class is PaymentClass.NORMAL:
        assert found.adjustment == 0
    elif document[str(found.payment_class)]["method"] in ("item", "zero"):
        assert found.surplus == 0


@settings(max_examples=300, deadline=None)
@given(documents(), cases())
def test_a_blank_weight_never_gives_a_number(document, case):
    found = priced(document, case, weight="")
    assert found.payment_class is PaymentClass.NO_STANDARD
    for name in (
        "weight",
        "base_points",
        "formula_value",
        "adjustment",
        "official_value",
        "official_points",
        "surplus",
    ):
        assert getattr(found, name) is None
    assert all("nan" not in str(value).lower() for value in (found.ratio, found.low_limit, found.high_limit))


@settings(max_examples=300, deadline=None)
@given(documents(), cases(), numbers("0", "5", 4))
def test_a_heavier_group_is_never_worth_less(document, case, more):
    if case["weight"]:
        heavier = priced(document, case, weight=str(D(case["weight"]) + more))
        assert heavier.formula_value >= priced(document, case).formula_value


@settings(max_examples=300, deadline=None)
@given(documents(), cases(), numbers("0", "50000", 2))
def test_inside_a_class_more_cost_never_lowers_the_payment_nor_raises_the_surplus(document, case, more):
    found, dearer = priced(document, case), priced(document, case, cost=str(D(case["cost"]) + more))
    if found.payment_class is not dearer.payment_class or found.official_value is None:
        return
    assert dearer.official_value >= found.official_value
    gains = dearer.payment_class is PaymentClass.LOW or (
        dearer.payment_class is PaymentClass.HIGH and document["high"]["method"] == "excess_points"
    )
    assert gains or dearer.surplus <= found.surplus  # points of the regional mean may be worth more than the cost


@settings(max_examples=300, deadline=None)
@given(documents(), cases())
def test_at_the_high_limit_the_payment_jumps_only_where_it_is_paid_by_item(document, case):
    limit = priced(document, case).high_limit
    if limit is None:
        return
    edge = priced(document, case, cost=str(limit.quantize(Decimal("0.01"), "ROUND_CEILING")))
    if edge.payment_class is not PaymentClass.HIGH:
        return
    if document["high"]["method"] in ("item", "zero"):
        assert edge.adjustment == edge.official_value - edge.formula_value == D(edge.total_amount) - edge.formula_value
    else:
        step = max(D("0.02"), edge.formula_value * D("0.01") / D(case["mean"] or "1") + D("0.02"))
        assert 0 <= edge.adjustment <= step


@settings(max_examples=200, deadline=None)
@given(documents(), cases())
def test_points_and_rate_are_two_ways_to_say_one_thing(document, case):
    by_points = parameters(document).per_weight / D(document["points_per_weight"])
    twin = {**document, "method": "points", "point_value": str(by_points), "rate": None}
    if by_points * D(document["points_per_weight"]) == parameters(document).per_weight:
        assert priced(twin, case) == priced(document, case)
