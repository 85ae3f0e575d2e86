"""/v1/keys: a secret is told once, and who may not manage keys gets nowhere."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.domain.access import Caller, Permission, Role, Scope
from app.interfaces.authentication.machines import Machines
from app.interfaces.authenticator import Authenticator
from app.interfaces.gate import Gate
from app.interfaces.operations import Operations
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.keys import key_router
from tests.interfaces.authentication.build import KEY, bearer, who, with_machines
from tests.service import check_problem

MANAGE = Permission.KEY_MANAGE
NEEDS: dict[str, Any] = {
    "GET /v1/keys": MANAGE, "POST /v1/keys": MANAGE, "POST /v1/keys/{key_id}/rotate": MANAGE,
    "DELETE /v1/keys/{key_id}": MANAGE,
}  # fmt: skip


class Person:
    """Somebody signed in by session, told by a header of the test."""

    def known(self, scope: Any) -> Caller | None:
        told = dict(scope["headers"]).get(b"x-person")
        if told is None:
            return None
        limit = Scope(facilities=frozenset({"H1"})) if told == b"limited" else Scope()
        return Caller(id="anna", roles=frozenset({Role.SECURITY_ADMINISTRATOR}), scope=limit, kind="session")

    async def find(self, scope: Any) -> Caller | None:
        return None


Steps = Callable[[httpx.AsyncClient, Machines], Awaitable[None]]


def run(folder: Path, steps: Steps) -> None:
    async def inside(machines: Machines) -> None:
        app = FastAPI()
        app.include_router(key_router(machines.desk))
        answer_refusals(app)
        authenticators: list[Authenticator] = [*machines.authenticators, Person()]
        gate: Any = Gate(app, authenticators, Operations(NEEDS, {}))
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers={"x-person": "any"}) as client:
            await steps(client, machines)

    with_machines(folder, inside)


def test_a_key_from_its_issue_to_its_end(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, machines: Machines) -> None:
        asked = {"name": "收费系统", "facilities": ["H1"], "networks": ["127.0.0.0/8"], "days": 30, "reason": "新系统"}
        made = await client.post("/v1/keys", json=asked)
        assert made.status_code == 201, made.text
        assert made.headers["cache-control"] == "no-store"
        told = made.json()
        assert made.headers["location"] == f"/v1/keys/{told['id']}"
        assert (told["roles"], told["facilities"], told["departments"]) == (["his_client"], ["H1"], None)
        assert (told["issued_by"], told["revoked_at"]) == ("anna", None)
        assert await who(machines, bearer(told["token"], client="127.0.0.1")) is not None
        rotated = await client.post(f"/v1/keys/{told['id']}/rotate")
        assert rotated.headers["cache-control"] == "no-store"
        assert rotated.json()["token"] != told["token"]
        listed = (await client.get("/v1/keys")).json()["keys"]
        assert [one["id"] for one in listed] == [told["id"]]
        everything = str(listed)
        assert "token" not in listed[0]
        assert told["token"].split(".")[2] not in everything
        ended = await client.delete(f"/v1/keys/{told['id']}")
        assert ended.json()["revoked_at"] is not None
        for again in (
            await client.delete(f"/v1/keys/{told['id']}"),
            await client.post(f"/v1/keys/{told['id']}/rotate", json={"overlap_days": 0}),
        ):
            check_problem(again.json(), 409, "key-revoked")

    run(tmp_path, steps)


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b"", 400, "malformed-json"),
        (b'{"name": ', 400, "malformed-json"),
        (b"[" * 50_000, 422, "invalid-request"),
        (b"{}", 422, "invalid-request"),
        (b'{"name": " "}', 422, "invalid-request"),
        (b'{"name": "x", "roles": []}', 422, "invalid-request"),
        (b'{"name": "x", "roles": ["security_administrator"]}', 422, "invalid-request"),
        (b'{"name": "x", "roles": ["audit_staff"]}', 422, "invalid-request"),
        (b'{"name": "x", "facilities": []}', 422, "invalid-request"),
        (b'{"name": "x", "networks": ["10.0.0.256"]}', 422, "invalid-request"),
        (b'{"name": "x", "certificates": ["sha256:1"]}', 422, "invalid-request"),
        (b'{"name": "x", "days": 1096}', 422, "invalid-request"),
        (b'{"name": "x", "token": "mine"}', 422, "invalid-request"),
        (b'{"name": "' + b"x" * 70_000 + b'"}', 413, "too-large"),
        (b'{"name": "x", "networks": ["1::/200"]}', 422, "invalid-request"),
    ],
)
def test_what_is_no_key(body: bytes, status: int, name: str, tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _: Machines) -> None:
        answer = await client.post("/v1/keys", content=body)
        check_problem(answer.json(), status, name)
        assert (await client.get("/v1/keys")).json() == {"keys": []}

    run(tmp_path, steps)


def test_keys_out_of_reach_are_not_there(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _: Machines) -> None:
        made = (await client.post("/v1/keys", json={"name": "all"})).json()["id"]
        limited = {"x-person": "limited"}
        assert (await client.get("/v1/keys", headers=limited)).json() == {"keys": []}
        check_problem((await client.delete(f"/v1/keys/{made}", headers=limited)).json(), 404, "not-found")
        check_problem((await client.post(f"/v1/keys/{made}/rotate", headers=limited)).json(), 404, "not-found")
        check_problem((await client.post("/v1/keys", json={"name": "x"}, headers=limited)).json(), 403, "out-of-scope")
        assert (await client.post("/v1/keys", json={"name": "x", "facilities": ["H1"]}, headers=limited)).is_success
        check_problem((await client.delete("/v1/keys/unknown")).json(), 404, "not-found")

    run(tmp_path, steps)


def test_no_machine_manages_keys(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _: Machines) -> None:
        token = (await client.post("/v1/keys", json={"name": "x", "roles": ["log_auditor"]})).json()["token"]
        del client.headers["x-person"]
        for key, status in ((token, 403), (KEY, 403), ("mj.no.key", 401)):
            for told in NEEDS:
                method, _, path = told.partition(" ")
                answer = await client.request(
                    method, path.replace("{key_id}", "k"), headers={"authorization": f"Bearer {key}"}
                )
                check_problem(answer.json(), status)

    run(tmp_path, steps)


def test_two_changes_at_once_do_not_both_hold(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _: Machines) -> None:
        made = (await client.post("/v1/keys", json={"name": "x"})).json()["id"]
        answers = await asyncio.gather(*[client.post(f"/v1/keys/{made}/rotate") for _ in range(6)])
        assert {one.status_code for one in answers} <= {200, 409}
        assert 200 in {one.status_code for one in answers}

    run(tmp_path, steps)
