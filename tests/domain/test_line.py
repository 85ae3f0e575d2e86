"""Lines: what no bill can hold is refused by the name of its field, and unknown amounts stay unknown."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.line import ChargeLine, OrderLine, total_claimed

DECODER = msgspec.json.Decoder(ChargeLine)
AMOUNTS = st.decimals(0, 100_000, places=2)
MONEY_FIELDS = ["amount", "unit_price", "uncovered_amount", "copay_amount"]


def charge(**fields: Any) -> ChargeLine:
    return msgspec.convert({"id": "L1", "service_date": "2026-03-01", **fields}, ChargeLine, strict=False)


def body(field: str, raw: str) -> bytes:
    return f'{{"id": "L1", "service_date": "2026-03-01", "{field}": {raw}}}'.encode()


@pytest.mark.parametrize("field", [*MONEY_FIELDS, "quantity"])
@pytest.mark.parametrize(
    "raw", ["-1", "-0.01", "1e999", '"NaN"', '"sNaN"', '"Infinity"', '"-Infinity"', "1" + "0" * 999]
)
def test_impossible_numbers_are_refused_by_field(field: str, raw: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"^`{field}` is ") as caught:
        DECODER.decode(body(field, raw))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("field", "largest", "beyond"),
    [
        ("quantity", "9999999", "9999999.000001"),
        *((field, "9999999999999.99", "10000000000000") for field in MONEY_FIELDS),
    ],
)
def test_the_largest_number_of_a_field(field: str, largest: str, beyond: str) -> None:
    assert getattr(DECODER.decode(body(field, largest)), field) == Decimal(largest)
    with pytest.raises(msgspec.ValidationError, match=f"^`{field}` is {beyond}"):
        DECODER.decode(body(field, beyond))


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "+1", "01", "0x10"])
def test_numbers_that_json_does_not_know_are_refused(raw: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        DECODER.decode(body("amount", raw))


@pytest.mark.parametrize(
    ("field", "raw", "told"),
    [
        ("amount", "true", r"got `bool` - at `\$\.amount`"),
        ("amount", '"十元"', r"Invalid decimal string - at `\$\.amount`"),
        ("amount", "1e99999999999999999999", r"at `\$\.amount`"),
        ("quantity", "0", "^`quantity` is 0"),
        ("quantity", "1e-7", "^`quantity` is 1E-7"),
        ("quantity", "null", r"at `\$\.quantity`"),
        ("days_supply", "0", r"at `\$\.days_supply`"),
        ("days_supply", "1.5", r"at `\$\.days_supply`"),
        ("service_date", '"2026-02-30"', r"at `\$\.service_date`"),
        ("start_at", '"2026-03-01T08:00:00+08:00"', r"no timezone component - at `\$\.start_at`"),
        ("id", '""', r"length >= 1 - at `\$\.id`"),
        ("item_code", f'"{"1" * 65}"', r"length <= 64 - at `\$\.item_code`"),
        ("category", '"medicine"', r"at `\$\.category`"),
        ("ammount", "1", "unknown field `ammount`"),
    ],
)
def test_bad_fields_are_refused_with_their_path(field: str, raw: str, told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        DECODER.decode(body(field, raw))


def test_a_stop_before_the_start_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"^`stop_at` 2026-03-01 08:00:00 is before `start_at`"):
        charge(start_at="2026-03-02T08:00:00", stop_at="2026-03-01T08:00:00")
    assert charge(start_at="2026-03-02T08:00:00", stop_at="2026-03-02T08:00:00").stop_at is not None


@given(AMOUNTS)
def test_amounts_are_read_exactly(amount: Decimal) -> None:
    assert DECODER.decode(body("amount", str(amount))).amount == amount


@given(st.none() | AMOUNTS, st.none() | AMOUNTS, st.none() | AMOUNTS, st.integers(1, 99))
def test_claimed_is_the_total_less_what_the_patient_pays(
    amount: Decimal | None, price: Decimal | None, uncovered: Decimal | None, quantity: int
) -> None:
    line = charge(amount=amount, unit_price=price, uncovered_amount=uncovered, quantity=quantity)
    if amount is None and price is None:
        assert line.total_amount is None
        assert line.claimed_amount is None
        return
    total = amount if amount is not None else (price or 0) * quantity
    assert line.total_amount == total
    assert line.claimed_amount == max(total - (uncovered or 0), 0)


@pytest.mark.parametrize(
    ("fields", "is_claimed"),
    [
        ({}, True),
        ({"amount": 10}, True),
        ({"amount": 10, "uncovered_amount": 0}, True),
        ({"amount": 10, "uncovered_amount": "9.99"}, True),
        ({"amount": 10, "uncovered_amount": 10}, False),
        ({"unit_price": 5, "quantity": 2, "uncovered_amount": 10}, False),
        ({"uncovered_amount": 10}, True),
    ],
)
def test_only_a_wholly_self_paid_line_is_not_claimed(fields: dict[str, Any], is_claimed: bool) -> None:
    assert charge(**fields).is_claimed is is_claimed


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"item_name": "甲", "local_item_name": "乙", "item_code": "A"}, "甲"),
        ({"local_item_name": "乙", "item_code": "A"}, "乙"),
        ({"item_code": "A", "local_item_code": "B"}, "A"),
        ({"local_item_code": "B"}, "B"),
        ({}, "L1"),
    ],
)
def test_a_line_always_has_a_name(fields: dict[str, Any], name: str) -> None:
    assert charge(**fields).name == name


def test_only_charges_carry_out_orders() -> None:
    assert charge(order_id="O1").order_id == "O1"
    with pytest.raises(msgspec.ValidationError, match="unknown field `order_id`"):
        msgspec.convert({"id": "O1", "service_date": "2026-03-01", "order_id": "O1"}, OrderLine, strict=False)


def test_what_is_claimed_together_is_unknown_where_one_line_does_not_say() -> None:
    lines = [charge(amount="7", uncovered_amount="2"), charge(unit_price="3", quantity="2")]
    assert total_claimed(lines) == Decimal(11)
    assert total_claimed([]) == Decimal(0)
    assert total_claimed([*lines, charge()]) is None
