"""The gate: nothing is served that the table does not name, nobody is let in who is not known and may not."""

import asyncio
import json
from typing import Any

import pytest

from app.domain.access import PERMISSIONS, Caller, Permission, Role
from app.interfaces.caller import caller_in, signed_in
from app.interfaces.gate import Gate
from app.interfaces.need import Entrance, Need
from app.interfaces.operations import Operations

TABLE: dict[str, Need] = {
    "GET /open": Entrance.OPEN,
    "GET /known": Entrance.SIGNED_IN,
    "GET /things": Permission.RULE_READ,
    "POST /things": Permission.RULE_EDIT,
    "GET /things/{id}": Permission.RULE_READ,
    "DELETE /things/{id}": Permission.RULE_APPROVE,
    "GET /things/{id}/parts": Permission.STATISTICS_READ,
    "GET /things/newest": Permission.FEED_READ,
}
BASES: dict[str, Need] = {"/slashes": Permission.HISTORY_WRITE, "/own": Entrance.OWN}


class Known:
    """Two ways to be known: at once, or after asking."""

    def __init__(self, caller: Caller | None, *, at_once: bool) -> None:
        self.caller, self.at_once, self.asked = caller, at_once, 0

    def known(self, _: Any) -> Caller | None:
        return self.caller if self.at_once else None

    async def find(self, _: Any) -> Caller | None:
        self.asked += 1
        return self.caller


class Behind:
    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        self.seen.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})


def ask(gate: Gate, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def run() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        await gate({"type": "http", "method": method, "path": path, "headers": []}, receive, send)

    asyncio.run(run())
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


def caller(*roles: Role) -> Caller:
    return Caller(id="someone", roles=frozenset(roles))


@pytest.fixture
def behind() -> Behind:
    return Behind()


def gate_for(behind: Behind, *known: Known, **more: Any) -> Gate:
    return Gate(behind, known, Operations(TABLE, BASES), **more)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/open", 200),
        ("GET", "/own", 200),
        ("PUT", "/own/what/ever", 200),
        ("GET", "/known", 401),
        ("GET", "/things", 401),
        ("GET", "/things/1", 401),
        ("DELETE", "/slashes/a/b/c", 401),
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("GET", "", 404),
        ("GET", "//things", 404),
        ("GET", "/things/", 404),
        ("GET", "/things//parts", 404),
        ("GET", "/THINGS", 404),
        ("GET", "/owner", 404),
        ("GET", "/things/1/parts/2", 404),
        ("HEAD", "/open", 405),
        ("PATCH", "/things/1", 405),
        ("OPTIONS", "/things", 405),
    ],
)
def test_strangers(behind: Behind, method: str, path: str, status: int) -> None:
    answered, headers, body = ask(gate_for(behind), method, path)
    assert answered == status
    assert bool(behind.seen) == (status == 200)
    if status == 401:
        assert headers["www-authenticate"] == "Bearer"
    if status == 405:
        assert set(headers["allow"].split(", ")) <= {"GET", "POST", "DELETE"}
    if status >= 400:
        assert json.loads(body)["status"] == status


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_its_permissions_say(behind: Behind, role: Role, at_once: bool) -> None:
    gate = gate_for(behind, Known(None, at_once=True), Known(caller(role), at_once=at_once))
    needs = {
        ("GET", "/things"): Permission.RULE_READ, ("POST", "/things"): Permission.RULE_EDIT,
        ("DELETE", "/things/x"): Permission.RULE_APPROVE, ("GET", "/things/x/parts"): Permission.STATISTICS_READ,
        ("GET", "/things/newest"): Permission.FEED_READ, ("DELETE", "/slashes/a"): Permission.HISTORY_WRITE,
    }  # fmt: skip
    for (method, path), needed in needs.items():
        status, _, body = ask(gate, method, path)
        assert status == (200 if needed in PERMISSIONS[role] else 403), (method, path)
        if status == 403:
            assert json.loads(body)["type"] == "urn:mingjian:problem:forbidden"
    assert ask(gate, "GET", "/known")[0] == 200
    assert all(caller_in(scope).roles == {role} for scope in behind.seen)


def test_who_is_known_at_once_is_not_asked_after(behind: Behind) -> None:
    slow = Known(caller(Role.DOCTOR), at_once=False)
    gate = gate_for(behind, slow, Known(caller(Role.MANAGEMENT), at_once=True))
    assert ask(gate, "GET", "/things")[0] == 200
    assert (slow.asked, caller_in(behind.seen[0]).roles) == (0, {Role.MANAGEMENT})


def test_browsers_are_led_to_the_page_where_they_sign_in(behind: Behind) -> None:
    table: dict[str, Need] = {"GET /pages": Entrance.SIGNED_IN, "POST /pages": Entrance.SIGNED_IN}
    gate = Gate(behind, [], Operations(table, {}), ("/pages", "/sign-in"))
    status, headers, _ = ask(gate, "GET", "/pages")
    assert (status, headers["location"]) == (303, "/sign-in")
    assert ask(gate, "POST", "/pages")[0] == 401
    gate = Gate(behind, [], Operations({"GET /pages/{id}": Entrance.SIGNED_IN}, {}), ("/pages", "/sign-in"))
    status, headers, _ = ask(gate, "GET", "/pages/a&b")
    assert (status, headers["location"]) == (303, "/sign-in?next=/pages/a%26b")


def test_an_endpoint_that_the_gate_did_not_see_serves_nobody() -> None:
    with pytest.raises(RuntimeError, match="without the gate"):
        caller_in({"path": "/things"})
    assert signed_in.__doc__


def test_sockets_are_not_served(behind: Behind) -> None:
    asyncio.run(gate_for(behind)({"type": "websocket", "path": "/open"}, None, None))  # type: ignore[arg-type]
    assert behind.seen == []
