"""Orders (医嘱): from the order resources of FHIR to order lines. A line's id is the resource's own."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from app.domain.line import ItemCategory, OrderLine, Practitioner
from app.domain.money import LARGEST_QUANTITY, SMALLEST
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.coding import Item, codings, item_of
from app.interfaces.cds_hooks.fhir import (
    Concept,
    Order,
    Quantity,
    Reference,
    Supply,
    listed,
    logical_id,
    present,
    target_of,
)
from app.interfaces.cds_hooks.own_extensions import told_by
from app.interfaces.cds_hooks.visit import Resources, VisitReader
from app.interfaces.cds_hooks.wordings import read_wording
from app.interfaces.nhsa.leaves import Reader

_BY_LETTER = {
    "X": ItemCategory.DRUG,
    "Z": ItemCategory.DRUG,
    "T": ItemCategory.DECOCTION_PIECE,
    "G": ItemCategory.DECOCTION_PIECE,
    "0": ItemCategory.SERVICE,
    "C": ItemCategory.CONSUMABLE,
}
_BY_TYPE = {
    "MedicationRequest": ItemCategory.DRUG,
    "ServiceRequest": ItemCategory.SERVICE,
    "Appointment": ItemCategory.SERVICE,
    "DeviceRequest": ItemCategory.CONSUMABLE,
    "VisionPrescription": ItemCategory.CONSUMABLE,
}
_DAYS = {"d": 1, "day": 1, "days": 1, "天": 1, "日": 1, "wk": 7, "周": 7, "mo": 30, "月": 30}
_PLAIN_TYPES = frozenset({"MedicationRequest", "ServiceRequest", "DeviceRequest"})  # what they ask for is one code
_STANDING = {"continuous": True, "acute": False}
_LONGEST_SUPPLY = 3660
_ONE = Decimal(1)
_NO_SPAN = (None, None)


class OrderReader:
    """Reads the orders of one request. `user` is who asks, `today` the day of an order that tells none."""

    def __init__(self, reader: Reader, resources: Resources, visit: VisitReader, user: str, today: date) -> None:
        self._reader, self._resources, self._visit = reader, resources, visit
        self._user, self._today = user, today
        self._times: dict[str, datetime | None] = {"": None}
        self._days: dict[str, date] = {}
        self._practitioners: dict[str, Practitioner] = {}

    def line(self, held: Held, line_id: str, *, current: bool) -> OrderLine:
        order = held.order
        item = self._item(held)
        start, stop = self._span(order)
        quantity, unit = self._quantity(order)
        number = order.group_identifier or order.requisition
        line = OrderLine(
            id=line_id,
            service_date=start.date() if start is not None else self._days.get(order.authored_on) or self._day(order),
            item_code=item.code,
            item_name=item.name if item.code else "",
            local_item_code=item.local_code,
            local_item_name="" if item.code else item.name,
            category=_BY_LETTER.get(item.code[:1]) or _BY_TYPE.get(held.type, ItemCategory.UNKNOWN),
            prescription_id="" if number is None else number.value.strip()[:64],
            quantity=quantity,
            unit=unit,
            practitioner=self._practitioner(order),
            current=current,
        )
        more = _rarely_told(order, quantity)
        if start is not None or stop is not None:
            more |= {"start_at": start, "stop_at": stop}
        return replace(line, **more) if more else line

    def _item(self, held: Held) -> Item:
        order = held.order
        written = order.medication_codeable_concept or order.code
        is_alone = not (order.medication or order.code_codeable_concept or order.medication_reference)
        if is_alone and written and order.code_reference is None and held.type in _PLAIN_TYPES:
            only = read_wording(written)
            if only.concept.reference is None and not (order.medication_codeable_concept and order.code):
                return only.item
        return item_of(self._concepts(held))

    def _concepts(self, held: Held) -> Sequence[Concept]:
        order = held.order
        told = (order.medication_codeable_concept, order.medication, order.code, order.code_codeable_concept)
        found = [read_wording(written).concept for written in told if written]
        for reference in (order.medication_reference, order.code_reference, *[one.reference for one in found]):
            if reference is not None:
                found += self._referred(order, reference)
        if held.type not in _PLAIN_TYPES:
            found += self._others(held)
        return found

    def _referred(self, order: Order, reference: Reference) -> list[Concept]:
        if reference.reference.startswith("#"):
            return [one.code for one in order.contained if one.id == reference.reference[1:] and one.code is not None]
        kind, id = target_of(reference)
        held = self._resources.find(kind or "Medication", id)
        return [] if held is None else [*listed(held.other.code), *listed(held.other.type)]

    def _others(self, held: Held) -> Iterator[Concept]:
        """What appointments, nutrition orders, lenses and messages are about."""
        order = held.order
        yield from order.service_type
        for part in present((order.oral_diet, *order.supplement, order.enteral_formula, *order.lens_specification)):
            yield from (*listed(part.type), *present((part.base_formula_type, part.product)))
        yield from present(part.content_codeable_concept for part in order.payload)
        if held.type == "CommunicationRequest":
            yield from order.category
        if held.type == "Appointment":
            for reference in order.based_on:  # what it is made for
                if (found := self._resources.find(*target_of(reference))) is not None and found.type != held.type:
                    yield from self._concepts(found)

    def _quantity(self, order: Order) -> tuple[Decimal, str]:
        told = order.dispense_request.quantity if order.dispense_request is not None else order.quantity_quantity
        if told is None:
            lens = order.lens_specification[0].quantity if order.lens_specification else None
            told = order.quantity if isinstance(order.quantity, Quantity) else lens
        value = told.value if told is not None else order.quantity if isinstance(order.quantity, Decimal) else None
        unit = "" if told is None else told.unit[:64]
        if value is None:
            return _ONE, unit
        if value.is_finite() and SMALLEST <= value <= LARGEST_QUANTITY:
            return value, unit
        self._reader.note("医嘱的数量无法识别，按 1 计算")
        return _ONE, unit

    def _span(self, order: Order) -> tuple[datetime | None, datetime | None]:
        period = order.occurrence_period
        if order.dosage_instruction and (timing := order.dosage_instruction[0].timing) is not None:
            period = timing.repeat.bounds_period
        first, last = order.start or order.occurrence_date_time, order.end
        if period is not None:
            first, last = period.start or first, period.end or last
        if not first and not last:
            return _NO_SPAN
        start, stop = self._when(first) if first else None, self._when(last) if last else None
        if start is not None and stop is not None and stop < start:
            self._reader.note("医嘱的停止时间早于开始时间，未采用")
            stop = None
        return start, stop

    def _day(self, order: Order) -> date:
        for written in (order.authored_on, order.date_time, order.date_written, order.created):
            if written and (found := self._when(written)) is not None:
                return self._days.setdefault(written, found.date())
        return self._today

    def _when(self, written: str) -> datetime | None:
        try:
            return self._times[written]
        except KeyError:
            found = self._reader.when("医嘱日期", written) if len(written) >= 10 else None
            self._times[written] = found
            return found

    def _practitioner(self, order: Order) -> Practitioner:
        named = order.requester or order.orderer or order.prescriber or order.sender
        told = "" if named is None else named.reference or logical_id(named)
        reference = told or self._user
        found = self._practitioners.get(reference)
        if found is None:
            found = self._practitioners[reference] = self._visit.practitioner(reference)
        return found


def identify(orders: Sequence[Held]) -> list[str]:
    """An id for each line: the resource's own; with its type where two share one; made up where there is none."""
    taken: set[str] = set()
    found = []
    for place, held in enumerate(orders, 1):
        id = held.id or f"{held.type}-{place}"
        if id in taken:
            id = held.reference if held.id else f"{id}~{place}"
        if len(id) > 64 or id in taken:
            id = f"{id[:40]}#{blake2b(f'{place} {id}'.encode(), digest_size=8).hexdigest()}"
        taken.add(id)
        found.append(id)
    return found


