"""Every operation of the OpenAPI document, asked by every role, in its own facility and department and in foreign ones.

Nobody gets what their role does not hold, and nobody sees or changes what lies outside their scope: 0 leaks. An
operation that is added must say in whose.py whose patients it is about, or that it is about none.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.assembly import openapi_document
from app.domain.access import PERMISSIONS, Permission, Role, Scope
from app.interfaces.console.console import CONSOLE_OPERATIONS
from app.interfaces.need import Entrance
from app.interfaces.operations import OPERATIONS, Operations
from app.main import create_app
from app.settings import Settings
from tests.interfaces.access import as_caller, let_in
from tests.interfaces.finding_access import OF_THEIR_OWN, kept_at
from tests.interfaces.whose import (
    EVERYWHERE_ONLY,
    FOREIGN,
    MANAGED,
    OWN,
    OWN_SESSION,
    PLACED,
    PLACELESS,
    SECRET,
    Desk,
    encounter,
    sent,
    stay,
)
from tests.service import KEY, ROOT, serving

HERE = Scope(facilities=frozenset({OWN[0]}))

WARD = Scope(facilities=frozenset({OWN[0]}), departments=frozenset({OWN[1]}))


def documented() -> dict[str, Permission | Entrance]:
    """Every operation of the document, with what it needs."""
    operations, found = Operations({**OPERATIONS, **CONSOLE_OPERATIONS}), {}
    for path, methods in openapi_document()["paths"].items():
        for method in methods:
            if method != "parameters":
                need = operations.find(method.upper(), path).need
                assert need is not None, f"{method.upper()} {path} is documented, and the gate does not know it"
                found[f"{method.upper()} {path}"] = need
    return found


DOCUMENTED = documented()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    data = tmp_path_factory.mktemp("matrix")
    settings = Settings(data_dir=data, rules_dir=ROOT / "rules", api_key=SecretStr(KEY), decisions={})
    with serving(let_in(create_app(settings)), data) as service:
        audits, findings = {}, {}
        for place in (OWN, FOREIGN):
            answer = service.audit(encounter(place))
            assert answer.status_code == 200, answer.text
            audits[place[0]] = answer.json()["id"]
            assert "problem" not in service.client.post("/v1/stays", **sent(stay(place))).text
            findings[place[0]] = kept_at(service, place)
        yield Desk(service, audits, findings)


def ask(desk: Desk, operation: str, place: tuple[str, str], caller: dict[str, str]) -> httpx.Response:
    method, _, path = operation.partition(" ")
    told = dict(PLACED[operation][1](desk, place)) if operation in PLACED else {}
    path = told.pop("path", path.replace("{", "").replace("}", ""))
    return desk.service.client.request(method, path, headers=caller, **told)


def refused_at_the_gate(answer: httpx.Response) -> bool:
    if answer.status_code not in (401, 403):
        return False
    name: str = answer.json()["type"]
    return name.endswith((":unauthorized", ":forbidden"))


def test_every_operation_says_whose_it_is() -> None:
    assert set(DOCUMENTED) == {*PLACED, *EVERYWHERE_ONLY, *PLACELESS, *MANAGED, *OWN_SESSION, *OF_THEIR_OWN}
    served = [one for one in (*OPERATIONS, *CONSOLE_OPERATIONS) if " /console" not in one]
    unknown = {one for one in served if one not in DOCUMENTED} - {
        "GET /v1/events", "GET /docs", "GET /redoc", "GET /openapi.json",
    }  # fmt: skip
    assert not unknown, "the gate lets in to what no document describes"


@pytest.mark.parametrize("role", list(Role))
def test_no_role_does_what_it_may_not(desk: Desk, role: Role) -> None:
    for operation, need in DOCUMENTED.items():
        answer = ask(desk, operation, OWN, as_caller(role))
        if isinstance(need, Permission) and need not in PERMISSIONS[role]:
            assert answer.status_code == 403, (operation, answer.text)
            assert answer.json()["type"].endswith(":forbidden")
        else:
            assert not refused_at_the_gate(answer), (operation, answer.text)


@pytest.mark.parametrize("operation", list(DOCUMENTED))
def test_strangers_get_nothing(desk: Desk, operation: str) -> None:
    answer = ask(desk, operation, OWN, {"authorization": ""})
    assert refused_at_the_gate(answer) is (DOCUMENTED[operation] is not Entrance.OPEN), answer.text


@pytest.mark.parametrize("scope", [HERE, WARD], ids=["facility", "department"])
@pytest.mark.parametrize("operation", list(PLACED))
def test_nobody_reaches_a_foreign_place(desk: Desk, operation: str, scope: Scope) -> None:
    need = DOCUMENTED[operation]
    assert isinstance(need, Permission)
    for role in [one for one in Role if need in PERMISSIONS[one]]:
        answer = ask(desk, operation, FOREIGN, as_caller(role, scope=scope))
        assert SECRET not in answer.text, (operation, role)
        if PLACED[operation][0] == "line":
            assert [json.loads(line)["type"] for line in answer.text.splitlines()] == [
                "urn:mingjian:problem:out-of-scope"
            ], (operation, role)
        elif PLACED[operation][0] == "list":
            assert answer.status_code == 200, (operation, role, answer.text)
        else:
            assert answer.status_code in (403, 404), (operation, role, answer.text)


@pytest.mark.parametrize("operation", [one for one, (kind, _) in PLACED.items() if kind != "write"])
def test_one_reaches_ones_own_place(desk: Desk, operation: str) -> None:
    need = DOCUMENTED[operation]
    assert isinstance(need, Permission)
    for role in [one for one in Role if need in PERMISSIONS[one]]:
        answer = ask(desk, operation, OWN, as_caller(role, scope=HERE))
        assert answer.status_code == 200, (operation, role, answer.text)
        assert "out-of-scope" not in answer.text


@pytest.mark.parametrize("operation", sorted(EVERYWHERE_ONLY))
def test_what_holds_everywhere_is_not_for_the_limited(desk: Desk, operation: str) -> None:
    need = DOCUMENTED[operation]
    assert isinstance(need, Permission)
    for role in [one for one in Role if need in PERMISSIONS[one]]:
        answer = ask(desk, operation, OWN, as_caller(role, scope=HERE))
        assert answer.status_code in (403, 422), (operation, role, answer.text)


def test_a_file_of_the_data_is_only_read(desk: Desk) -> None:
    """What was refused left nothing: the foreign facility has the one audit that was sent for it."""
    assert isinstance(desk.service.data_dir, Path)
    answer = desk.service.client.get(f"/v1/audits/{desk.audits[FOREIGN[0]]}")
    assert SECRET in answer.text
