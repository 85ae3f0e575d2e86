"""A service with staff on it (测试用登录服务): the gate, sessions and accounts, on a store of either database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from app.application.account_entries import Whence
from app.application.first_accounts import AT_THE_MACHINE
from app.application.manage_accounts import Made
from app.domain.access import EVERYWHERE, Caller, Permission, Role, Scope
from app.interfaces.asgi import FastLane
from app.interfaces.asgi import Scope as AsgiScope
from app.interfaces.gate import Gate
from app.interfaces.need import Entrance
from app.interfaces.operations import Operations
from app.interfaces.refusals import answer_refusals
from app.interfaces.session.operations import STAFF_OPERATIONS
from app.interfaces.session.staff import Staff
from app.settings import Settings
from app.store.store import Store

PASSWORD = "Lantern-over-7-rivers"
HIS = "Bearer his"


class HisKey:
    """Who calls by the one key that there is here."""

    def known(self, scope: AsgiScope) -> Caller | None:
        sent = dict(scope["headers"]).get(b"authorization", b"").decode()
        if sent != HIS:
            return None
        return Caller(
            id="his-1", roles=frozenset({Role.HIS_CLIENT}), scope=Scope(facilities=frozenset({"F1"})), kind="key"
        )

    async def find(self, scope: AsgiScope) -> Caller | None:
        return None


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def passes(self, **time: float) -> None:
        self.at += timedelta(**time)


def staff_on(store: Store, clock: Clock | None = None, **settings: Any) -> Staff:
    if clock is None:
        return Staff(Settings(**settings), store)
    return Staff(Settings(**settings), store, clock, clock.monotonic)


def served(staff: Staff) -> Gate:
    app = FastAPI()
    for router in staff.routers():
        app.include_router(router)

    @app.get("/findings")
    @app.post("/findings")
    def findings(request: Any = None) -> dict[str, str]:
        return {}

    answer_refusals(app)
    operations = {
        **STAFF_OPERATIONS,
        "GET /findings": Permission.FINDING_READ,
        "POST /findings": Permission.FINDING_REVIEW,
        "GET /open": Entrance.OPEN,
    }
    return Gate(FastLane(app, {}), [HisKey(), staff.authenticator], Operations(operations, {}))


def browser(gate: Gate, address: str = "127.0.0.1", base: str = "http://mj.test") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=gate, client=(address, 40000))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=base)


@asynccontextmanager
async def opened(store: Store, clock: Clock | None = None, **settings: Any) -> AsyncIterator[tuple[Staff, Gate]]:
    staff = staff_on(store, clock, **settings)
    await staff.open()
    try:
        yield staff, served(staff)
    finally:
        await staff.close()


async def member(staff: Staff, login: str, *roles: Role, scope: Scope = EVERYWHERE, must_change: bool = False) -> Made:
    return await staff.manager.create(
        login, f"测试{login}", caller=AT_THE_MACHINE, roles=frozenset(roles), scope=scope, password=PASSWORD,
        must_change=must_change,
    )  # fmt: skip


async def sign_in(client: httpx.AsyncClient, login: str, password: str = PASSWORD, otp: str = "") -> httpx.Response:
    answer = await client.post("/v1/session", json={"login": login, "password": password, "otp": otp})
    if answer.status_code == 200:
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
    return answer


HERE = Whence("127.0.0.1", "tests")


def problem(answer: Any, status: int, name: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:mingjian:problem:{name}"


async def entries(store: Store) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in await store.trail.entries(0, 1000)]
