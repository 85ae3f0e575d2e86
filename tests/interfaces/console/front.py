"""The console for tests (测试用审核工作台): findings of real audits, accounts, and the pages behind the gate."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from app.application.export_findings import Limits
from app.application.first_accounts import AT_THE_MACHINE
from app.application.load_ruleset import load_ruleset
from app.application.reviewing import Reviewing
from app.application.safety_net import SafetyNet, SpooledLog
from app.domain.access import EVERYWHERE, Role, Scope
from app.domain.account import OtpPolicy
from app.domain.review_policy import DEFAULT_POLICY
from app.interfaces.asgi import Application, FastLane
from app.interfaces.console.pages import STATIC, Pages
from app.interfaces.console.review_operations import REVIEW_OPERATIONS
from app.interfaces.console.review_pages import ReviewPages
from app.interfaces.console.static_files import StaticFiles
from app.interfaces.gate import Gate
from app.interfaces.need import Entrance
from app.interfaces.operations import OPERATIONS, Operations
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.finding_work import FindingWork
from app.interfaces.rest.unmask import unmasker_of
from app.interfaces.session.staff import Staff
from app.interfaces.trailing import trail_keeper
from app.knowledge.calendar_file import read_calendar
from app.main import create_app
from app.settings import Settings
from app.store.opening import store_at
from app.store.reviews import Department, StaffMember
from app.store.store import Store
from tests.interfaces.nhsa.caller import RULES
from tests.service import KEY, ROOT, Service, charge, request, serving

PASSWORD = "Lantern-over-7-rivers"
WARD = Scope(facilities=frozenset({"F1"}), departments=frozenset({"D01"}))
MEMBERS: dict[str, tuple[str, Role, Scope]] = {
    "auditor": ("审核员甲", Role.AUDIT_STAFF, EVERYWHERE),
    "second": ("审核员乙", Role.AUDIT_STAFF, EVERYWHERE),
    "lead": ("医保办主任", Role.AUDIT_LEAD, EVERYWHERE),
    "lead2": ("医保办副主任", Role.AUDIT_LEAD, EVERYWHERE),
    "head": ("内科主任", Role.DEPARTMENT_HEAD, WARD),
    "other": ("外科主任", Role.DEPARTMENT_HEAD, Scope(facilities=frozenset({"F1"}), departments=frozenset({"D02"}))),
    "doctor": ("医师一", Role.DOCTOR, Scope(facilities=frozenset({"F1"}), practitioner="D0001")),
    "manager": ("院长", Role.MANAGEMENT, EVERYWHERE),
    "operator": ("系统管理员", Role.SYSTEM_ADMINISTRATOR, EVERYWHERE),
}
DEPARTMENTS = {"D01": ("内科", "D0009"), "D02": ("外科", "D0010")}
DOCTORS = {
    "D0001": ("张医师", "D01"),
    "D0002": ("李医师", "D02"),
    "D0009": ("王主任", "D01"),
    "D0010": ("赵主任", "D02"),
}


def settings_of(data_dir: Path, **more: Any) -> Settings:
    plain = {"rules_dir": RULES, "api_key": SecretStr(KEY), "keep_history": False, "deadline_ms": 1000}
    return Settings(data_dir=data_dir, **{**plain, "require_otp": OtpPolicy.NOBODY, **more})


def encounters(count: int) -> Iterator[dict[str, Any]]:
    """Men with a charge that only women may have, of two departments, at two stages."""
    for number in range(count):
        is_medicine = number % 2 == 0
        place = {"department": "D01" if is_medicine else "D02"}
        line = charge("L1", amount=50 + number, practitioner={"id": "D0001" if is_medicine else "D0002"}, **place)
        other = charge("L2", item_code="", item_name="护理费", amount=20, **place)
        yield request(
            line, other, id=f"E{number:03d}", stage="settling" if number % 3 else "ordering",
            patient={"id": f"P{number:03d}-11010119800101", "sex": "male", "birth_date": "1980-01-01"},
            practitioner={"id": "D0001" if is_medicine else "D0002"}, coverage={"insurance_type": "employee"}, **place,
        )  # fmt: skip


def audited(data_dir: Path, count: int, **more: Any) -> None:
    with serving(create_app(settings_of(data_dir, **more)), data_dir) as service:
        for told in encounters(count):
            assert service.audit(told).status_code == 200


@contextmanager
def console(data_dir: Path, **more: Any) -> Iterator[Service]:
    settings = settings_of(data_dir, **more)
    with serving(console_app(settings, store_at(settings.database, settings.database_path)), data_dir) as running:
        running.client.headers.pop("authorization")
        running.client.headers.pop("content-type")
        yield running


def console_app(settings: Settings, store: Store) -> Application:
    staff, trail = Staff(settings, store), trail_keeper(store.trail, settings)
    log = SpooledLog(store.log, SafetyNet(store, settings.spool_dir).spool)
    packs = load_ruleset(settings.rules_dir, settings.cache_dir)
    holidays = ROOT / "rules" / "calendar" / "holidays.csv"
    calendar = read_calendar(holidays, holidays.read_bytes())
    reviewing = Reviewing(store, lambda: packs, calendar, DEFAULT_POLICY)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await store.open()
        await staff.open()
        await _prepare(staff, store)
        await reviewing.indexer.catch_up()
        await trail.open()
        following = asyncio.create_task(trail.follow())
        yield
        following.cancel()
        await trail.close()
        await staff.close()
        await store.close()

    app = FastAPI(lifespan=lifespan)
    limits = Limits(settings.export_rows, settings.export_lead_rows)
    work = FindingWork(store, log, lambda: packs, reviewing, settings.cache_dir, limits)
    pages = ReviewPages(
        Pages(staff.public), staff, store, reviewing, work, unmasker_of(log, store), lambda: packs
    )  # fmt: skip
    for router in (*staff.routers(), *work.routers(), *pages.routers()):
        app.include_router(router)
    answer_refusals(app)
    operations = Operations({**OPERATIONS, **REVIEW_OPERATIONS}, {STATIC: Entrance.OPEN})
    lane = FastLane(app, {}, {STATIC: StaticFiles(STATIC)})
    return Gate(lane, [staff.authenticator], operations, ("/console", "/console/sign-in"))


async def _prepare(staff: Staff, store: Store) -> None:
    for login, (name, role, scope) in MEMBERS.items():
        if await store.accounts.by_login(login) is None:
            await staff.manager.create(
                login, name, caller=AT_THE_MACHINE, roles=frozenset({role}), scope=scope, password=PASSWORD,
                must_change=False,
            )  # fmt: skip
    now = datetime.now(UTC)
    wards = [Department(facility="F1", code=code, name=name, head=head) for code, (name, head) in DEPARTMENTS.items()]
    doctors = [StaffMember(facility="F1", code=code, name=name, department=at) for code, (name, at) in DOCTORS.items()]
    await store.directory.put_departments(wards, caller="tests", at=now)
    await store.directory.put_staff(doctors, caller="tests", at=now)
