"""Money and quantities (金额、数量): exact decimals, in yuan and in the unit charged; never floats."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

ZERO = Decimal(0)
LARGEST = Decimal("9999999999999.99")  # the national interface holds 16 digits, 2 of them decimals
LARGEST_QUANTITY = Decimal(9_999_999)
SMALLEST = Decimal("0.000001")
CENT = Decimal("0.01")


def check_number(value: Decimal, name: str, largest: Decimal = LARGEST, smallest: Decimal = ZERO) -> None:
    """Raise ValueError, naming the field, unless `value` is a plain number from `smallest` to `largest`."""
    try:
        if smallest <= value <= largest:
            return
    except InvalidOperation:  # NaN cannot be compared
        pass
    raise ValueError(
        f"`{name}` is {str(value)[:40]}; it must be a number from {smallest} to {largest}"
        + ("" if value.is_nan() or value >= 0 else ": a refund is sent as the withdrawal of its line")
    )


def cents(value: Decimal) -> Decimal:
    """The amount rounded half up to whole cents (分), as bills are."""
    return value.quantize(CENT, ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """The number as people write it: no exponent, no trailing zeros after the point."""
    text = str(value)
    if "E" in text:
        text = format(value.quantize(SMALLEST) if 0 < abs(value) < SMALLEST else value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
