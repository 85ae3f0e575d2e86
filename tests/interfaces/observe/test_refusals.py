"""Refusals: who was refused, what, and for want of which permission, stands in the log, and is counted."""

import asyncio
import json
from typing import Any

import pytest

from app.domain.access import Caller, Permission, Role
from app.interfaces.asgi import FastLane, respond
from app.interfaces.errors import Problem
from app.interfaces.gate import Gate
from app.interfaces.need import Entrance, Need
from app.interfaces.observe.access_log import AccessLog
from app.interfaces.observe.metrics import Metrics
from app.interfaces.observe.observed import Observed
from app.interfaces.observe.routes import Routes
from app.interfaces.operations import Operations
from tests.interfaces.observe.series import total, value
from tests.service import Service

TABLE: dict[str, Need] = {
    "GET /open": Entrance.OPEN,
    "GET /accounts/{id}": Permission.USER_MANAGE,
    "POST /open": Entrance.OPEN,
}


class Doctor:
    """Lets in whoever says so."""

    def known(self, scope: Any) -> Caller | None:
        return Caller(id="doctor-7", roles=frozenset({Role.DOCTOR})) if scope["headers"] else None

    async def find(self, _: Any) -> Caller | None:
        return None


async def _behind(scope: Any, _: Any, send: Any) -> None:
    if scope["method"] == "POST":
        raise Problem(403, "csrf-token", "no token")
    await respond(send, 200, b"")


class Watched:
    def __init__(self, *, only_refused: bool) -> None:
        self.written: list[str] = []
        self.metrics = Metrics()
        self._access = AccessLog(True, self.written.append, only_refused=only_refused)
        gate = Gate(FastLane(_behind, {}), [Doctor()], Operations(TABLE, {}))
        self._app = Observed(gate, Routes(TABLE, [], {}), self.metrics, self._access)

    def ask(self, method: str, path: str, *, is_known: bool) -> None:
        async def sent(_: Any) -> None: ...

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        headers = [(b"authorization", b"known")] if is_known else []
        asyncio.run(self._app({"type": "http", "method": method, "path": path, "headers": headers}, receive, sent))

    def lines(self) -> list[dict[str, Any]]:
        self._access.flush()
        return [json.loads(line) for text in self.written for line in text.splitlines()]


@pytest.mark.parametrize("only_refused", [True, False])
def test_who_is_refused_is_told(only_refused: bool) -> None:
    watched = Watched(only_refused=only_refused)
    watched.ask("GET", "/open", is_known=True)
    watched.ask("GET", "/accounts/zhang", is_known=False)
    watched.ask("GET", "/accounts/zhang", is_known=True)
    watched.ask("POST", "/open", is_known=True)
    watched.ask("GET", "/nowhere", is_known=True)
    lines = watched.lines()
    if not only_refused:
        first = lines.pop(0)
        assert (first["level"], first["status"], "refused" in first) == ("INFO", 200, False)
    assert [(one["status"], one["route"], one["caller"], one["refused"], one["level"]) for one in lines] == [
        (401, "/accounts/{id}", "", "unauthorized", "WARNING"),
        (403, "/accounts/{id}", "doctor-7", "forbidden user.manage", "WARNING"),
        (403, "/open", "", "csrf-token", "WARNING"),
        (404, "unknown", "", "not-found", "INFO"),
    ]
    assert "zhang" not in json.dumps(lines)
    for reason in ("unauthorized", "forbidden", "csrf-token", "not-found"):
        assert value(watched.metrics.registry, "mingjian_refusals_total", reason=reason) == 1


def test_every_interface_tells_of_its_refusals(service: Service) -> None:
    def counted(reason: str) -> float:
        return total(service.client.get("/metrics").text, "mingjian_refusals_total", reason=reason)

    asked: list[tuple[str, str, bytes, str]] = [
        ("POST", "/v1/audits", b"{", "malformed-json"),
        ("POST", "/fhir/Claim/$submit", b"{", "malformed-json"),
        ("POST", "/cds-services/mingjian-order-sign", b"{", "malformed-json"),
        ("POST", "/fsi/api/3101", b"{", "invalid-request"),
        ("GET", "/v1/audits/none", b"", "not-found"),
        ("PUT", "/v1/audits", b"", "method-not-allowed"),
        ("GET", "/v1/rules", b"", "unauthorized"),
    ]
    for method, path, body, reason in asked:
        before = counted(reason)
        headers = {"authorization": "Bearer mj_of-nobody"} if reason == "unauthorized" else {}
        service.client.request(method, path, content=body, headers=headers)
        assert counted(reason) == before + 1, (path, reason)
