"""What an account must do first: another password, and a second factor where the policy asks for one."""

import asyncio
import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.application.first_accounts import AT_THE_MACHINE
from app.domain.access import Role
from app.domain.account import OtpPolicy
from app.domain.otp import code_at
from app.interfaces.session.staff import Staff
from app.store.opening import store_at
from tests.interfaces.console.conftest import Person
from tests.interfaces.console.front import PASSWORD, console, settings_of
from tests.service import Service

NEW = "Seven-lanterns-on-3-boats"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    asyncio.run(_prepare(tmp_path))
    with console(tmp_path, require_otp=OtpPolicy.EVERYONE) as running:
        yield running


async def _prepare(folder: Path) -> None:
    settings = settings_of(folder)
    store = store_at(None, settings.database_path)
    staff = Staff(settings, store)
    await store.open()
    staff.tell(await store.secret())
    await staff.manager.create(
        "fresh", "新人", caller=AT_THE_MACHINE, roles=frozenset({Role.AUDIT_STAFF}), password=PASSWORD, must_change=True
    )
    await store.close()


def test_password_then_second_factor_then_the_workbench(service: Service) -> None:
    with Person(base_url=service.url, trust_env=False, timeout=30, headers={"origin": service.url}) as fresh:
        assert fresh.enter("fresh").headers["location"] == "/console/first-steps"
        assert fresh.get("/console").headers["location"] == "/console/first-steps"
        assert fresh.get("/console/findings").status_code == 403  # nothing else is open yet

        path = "/console/first-steps/password"
        assert "不一致" in fresh.tell(path, old=PASSWORD, new=NEW, again="another").text
        assert fresh.tell(path, old=PASSWORD, new="123456789012", again="123456789012").status_code == 422
        assert fresh.tell(path, old="wrong", new=NEW, again=NEW).status_code == 401
        assert fresh.tell(path, old=PASSWORD, new=NEW, again=NEW).headers["hx-redirect"] == "/console/first-steps"

        assert "启用动态口令" in fresh.get("/console/first-steps").text
        shown = fresh.tell("/console/first-steps/otp", password=NEW)
        assert "data:image/svg" in shown.text
        found = re.search(r'aria-label="密钥">([A-Z2-7]+)<', shown.text)
        assert found is not None
        assert fresh.tell("/console/first-steps/otp/confirm", otp="000000").status_code == 401
        done = fresh.tell(
            "/console/first-steps/otp/confirm", otp=code_at(base64.b32decode(found[1]), int(time.time()) // 30)
        )
        assert done.text.count("<li>") == 10
        assert "工作台" in fresh.get("/console").text
        assert fresh.get("/console/first-steps").headers["location"] == "/console"
