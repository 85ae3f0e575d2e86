"""From a call of a service to what is audited (请求转换). Nothing is refused for want of an element."""

from datetime import datetime
from typing import NamedTuple

from app.application.unnumbered_visits import VisitOf
from app.domain.audit import AuditRequest
from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.domain.finding import DataIssue
from app.domain.line import OrderLine
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.context import Orders, orders_of
from app.interfaces.cds_hooks.fhir import id_of, target_of
from app.interfaces.cds_hooks.orders import OrderReader, encounter_of, identify
from app.interfaces.cds_hooks.request import Call, Gap, gaps_in
from app.interfaces.cds_hooks.visit import Resources, VisitReader
from app.interfaces.nhsa.leaves import Reader

_LONGEST_ID = 64


class Asked(NamedTuple):
    """What to audit; `orders` are the resources of the lines that are judged, by line id."""

    request: AuditRequest
    orders: dict[str, Held]
    coverage: Held | None
    gaps: tuple[Gap, ...]
    issues: tuple[DataIssue, ...]


def stage_of(hook: str) -> Stage:
    """At discharge the whole stay is looked at before it is settled (事中); everything else is ordering (事前)."""
    return Stage.SETTLING if hook == "encounter-discharge" else Stage.ORDERING


def translate(call: Call, hook: str, caller: str, now: datetime, visit_of: VisitOf) -> Asked:
    """`caller` stands for a facility that nobody names; `now` is the local time of the facility."""
    reader, resources = Reader(), Resources((*call.context_resources, *call.prefetched))
    encounter_id = id_of(call.told("encounterId"))
    held = resources.one("Encounter", encounter_id)
    encounter_id = encounter_id or (held.id if held is not None else "")
    patient_id = _patient_id(call, held)
    orders = orders_of(call, hook, resources, encounter_id or _told_by(call))
    encounter_id = encounter_id or _told_by(call) or visit_of(f"{patient_id or call.instance}@{now:%Y-%m-%d}")
    visit = VisitReader(reader, resources, held, now)
    user = call.told("userId")
    lines, by_line = _lines(orders, OrderReader(reader, resources, visit, user, now.date()))
    coverage = _coverage(resources, orders)
    start, end = visit.period()
    encounter = Encounter(
        id=encounter_id[:_LONGEST_ID],
        facility=visit.facility(caller),
        patient=visit.patient(patient_id),
        coverage=visit.coverage(coverage),
        care_type=visit.care_type(),
        start_at=start,
        end_at=end,
        department=visit.department(),
        practitioner=visit.practitioner(user),
        diagnoses=visit.diagnoses((*orders.asked, *orders.around)),
        order_lines=lines,
    )
    gaps = (*gaps_in(call), *orders.gaps)
    request = AuditRequest(encounter=encounter, stage=stage_of(hook))
    return Asked(request, by_line, coverage, gaps, tuple(_issues(gaps, reader)))


def _patient_id(call: Call, encounter: Held | None) -> str:
    told = id_of(call.told("patientId"))
    if not told and encounter is not None:
        told = target_of(encounter.other.subject)[1]
    return told[:_LONGEST_ID]


def _told_by(call: Call) -> str:
    """The visit that the orders of the context name."""
    return next((id for held in call.context_resources if (id := encounter_of(held))), "")


def _lines(orders: Orders, reader: OrderReader) -> tuple[tuple[OrderLine, ...], dict[str, Held]]:
    every = [*orders.asked, *orders.around]
    ids = identify(every)
    lines = [
        reader.line(held, line_id, current=place < len(orders.asked))
        for place, (held, line_id) in enumerate(zip(every, ids, strict=True))
    ]
    return tuple(lines), dict(zip(ids, orders.asked, strict=False))


def _coverage(resources: Resources, orders: Orders) -> Held | None:
    """The coverage that an order names, or an active one, or any."""
    for order in orders.asked:
        for insurance in order.order.insurance:
            if (found := resources.find("Coverage", target_of(insurance)[1])) is not None:
                return found
    known = resources.of("Coverage")
    active = [held for held in known if held.other.status in ("active", "")]
    return next(iter((*active, *known)), None)


def _issues(gaps: tuple[Gap, ...], reader: Reader) -> list[DataIssue]:
    found = [DataIssue(code="not_prefetched", message="；".join(gap.message for gap in gaps))] if gaps else []
    if reader.notes:
        told = "请求中有未能识别的内容：" + "；".join(reader.notes)
        found.append(DataIssue(code="message_not_understood", message=told))
    return found
