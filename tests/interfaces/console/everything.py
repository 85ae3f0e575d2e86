"""The whole service for the browser (浏览器用整套服务): every page of the console, and somebody for each role."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.application.first_accounts import AT_THE_MACHINE
from app.domain.access import EVERYWHERE, Role, Scope
from app.domain.account import OtpPolicy
from app.interfaces.session.staff import Staff
from app.main import create_app
from app.settings import Settings
from app.store.opening import store_at
from app.store.reviews import Department, StaffMember
from tests.interfaces.console.front import DEPARTMENTS, DOCTORS, PASSWORD, encounters
from tests.service import KEY, ROOT, Service, serving

COUNT = 18
STAY = "S000"


def settings_of(data_dir: Path) -> Settings:
    return Settings(
        data_dir=data_dir, rules_dir=ROOT / "rules", api_key=SecretStr(KEY), require_otp=OtpPolicy.NOBODY,
        grouping_scheme="starter", webhook_targets=["127.0.0.1"], deadline_ms=1000,
    )  # fmt: skip


@contextmanager
def everything(data_dir: Path) -> Iterator[Service]:
    """Two dozen audits of two departments, indexed."""
    settings = settings_of(data_dir)
    asyncio.run(_people(settings))
    with serving(create_app(settings), data_dir, settings) as service:
        for told in [*encounters(COUNT), _stay()]:
            answer = service.audit(told)
            assert answer.status_code == 200, answer.text
        _wait_until_indexed(service)
        yield service


def _wait_until_indexed(service: Service) -> None:
    last = time.monotonic() + 30
    while len(service.client.get("/v1/findings").json()["findings"]) < COUNT:
        assert time.monotonic() < last, "findings were not indexed"
        time.sleep(0.1)


def _stay() -> dict[str, Any]:
    """A man on the ward, whom something for women was charged."""
    told = next(encounters(1))
    told["encounter"] |= {
        "id": STAY, "care_type": "inpatient", "start_at": "2026-03-01T09:00:00", "end_at": None,
        "diagnoses": [{"code": "J18.900", "name": "肺炎", "is_principal": True}],
    }  # fmt: skip
    return told


async def _people(settings: Settings) -> None:
    """An account for each role, named as the role; heads and doctors see their own department."""
    store = store_at(settings.database, settings.database_path, settings.redis, keys=settings.key_source)
    await store.open()
    staff = Staff(settings, store)
    staff.tell(await store.secret())
    for role in [one for one in Role if one is not Role.HIS_CLIENT]:
        await staff.manager.create(
            role.value, f"测试{role.value}", caller=AT_THE_MACHINE, roles=frozenset({role}), password=PASSWORD,
            must_change=False, scope=_scope(role),
        )  # fmt: skip
    now = datetime.now(UTC)
    wards = [Department(facility="F1", code=code, name=name, head=head) for code, (name, head) in DEPARTMENTS.items()]
    doctors = [StaffMember(facility="F1", code=code, name=name, department=at) for code, (name, at) in DOCTORS.items()]
    await store.directory.put_departments(wards, caller="tests", at=now)
    await store.directory.put_staff(doctors, caller="tests", at=now)
    await staff.close()
    await store.close()


def _scope(role: Role) -> Scope:
    if role is Role.DOCTOR:
        return Scope(facilities=frozenset({"F1"}), practitioner="D0001")
    if role is Role.DEPARTMENT_HEAD:
        return Scope(facilities=frozenset({"F1"}), departments=frozenset({"D01"}))
    return EVERYWHERE
