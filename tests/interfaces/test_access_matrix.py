"""Every operation of the OpenAPI document, asked by every role, in its own facility and department and in foreign ones.

Nobody gets what their role does not hold, and nobody sees or changes what lies outside their scope: 0 leaks. An
operation that is added must say here whose patients it is about, or that it is about none.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

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
from tests.interfaces.finding_access import ABOUT_FINDINGS, OF_THEIR_OWN, Kept, kept_at
from tests.service import KEY, ROOT, Service, charge, request, serving

OWN, FOREIGN = ("F-own", "D-own"), ("F-foreign", "D-foreign")
SECRET = "E-of-a-foreign-facility"
HERE = Scope(facilities=frozenset({OWN[0]}))
WARD = Scope(facilities=frozenset({OWN[0]}), departments=frozenset({OWN[1]}))


class Desk(NamedTuple):
    service: Service
    audits: dict[str, str]  # id of a recorded audit by facility
    findings: dict[str, Kept]  # likewise


def encounter(place: tuple[str, str], number: str = "1") -> dict[str, Any]:
    facility, department = place
    name = f"{SECRET}-{number}" if place == FOREIGN else f"E-own-{number}"
    return request(charge(), id=name, facility={"id": facility}, department=department)


def stay(place: tuple[str, str]) -> dict[str, Any]:
    return {
        "facility": {"id": place[0]}, "department": place[1], "discharge_date": "2026-03-01",
        "stay": {"id": f"S-{place[0]}", "diagnoses": ["I10.x00"]},
    }  # fmt: skip


Ask = Callable[[Desk, tuple[str, str]], dict[str, Any]]


def sent(body: Any) -> dict[str, Any]:
    return {"content": body if isinstance(body, bytes) else json.dumps(body).encode()}


# What is asked about a place; `read` answers with what lies there, `list` with as much of it as there is for the
# caller, `write` changes it.
PLACED: dict[str, tuple[str, Ask]] = {
    "POST /v1/audits": ("write", lambda _, place: sent(encounter(place, "2"))),
    "POST /v1/audits/bulk": ("line", lambda _, place: sent(encounter(place, "3"))),
    "POST /v1/history": ("line", lambda _, place: sent(encounter(place, "4")["encounter"])),
    "POST /v1/stays": ("line", lambda _, place: sent(stay(place))),
    "GET /v1/audits/{audit_id}": ("read", lambda desk, place: {"path": f"/v1/audits/{desk.audits[place[0]]}"}),
    "POST /v1/audits/{audit_id}/unmask": (
        "read",
        lambda desk, place: {
            "path": f"/v1/audits/{desk.audits[place[0]]}/unmask", **sent({"reason": "核对参保身份"}),
        },
    ),
    "GET /v1/alerts/suppressed": (
        "read",
        lambda _, place: {"params": {"facility": place[0], "encounter": encounter(place)["encounter"]["id"]}},
    ),
    "DELETE /v1/encounters/{encounter}/lines/{line}": (
        "write",
        lambda _, place: {
            "path": f"/v1/encounters/{encounter(place)['encounter']['id']}/lines/L1", "params": {"facility": place[0]},
        },
    ),
    "POST /v1/settlements/simulate": ("read", lambda _, place: sent(_priced(place))),
    "POST /v1/settlements/indices": ("read", lambda _, place: sent({"scheme": _SCHEME, "stays": _stays(place)})),
    **ABOUT_FINDINGS,
}  # fmt: skip

# What holds for the whole installation: only those without a limit change it, or read what tells of everything.
EVERYWHERE_ONLY = {
    "POST /v1/feeds/{name}",
    "POST /v1/rulesets/{revision}/activate",
    "GET /v1/rules/{rule_id}/alerts",
    "GET /v1/trail/checkpoint",
    "GET /v1/trail/entries",
    "GET /v1/trail/entries/{seq}",
    "GET /v1/trail/entries/{seq}/proof",
    "GET /v1/trail/proof/inclusion",
    "GET /v1/trail/proof/consistency",
}

# For who manages them, wherever: rights over machines and people are not parted by place.
MANAGED = {
    "GET /v1/keys",
    "POST /v1/keys",
    "POST /v1/keys/{key_id}/rotate",
    "DELETE /v1/keys/{key_id}",
    "GET /v1/webhooks",
    "POST /v1/webhooks",
    "DELETE /v1/webhooks/{webhook_id}",
    "GET /v1/webhooks/{webhook_id}/deliveries",
    "POST /v1/webhooks/{webhook_id}/redeliver",
    "GET /metrics",
    "GET /v1/accounts",
    "POST /v1/accounts",
    "PATCH /v1/accounts/{account_id}",
    "PUT /v1/accounts/{account_id}/rights",
    "POST /v1/accounts/{account_id}/password",
    "DELETE /v1/accounts/{account_id}/totp",
    "DELETE /v1/accounts/{account_id}/sessions",
    "POST /v1/tickets",
}

# About the caller alone: what they say of themselves, and their own sessions.
OWN_SESSION = {
    "POST /v1/session",
    "GET /v1/session",
    "DELETE /v1/session",
    "POST /v1/session/password",
    "POST /v1/session/totp",
    "POST /v1/session/totp/confirm",
    "GET /v1/session/sessions",
    "DELETE /v1/session/sessions/{session_id}",
    "POST /v1/session/ticket",
    "GET /v1/session/oidc",
    "GET /v1/session/oidc/callback",
}

# About nobody: rules, schemes, and what is told in the request itself and kept nowhere.
PLACELESS = {
    "GET /healthz",
    "GET /readyz",
    "GET /v1/rules",
    "GET /v1/rules/{rule_id}",
    "GET /v1/rulesets",
    "GET /v1/feeds",
    "GET /v1/schemes",
    "POST /v1/coding/check",
    "POST /v1/groupings/drg",
    "POST /v1/groupings/drg/bulk",
    "POST /v1/groupings/dip",
    "POST /v1/groupings/dip/bulk",
    "POST /v1/settlements/preview",
    "POST /v1/settlements/what-if",
}
_SCHEME: Any = {"scheme": "starter"}


def _stays(place: tuple[str, str]) -> dict[str, Any]:
    return {"facilities": [place[0]]}


def _priced(place: tuple[str, str]) -> dict[str, Any]:
    return {"from": _SCHEME, "to": _SCHEME, "stays": _stays(place)}


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
