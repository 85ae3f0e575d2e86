"""Lines (明细): what is ordered for a patient and what is charged."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from app.domain.money import LARGEST, LARGEST_QUANTITY, SMALLEST, ZERO, check_number

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Code = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=500)]
LOCAL_TIME = "Local time of the facility, without a zone"
LocalTime = Annotated[datetime, Meta(tz=False, description=LOCAL_TIME)]


class ItemCategory(StrEnum):
    """目录类别."""

    DRUG = "drug"
    DECOCTION_PIECE = "decoction_piece"
    SERVICE = "service"
    CONSUMABLE = "consumable"
    OTHER = "other"
    UNKNOWN = ""


class FormularyClass(StrEnum):
    """目录等级: 甲、乙, and 丙 for what the formulary does not hold (目录外)."""

    A = "a"
    B = "b"
    C = "c"
    UNKNOWN = ""


class Practitioner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """医师. `title` is one of chief, associate_chief, attending, resident, assistant, pharmacist, nurse, other."""

    id: Code = ""
    title: Code = ""


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """What orders and charges share. Amounts are in yuan; an amount that is not given is unknown, not zero."""

    id: Id
    service_date: date
    item_code: Code = ""
    item_name: Text = ""
    local_item_code: Code = ""
    local_item_name: Text = ""
    category: ItemCategory = ItemCategory.UNKNOWN
    prescription_id: Code = ""
    group_id: Code = ""
    quantity: Decimal = Decimal(1)
    unit: Code = ""
    specification: Text = ""  # 规格, as on the pack: 4ml:80mg, 0.25g*24片
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    uncovered_amount: Decimal | None = None
    copay_amount: Decimal | None = None
    days_supply: Annotated[int, Meta(ge=1, le=3660)] | None = None
    start_at: LocalTime | None = None
    stop_at: LocalTime | None = None
    department: Code = ""
    practitioner: Practitioner = Practitioner()
    is_standing: bool | None = None
    is_discharge_medication: bool = False
    formulary_class: FormularyClass = FormularyClass.UNKNOWN
    payment_note: Text = ""
    has_consent: bool | None = None
    trace_codes: Annotated[tuple[Id, ...], Meta(max_length=1000)] = ()  # 药品追溯码, one for each pack
    current: bool = True

    def __post_init__(self) -> None:
        try:
            if (
                SMALLEST <= self.quantity <= LARGEST_QUANTITY
                and ((amount := self.amount) is None or ZERO <= amount <= LARGEST)
                and ((price := self.unit_price) is None or ZERO <= price <= LARGEST)
                and ((uncovered := self.uncovered_amount) is None or ZERO <= uncovered <= LARGEST)
                and ((copay := self.copay_amount) is None or ZERO <= copay <= LARGEST)
                and (self.stop_at is None or self.start_at is None or self.start_at <= self.stop_at)
            ):
                return
        except InvalidOperation:  # NaN cannot be compared
            pass
        self._explain()

    def _explain(self) -> None:
        """Say which field is wrong: apart from the check, which runs for every line of every request."""
        check_number(self.quantity, "quantity", LARGEST_QUANTITY, SMALLEST)
        for name in ("amount", "unit_price", "uncovered_amount", "copay_amount"):
            value = getattr(self, name)
            if value is not None:
                check_number(value, name)
        raise ValueError(f"`stop_at` {self.stop_at} is before `start_at` {self.start_at}")

    @property
    def name(self) -> str:
        return self.item_name or self.local_item_name or self.item_code or self.local_item_code or self.id

    @property
    def total_amount(self) -> Decimal | None:
        """What the line costs in all, or None where neither an amount nor a price was given."""
        if self.amount is not None:
            return self.amount
        return None if self.unit_price is None else self.unit_price * self.quantity

    @property
    def claimed_amount(self) -> Decimal | None:
        """What of the line is claimed from the insurance: its total less what the patient pays in full (自费)."""
        total, uncovered = self.amount, self.uncovered_amount
        if total is None:
            total = self.total_amount
        return max(total - uncovered, ZERO) if uncovered and total is not None else total

    @property
    def is_claimed(self) -> bool:
        """False only for a line that the patient pays wholly: no rule on what the fund pays can be broken by it."""
        return self.uncovered_amount is None or not self.uncovered_amount or self.claimed_amount != ZERO


class OrderLine(Line, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """医嘱、处方明细: what a practitioner asks for."""


class ChargeLine(Line, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """费用明细: what is billed. `order_id` is the order that it carries out, so that both count once.

    `uploaded_at` is when the line first reached the insurance, for those who look back on it.
    """

    order_id: Code = ""
    uploaded_at: LocalTime | None = None


def total_claimed(lines: Iterable[Line]) -> Decimal | None:
    """What is claimed for the lines together; None where one of them does not say."""
    total = ZERO
    for line in lines:
        amount = line.claimed_amount
        if amount is None:
            return None
        total += amount
    return total
