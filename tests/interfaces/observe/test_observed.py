"""Every answer carries the request's id; an error's reference is that id, and the log holds the cause under it."""

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from app.interfaces.asgi import FastLane, respond
from app.interfaces.observe.metrics import Metrics
from app.interfaces.observe.observed import Observed
from app.interfaces.observe.request_id import current_id
from app.interfaces.observe.routes import Routes
from tests.interfaces.observe.series import value
from tests.service import Service, request

MADE = re.compile(r"[0-9a-f]{16}")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/docs", 200),
        ("GET", "/v1/rules", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/audits/none", 404),
        ("PUT", "/v1/audits", 405),
        ("POST", "/v1/audits", 400),
        ("POST", "/v1/audits/bulk", 200),
        ("POST", "/fsi/api/3101", 200),
        ("GET", "/fsi/api/popup/none", 404),
        ("GET", "/cds-services", 200),
        ("POST", "/cds-services/none", 404),
        ("GET", "/popup/none", 404),
        ("GET", "/metrics", 200),
    ],
)
def test_every_answer_carries_an_id(service: Service, method: str, path: str, status: int) -> None:
    answer = service.client.request(method, path, headers={"x-request-id": "his-20260301-000001"})
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers.get_list("x-request-id") == ["his-20260301-000001"]


def test_refusals_of_the_gate_and_of_size_carry_it(service: Service) -> None:
    for answer, status in (
        (httpx.get(f"{service.url}/v1/rules", trust_env=False), 401),
        (service.client.post("/v1/audits", content=b" " * (10 * 1024 * 1024 + 1)), 413),
        (service.client.post("/v1/audits", content=b'{"encounter": 1}'), 422),
    ):
        assert answer.status_code == status
        assert MADE.fullmatch(answer.headers["x-request-id"])


def test_each_request_has_its_own(service: Service) -> None:
    ids = {service.audit(request()).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    "sent",
    ["short", "a" * 65, "-starts-badly", "with space in it", "quote\"-12345678", "110101199003071234", "13812345678",
     "p-110101199003071234", "mj_AbCdEfGhIjKl-12345678"],
)  # fmt: skip
def test_an_id_that_is_none_or_names_a_person_is_replaced(service: Service, sent: str) -> None:
    answer = service.client.get("/healthz", headers={"x-request-id": sent})
    if answer.status_code != 400:  # the server itself refuses what is no header
        assert MADE.fullmatch(answer.headers["x-request-id"])


async def _breaks(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("张三")


async def _breaks_late(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": ()})
    raise ValueError("张三")


async def _tells(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0)
    await respond(send, 200, current_id().encode())


def observed(behind: Any, metrics: Metrics | None = None) -> Observed:
    return Observed(behind, Routes(["GET /x"], [], {}), metrics or Metrics())


async def ask(app: Any, sent: str = "", path: str = "/x", method: str = "GET") -> list[Any]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"x-request-id", sent.encode())] if sent else []
    await app({"type": "http", "method": method, "path": path, "headers": headers}, receive, send)
    return messages


def id_in(messages: Iterable[Any]) -> str:
    start = next(iter(messages))
    return str(dict(start["headers"])[b"x-request-id"].decode())


@pytest.mark.parametrize("behind", [_breaks, FastLane(_breaks, {})], ids=["outermost", "fast lane"])
def test_an_internal_error_is_told_and_logged_by_the_id(behind: Any, caplog: pytest.LogCaptureFixture) -> None:
    messages = asyncio.run(ask(observed(behind), "his-20260301-000001"))
    assert messages[0]["status"] == 500
    assert id_in(messages) == "his-20260301-000001"
    assert "reference his-20260301-000001;" in json.loads(messages[1]["body"])["detail"]
    assert [one.getMessage() for one in caplog.records] == ["request failed, reference his-20260301-000001"]


def test_what_breaks_after_it_has_begun_is_not_answered_twice() -> None:
    messages = asyncio.run(ask(observed(_breaks_late)))
    assert [one["type"] for one in messages] == ["http.response.start"]


def test_requests_side_by_side_do_not_mix_their_ids() -> None:
    async def all_at_once() -> list[list[Any]]:
        app = observed(_tells)
        return await asyncio.gather(*[ask(app, f"request-{number:04}") for number in range(200)])

    for number, messages in enumerate(asyncio.run(all_at_once())):
        assert messages[1]["body"].decode() == id_in(messages) == f"request-{number:04}"


def test_in_flight_comes_back_to_nothing_and_who_hung_up_is_counted() -> None:
    metrics = Metrics()

    async def hang_up() -> None:
        started = asyncio.Event()

        async def waits(scope: Any, receive: Any, send: Any) -> None:
            started.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(ask(observed(waits, metrics)))
        await started.wait()
        assert metrics.in_flight == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(hang_up())
    assert metrics.in_flight == 0
    assert value(metrics.registry, "mingjian_requests_total", interface="rest", status="none") == 1
