"""Every page and form of the console, asked by every role; and a finding, by people from elsewhere."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.domain.access import PERMISSIONS, Permission, Role, Scope
from app.interfaces.console.console import CONSOLE_OPERATIONS
from app.interfaces.need import Entrance
from app.main import create_app
from app.settings import Settings
from tests.interfaces.access import as_caller, let_in
from tests.interfaces.finding_access import Kept, kept_at
from tests.service import KEY, ROOT, Service, charge, request, serving

PAGES = {one: need for one, need in CONSOLE_OPERATIONS.items() if " /console" in one}
PLACE = ("F-here", "D-here")
CANARY = "E-that-only-they-may-see"
ELSEWHERE = Scope(facilities=frozenset({"F-elsewhere"}))
OTHER_WARD = Scope(facilities=frozenset({PLACE[0]}), departments=frozenset({"D-elsewhere"}))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Kept]]:
    data = tmp_path_factory.mktemp("console-access")
    settings = Settings(data_dir=data, rules_dir=ROOT / "rules", api_key=SecretStr(KEY), decisions={})
    with serving(let_in(create_app(settings)), data) as service:
        told = request(charge(), id=CANARY, facility={"id": PLACE[0]}, department=PLACE[1])
        assert service.client.post("/v1/audits", content=json.dumps(told)).status_code == 200
        yield service, kept_at(service, PLACE)


def ask(desk: tuple[Service, Kept], operation: str, caller: dict[str, str]) -> httpx.Response:
    service, kept = desk
    method, _, path = operation.partition(" ")
    path = path.replace("{finding_id}", kept.finding).replace("{attachment_id}", kept.attachment)
    return service.client.request(method, path.replace("{", "").replace("}", ""), headers=caller)


def is_refused(answer: httpx.Response) -> bool:
    if answer.status_code not in (401, 403) or "problem+json" not in answer.headers["content-type"]:
        return False
    told: Any = answer.json()
    return str(told["type"]).endswith((":unauthorized", ":forbidden"))


@pytest.mark.parametrize("operation", sorted(PAGES))
def test_strangers_are_led_to_the_sign_in(desk: tuple[Service, Kept], operation: str) -> None:
    answer = ask(desk, operation, {"authorization": ""})
    if PAGES[operation] is Entrance.OPEN:
        assert answer.status_code not in (303, 401, 403) or "/console/sign-in" not in answer.headers.get("location", "")
    elif operation.startswith("GET"):
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/console/sign-in")
    else:
        assert answer.status_code == 401
    assert CANARY not in answer.text


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_it_may(desk: tuple[Service, Kept], role: Role) -> None:
    for operation, need in PAGES.items():
        answer = ask(desk, operation, as_caller(role))
        may = not isinstance(need, Permission) or need in PERMISSIONS[role]
        assert is_refused(answer) is not may, (operation, answer.status_code)
        assert answer.status_code < 500, (operation, answer.text)


@pytest.mark.parametrize("scope", [ELSEWHERE, OTHER_WARD], ids=["facility", "department"])
@pytest.mark.parametrize("operation", sorted(PAGES))
def test_nobody_from_elsewhere_sees_it(desk: tuple[Service, Kept], operation: str, scope: Scope) -> None:
    need = PAGES[operation]
    for role in [one for one in Role if isinstance(need, Permission) and need in PERMISSIONS[one]]:
        answer = ask(desk, operation, as_caller(role, scope=scope))
        assert CANARY not in answer.text, (operation, role)
        if "{finding_id}" in operation or "{attachment_id}" in operation:
            assert answer.status_code in (403, 404, 422), (operation, role, answer.status_code)
