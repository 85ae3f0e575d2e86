"""The whole service with the pages for running it (测试用系统管理页面), as the composition root puts it together."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from app.application.first_accounts import AT_THE_MACHINE
from app.application.safety_net import SafetyNet
from app.domain.access import Role
from app.domain.account import OtpPolicy
from app.interfaces.asgi import Application, FastLane
from app.interfaces.authentication.machines import Machines
from app.interfaces.console.pages import STATIC, Pages
from app.interfaces.console.review_operations import REVIEW_OPERATIONS
from app.interfaces.console.sign_in import sign_in_pages
from app.interfaces.console.static_files import StaticFiles
from app.interfaces.console.system_operations import SYSTEM_OPERATIONS
from app.interfaces.console.system_pages import SystemPages, trail_verifiers
from app.interfaces.gate import Gate
from app.interfaces.need import Entrance
from app.interfaces.nhsa.profiles import read_profiles
from app.interfaces.notices import Notices
from app.interfaces.operations import OPERATIONS, Operations
from app.interfaces.refusals import answer_refusals
from app.interfaces.session.staff import Staff
from app.interfaces.trailing import trail_keeper
from app.settings import Settings
from app.store.opening import store_at
from app.store.store import Store
from tests.service import KEY, ROOT, Service, serving

PASSWORD = "Lantern-over-7-rivers"
MEMBERS = {
    "operator": ("系统管理员甲", Role.SYSTEM_ADMINISTRATOR),
    "security": ("安全管理员乙", Role.SECURITY_ADMINISTRATOR),
    "logs": ("日志审计员丙", Role.LOG_AUDITOR),
    "auditor": ("审核员丁", Role.AUDIT_STAFF),
}


def settings_of(data_dir: Path, **more: Any) -> Settings:
    plain = {"rules_dir": ROOT / "rules", "api_key": SecretStr(KEY), "require_otp": OtpPolicy.NOBODY}
    return Settings(data_dir=data_dir, **{**plain, **more})


def system_app(settings: Settings, store: Store) -> Application:
    """The parts that run it; findings and audits are put into the store by whoever tests."""
    staff, trail = Staff(settings, store), trail_keeper(store.trail, settings)
    machines, notices = Machines(settings, store.keys, store.used, KEY), Notices(settings, store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await store.open()
        await machines.open()
        await staff.open()
        for login, (name, role) in MEMBERS.items():
            if await store.accounts.by_login(login) is None:
                await staff.manager.create(
                    login, name, caller=AT_THE_MACHINE, roles=frozenset({role}), password=PASSWORD, must_change=False
                )
        await trail.open()
        await trail.checkpoint()
        await notices.open()
        yield
        await notices.close()
        await trail.close()
        await staff.close()
        await machines.close()
        await store.close()

    app = FastAPI(lifespan=lifespan)
    pages = Pages(staff.public)
    system = SystemPages(
        pages, settings, store, staff, machines.desk, notices.desk, read_profiles(settings.nhsa_profiles),
        SafetyNet(store, settings.spool_dir), trail_verifiers(settings),
    )  # fmt: skip
    signing = sign_in_pages(pages, staff)
    for router in (*staff.routers(), signing, notices.router(), *system.routers()):
        app.include_router(router)
    answer_refusals(app)
    operations = Operations({**OPERATIONS, **REVIEW_OPERATIONS, **SYSTEM_OPERATIONS}, {STATIC: Entrance.OPEN})
    lane = FastLane(app, {("GET", "/v1/events"): notices.events.serve}, {STATIC: StaticFiles(STATIC)})
    authenticators = [*machines.authenticators, staff.authenticator]
    return Gate(lane, authenticators, operations, ("/console", "/console/sign-in"))


@contextmanager
def system(data_dir: Path, **more: Any) -> Iterator[tuple[Service, Store]]:
    settings = settings_of(data_dir, **more)
    store = store_at(settings.database, settings.database_path)
    with serving(system_app(settings, store), data_dir) as running:
        yield running, store
