"""Money: exact, bounded, and written as people write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import LARGEST, LARGEST_QUANTITY, SMALLEST, ZERO, cents, check_number, plain

AMOUNTS = st.decimals(ZERO, Decimal("99999999.99"), places=6)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "1e999", "-0.01", "1e14"])
def test_what_is_no_amount_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^`unit_price` is .* must be a number from 0 to 9999999999999\.99"):
        check_number(Decimal(text), "unit_price")


@pytest.mark.parametrize("value", [ZERO, LARGEST, Decimal("0.0000001")])
def test_the_bounds_themselves_are_amounts(value: Decimal) -> None:
    check_number(value, "amount")


@pytest.mark.parametrize("value", [ZERO, SMALLEST / 10, LARGEST_QUANTITY + 1])
def test_a_quantity_has_bounds_of_its_own(value: Decimal) -> None:
    with pytest.raises(ValueError, match=r"^`quantity`"):
        check_number(value, "quantity", LARGEST_QUANTITY, SMALLEST)


def test_only_a_negative_number_is_told_about_refunds() -> None:
    with pytest.raises(ValueError, match="withdrawal of its line"):
        check_number(Decimal(-5), "amount")
    with pytest.raises(ValueError, match=r"9999999999999\.99$"):
        check_number(Decimal("NaN"), "amount")


def test_a_number_of_many_digits_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match=r"^`amount`") as caught:
        check_number(Decimal(10**5000), "amount")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("1.115", "1.12"), ("2.675", "2.68"), ("10", "10.00")],
)
def test_cents_round_half_up(value: str, rounded: str) -> None:
    assert str(cents(Decimal(value))) == rounded


@given(AMOUNTS)
def test_cents_are_within_half_a_cent(value: Decimal) -> None:
    assert abs(cents(value) - value) <= Decimal("0.005")
    assert cents(value).as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("value", "text"),
    [("14", "14"), ("14.00", "14"), ("1E+3", "1000"), ("0.50", "0.5"), ("100", "100"), ("0", "0"), ("1e-7", "0")],
)
def test_plain_numbers(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@given(AMOUNTS)
def test_plain_says_the_same_number_without_exponent(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))