def _rarely_told(order: Order, quantity: Decimal) -> dict[str, Any]:
    """What most orders do not say, by the names of a line."""
    found: dict[str, Any] = {}
    supply = order.dispense_request
    if supply is not None and supply.expected_supply_duration is not None:
        found["days_supply"] = _days_supply(supply)
    if order.course_of_therapy_type is not None:
        found["is_standing"] = _STANDING.get(_first_code(order.course_of_therapy_type))
    if order.category:
        found["is_discharge_medication"] = _first_code(order.category[0]) == "discharge"
    if order.extension:
        found |= told_by(order.extension, quantity)
    return found


def _days_supply(dispensed: Supply) -> int | None:
    supply = dispensed.expected_supply_duration
    if supply is None or supply.value is None:
        return None
    days = _DAYS.get(supply.code or supply.unit)
    if days is None or not supply.value.is_finite() or not 0 < supply.value <= _LONGEST_SUPPLY:
        return None
    return min(max(int(supply.value * days), 1), _LONGEST_SUPPLY)


def _first_code(concept: Concept) -> str:
    return next((one.code for one in codings((concept,))), "")


def encounter_of(held: Held) -> str:
    """The visit that the order names; blank where it names none."""
    return target_of(held.order.encounter)[1] if held.order.encounter is not None else ""
