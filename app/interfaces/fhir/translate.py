"""From a claim to what is audited (理赔单转换). Nothing is refused for want of an element."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Raw
from msgspec.structs import replace

from app.application.unnumbered_visits import VisitOf
from app.domain.audit import AuditRequest
from app.domain.decision import Stage
from app.domain.encounter import Diagnosis, Encounter
from app.domain.finding import DataIssue
from app.domain.line import ChargeLine
from app.domain.money import LARGEST, LARGEST_QUANTITY, SMALLEST, ZERO
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.coding import diagnosis_in, item_of, meaning
from app.interfaces.cds_hooks.fhir import Other, Quantity, Reference, present, target_of
from app.interfaces.cds_hooks.own_extensions import CONSENT, SELF_PAID
from app.interfaces.cds_hooks.visit import Resources, VisitReader
from app.interfaces.fhir.claim import Claim, ClaimItem, Submitted
from app.interfaces.nhsa.leaves import Reader

_LONGEST_ID = 64
_PRINCIPAL = {"principal": True}


class Asked(NamedTuple):
    """What to audit; `sequences` are the numbers of the items, by line id."""

    request: AuditRequest
    sequences: dict[str, int]
    issues: tuple[DataIssue, ...]


def translate(submitted: Submitted, caller: str, now: datetime, visit_of: VisitOf) -> Asked:
    """A claim is judged as at settlement (事中), a question beforehand as at ordering (事前). `caller` stands for a
    facility that nobody names.
    """
    claim, reader, resources = submitted.claim, Reader(), Resources(submitted.around)
    encounter_id = next((id for one in _encounters(claim) if (id := target_of(one)[1])), "")
    held = resources.one("Encounter", encounter_id)
    told = Other() if held is None else held.other
    period = told.period or told.actual_period or claim.billable_period
    told = replace(told, service_provider=claim.provider or told.service_provider, period=period)
    visit = VisitReader(reader, resources, _with(held, told), now)
    start, end = visit.period()
    sequences = _sequences(claim)
    lines = [
        _line(item, line_id, reader, _day(item, claim, reader, start, now))
        for item, line_id in zip(claim.item, sequences, strict=True)
    ]
    number = next((one.value for one in claim.identifier if one.value), "") or claim.id
    encounter_id = encounter_id or told.id or number or visit_of(f"{target_of(claim.patient)[1]}@{now:%Y-%m-%d}")
    encounter = Encounter(
        id=encounter_id[:_LONGEST_ID],
        facility=visit.facility(caller),
        patient=visit.patient(target_of(claim.patient)[1][:_LONGEST_ID]),
        coverage=visit.coverage(_coverage(claim, resources)),
        care_type=visit.care_type(),
        start_at=start,
        end_at=end,
        department=visit.department(),
        diagnoses=_diagnoses(claim, visit),
        charge_lines=tuple(lines),
    )
    stage = Stage.SETTLING if claim.use in ("claim", "") else Stage.ORDERING
    return Asked(AuditRequest(encounter=encounter, stage=stage), sequences, _issues(reader))


def _encounters(claim: Claim) -> tuple[Reference, ...]:
    return (*claim.encounter, *(one for item in claim.item for one in item.encounter))


def _with(held: Held | None, told: Other) -> Held:
    return Held("Encounter", "", Raw(b"{}"), other=told) if held is None else held._replace(other=told)


def _sequences(claim: Claim) -> dict[str, int]:
    """The items' own numbers; one that is no positive number, or is taken, gets its place after all others."""
    told = [_number(item.sequence) for item in claim.item]
    following = max([*told, 0]) + 1
    found: dict[str, int] = {}
    for number in told:
        if number < 1 or str(number) in found:
            number, following = following, following + 1
        found[str(number)] = number
    return found


def _number(value: Decimal | None) -> int:
    """0 for what is no number of an item."""
    if value is None or not value.is_finite() or not 0 < value < 1_000_000_000 or value != int(value):
        return 0
    return int(value)


def _line(item: ClaimItem, line_id: str, reader: Reader, day: date) -> ChargeLine:
    what = item_of(list(present([item.product_or_service])))
    flags = {one.url: one.value_boolean for one in item.extension}
    net = _money(item.net, reader)
    return ChargeLine(
        id=line_id,
        service_date=day,
        item_code=what.code,
        item_name=what.name if what.code else "",
        local_item_code=what.local_code,
        local_item_name="" if what.code else what.name,
        quantity=_quantity(item.quantity, reader),
        unit="" if item.quantity is None else item.quantity.unit[:64],
        unit_price=_money(item.unit_price, reader),
        amount=net,
        uncovered_amount=net if flags.get(SELF_PAID) else None,
        has_consent=flags.get(CONSENT),
    )


def _day(item: ClaimItem, claim: Claim, reader: Reader, start: datetime | None, now: datetime) -> date:
    period = item.serviced_period
    for name, written in (
        ("item.servicedDate", item.serviced_date),
        ("item.servicedPeriod", "" if period is None else period.start),
    ):
        if len(written) >= 10 and (found := reader.day(name, written)) is not None:
            return found
    if start is not None:
        return start.date()
    return (reader.day("Claim.created", claim.created) if len(claim.created) >= 10 else None) or now.date()


def _quantity(told: Quantity | None, reader: Reader) -> Decimal:
    if told is None or told.value is None:
        return Decimal(1)
    if told.value.is_finite() and SMALLEST <= told.value <= LARGEST_QUANTITY:
        return told.value
    reader.note("item.quantity 无法识别，按 1 计算")
    return Decimal(1)


def _money(told: Quantity | None, reader: Reader) -> Decimal | None:
    if told is None or told.value is None:
        return None
    if told.value.is_finite() and ZERO <= told.value <= LARGEST:
        return told.value
    reader.note("item 的金额无法识别，未采用")
    return None


def _coverage(claim: Claim, resources: Resources) -> Held | None:
    for insurance in sorted(claim.insurance, key=lambda one: not one.focal):
        if (found := resources.find("Coverage", target_of(insurance.coverage)[1])) is not None:
            return found
    return next(iter(resources.of("Coverage")), None)


def _diagnoses(claim: Claim, visit: VisitReader) -> tuple[Diagnosis, ...]:
    """What the claim says itself, then conditions and what the visit names: each code once."""
    found: dict[str, Diagnosis] = {}
    for one in claim.diagnosis:
        if one.diagnosis_codeable_concept is not None:
            code, name = diagnosis_in(one.diagnosis_codeable_concept)
            if code or name:
                is_principal = meaning(one.type, _PRINCIPAL, False)
                found.setdefault(code or name, Diagnosis(code=code, name=name, is_principal=is_principal))
    for other in visit.diagnoses(()):
        found.setdefault(other.code or other.name, other)
    return tuple(found.values())


def _issues(reader: Reader) -> tuple[DataIssue, ...]:
    if not reader.notes:
        return ()
    told = "理赔单中有未能识别的内容：" + "；".join(reader.notes)
    return (DataIssue(code="message_not_understood", message=told),)
