"""Patients and stays (患者与住院): running fees against the standard of the group, the findings of a stay, 出院预审."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.application.audit_encounter import EncounterAuditor
from app.application.authorise import OutOfScope, check_place, place_of
from app.application.overview import Overviews
from app.application.record_read import ReadRecorder
from app.application.running_stay import RunningStays, settling_request
from app.domain.access import Caller, Permission
from app.domain.audit import Audit
from app.domain.encounter import CareType, Encounter
from app.domain.labels import label
from app.domain.masking import mask_id
from app.domain.review import Review
from app.domain.working_days import day_of
from app.interfaces.caller import SignedIn
from app.interfaces.console.finding_words import FINISHED, words
from app.interfaces.console.forms import read_form
from app.interfaces.console.pages import HEADERS, Pages
from app.interfaces.console.people import names_of
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.reviews import LATEST_FIRST, BadCursor, Directory, ReviewFilter, ReviewStore
from app.store.vault import LookedUp

PATH, ONE = "/console/stays", "/console/stay"
_INPATIENT = (CareType.INPATIENT, CareType.DAY_CASE)
_FINDINGS_A_PAGE = 200
_MOST_FINDINGS = 500
_YEARS = timedelta(days=730)  # in which encounters of a patient are looked for
_MOST_SHOWN = 100
_AWAY = "数据库暂时没有应答，请稍后再试。"


class StaySums(NamedTuple):
    """A stay in the list, by its findings."""

    review: Review  # the latest
    findings: int
    unfinished: int
    amount_cents: int

    @property
    def path(self) -> str:
        return stay_path(self.review.facility, self.review.encounter)


@dataclass(frozen=True, slots=True)
class StayDesk:
    pages: Pages
    reviews: ReviewStore
    directory: Directory
    stays: RunningStays
    auditor: EncounterAuditor
    recorder: ReadRecorder
    overviews: Overviews


def stay_pages(desk: StayDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    async def show(request: Request, caller: SignedIn, department: str = "", after: str = "") -> Response:
        department = department.strip()[:64]
        wanted = ReviewFilter(care_types=_INPATIENT, departments=(department,) if department else ())
        try:
            page = await desk.reviews.page(wanted, caller.scope, LATEST_FIRST, after, _FINDINGS_A_PAGE)
        except BadCursor:
            return RedirectResponse(PATH, 303, HEADERS)
        if page.reviews:
            await _record(desk, caller, f"GET {PATH}", [one.patient_key for one in page.reviews])
        shown = stays_of(page.reviews)
        following = urlencode({"department": department, "after": page.following}) if page.following else ""
        return desk.pages.page(
            request, "stays.html", title="患者与住院", stays=shown, department=department, following=following,
            names=await names_of(desk.directory, [one.review for one in shown]), label=label,
            facilities=await desk.overviews.facilities(caller.scope, _today()),
        )  # fmt: skip

    @routes.post(f"{PATH}/find")
    async def find(request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        facility, encounter, patient = form.one("facility", 64), form.one("encounter", 64), form.one("patient", 64)
        try:
            if encounter:
                return await _led_to_stay(desk, caller, facility, encounter)
            return await _of_patient(desk, caller, facility, patient)
        except (Unavailable, NotRecorded):
            return desk.pages.part("_fault.html", status=503, fault=_AWAY)

    _add_stay(routes, desk)
    return routes


def _add_stay(routes: APIRouter, desk: StayDesk) -> None:
    @routes.get(ONE)
    async def show_one(request: Request, caller: SignedIn, facility: str = "", encounter: str = "") -> Response:
        found = await desk.stays.find(facility[:64], encounter[:64], caller.scope)
        if found is None:
            return desk.pages.page(request, "no_stay.html", title="没有这次就诊", status=404, encounter=encounter[:64])
        await desk.recorder.record_read(caller, f"GET {ONE}", rows=1, patients=[found.patient.id])
        stay = await desk.stays.standing(found)
        wanted = ReviewFilter(facilities=(found.facility.id,), encounters=(found.id,), is_trial=None)
        page = await desk.reviews.page(wanted, caller.scope, LATEST_FIRST, "", _MOST_FINDINGS)
        return desk.pages.page(
            request, "stay.html", title=f"就诊 {found.id}", stay=stay, encounter=found, reviews=page.reviews,
            patient=mask_id(found.patient.id), may_audit=caller.may(Permission.AUDIT_SUBMIT),
            names=await names_of(desk.directory, page.reviews), age=_age(found),
            charges=sorted(found.charge_lines, key=lambda one: one.service_date, reverse=True)[:_MOST_SHOWN],
            department=await _department(desk, found), unfinished=_unfinished(page.reviews), **_words(),
        )  # fmt: skip

    @routes.post(f"{ONE}/audit")
    async def audit(request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        try:
            found = await desk.stays.find(form.one("facility", 64), form.one("encounter", 64), caller.scope)
            if found is None:
                return desk.pages.part("_fault.html", status=404, fault="没有这次就诊，或不在您的数据范围内。")
            asked = settling_request(found)
            check_place(caller, place_of(asked.encounter))
            answer, _ = await desk.auditor.audit(asked, msgspec.json.encode(asked), caller=caller.id)
        except OutOfScope:
            return desk.pages.part("_fault.html", status=403, fault="该就诊不在您的数据范围内。")
        except (Unavailable, NotRecorded):
            return desk.pages.part("_fault.html", status=503, fault=_AWAY)
        told = msgspec.json.decode(answer, type=Audit)
        lines = {one.id: one.name for one in (*found.order_lines, *found.charge_lines)}
        return desk.pages.part("_stay_audit.html", audit=told, lines=lines, rules=desk.auditor.ruleset().rules)


async def _led_to_stay(desk: StayDesk, caller: Caller, facility: str, encounter: str) -> Response:
    found = await desk.stays.find(facility, encounter, caller.scope)
    if found is None:
        return desk.pages.part("_fault.html", status=404, fault="该医疗机构没有这个就诊号，或不在您的数据范围内。")
    return desk.pages.led_to(stay_path(facility, encounter))


async def _of_patient(desk: StayDesk, caller: Caller, facility: str, patient: str) -> Response:
    if not patient:
        return desk.pages.part("_fault.html", status=422, fault="请填写就诊号或患者标识。")
    places = [facility] if facility else await desk.overviews.facilities(caller.scope, _today())
    found = await desk.stays.of_patient(patient, places, _today() - _YEARS, caller.scope)
    await desk.recorder.record_read(caller, f"POST {PATH}/find", rows=len(found), patients=[patient])
    return desk.pages.part(
        "_patient_stays.html", encounters=found[:_MOST_SHOWN], count=len(found), patient=mask_id(patient), label=label,
        path=lambda one: stay_path(one.facility.id, one.id),
    )  # fmt: skip


def stays_of(reviews: list[Review]) -> list[StaySums]:
    """Each once, in the order of their latest finding."""
    found: dict[tuple[str, str], list[Review]] = {}
    for one in reviews:
        found.setdefault((one.facility, one.encounter), []).append(one)
    return [
        StaySums(
            some[0], len(some), _unfinished(some), sum(one.amount_cents or 0 for one in some)
        )
        for some in found.values()
    ]  # fmt: skip


def stay_path(facility: str, encounter: str) -> str:
    return f"{ONE}?{urlencode({'facility': facility, 'encounter': encounter})}"


def _unfinished(reviews: list[Review]) -> int:
    return sum(one.state not in FINISHED for one in reviews)


def _words() -> dict[str, Any]:
    return words()


async def _record(desk: StayDesk, caller: Caller, what: str, keys: list[str]) -> None:
    patients = [LookedUp(one) for one in {*keys} - {""}]
    await desk.recorder.record_read(caller, what, rows=len(keys), patients=patients)


async def _department(desk: StayDesk, one: Encounter) -> str:
    if not one.department:
        return ""
    found: list[Any] = await desk.directory.departments(one.facility.id, [one.department])
    return found[0].name if found else one.department


def _age(one: Encounter) -> int | None:
    born = one.patient.birth_date
    start: date = one.start_at.date() if one.start_at else _today()
    return None if born is None else start.year - born.year - ((start.month, start.day) < (born.month, born.day))


def _today() -> date:
    return day_of(datetime.now(UTC))
