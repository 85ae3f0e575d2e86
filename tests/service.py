"""The real service for tests (测试用服务): the application behind uvicorn on a port of its own, and what to send."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import uvicorn
from fastapi import FastAPI

from app.interfaces.asgi import Application, FastLane
from app.main import server_config
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
KEY = "mj_key-of-the-tests"
WOMEN_ONLY = "003112010070000"  # 后穹窿穿刺术
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")


class Service(NamedTuple):
    url: str
    data_dir: Path
    client: httpx.Client
    app: Application

    @property
    def port(self) -> int:
        port = httpx.URL(self.url).port
        assert port is not None
        return port

    def audit(self, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"idempotency-key": key} if key is not None else {}
        return self.client.post("/v1/audits", content=encoded(body), headers=headers)

    def bulk(self, *bodies: Any) -> list[Any]:
        answer = self.client.post("/v1/audits/bulk", content=b"\n".join(encoded(body) for body in bodies))
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]


@contextmanager
def serving(app: Application, data_dir: Path, settings: Settings | None = None) -> Iterator[Service]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(server_config(app, settings or Settings()))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    try:
        assert server.started, "the service did not start"
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            yield Service(url, data_dir, client, app)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def framework_of(app: Any) -> FastAPI:
    """The framework's application, within all that stands around it."""
    while not isinstance(app, FastAPI):
        app = app.behind
    return app


def fast_lane_of(app: Any) -> FastLane:
    while not isinstance(app, FastLane):
        app = app.behind
    return app


def lifespan_of(app: Any) -> AbstractAsyncContextManager[Any]:
    framework = framework_of(app)
    return framework.router.lifespan_context(framework)


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def charge(line_id: str = "L1", **fields: Any) -> dict[str, Any]:
    """A charge that only women may have."""
    plain = {"id": line_id, "item_code": WOMEN_ONLY, "item_name": "后穹窿穿刺术", "service_date": "2026-03-01"}
    return {**plain, "formulary_class": "a", "amount": 50, **fields}


def request(*lines: dict[str, Any], stage: str = "settling", sex: str = "male", **fields: Any) -> dict[str, Any]:
    """A request about a man; without lines given, about one charge that only women may have."""
    encounter = {
        "id": "E1",
        "facility": {"id": "F1", "level": "tertiary"},
        "patient": {"id": "P1", "sex": sex, "birth_date": "1980-01-01"},
        "care_type": "outpatient",
        "diagnoses": [{"code": "N73.900"}],
        "charge_lines": list(lines) or [charge()],
    }
    return {"stage": stage, "encounter": {**encounter, **fields}}


def problem_of(response: httpx.Response, status: int, name: str | None = None) -> dict[str, Any]:
    """The problem document of a refusal, once it is seen to be one as RFC 9457 describes it."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    check_problem(document, status, name)
    return document


def check_problem(document: dict[str, Any], status: int, name: str | None = None) -> None:
    assert set(document) <= {"type", "title", "status", "detail", "errors"}
    assert document["status"] == status
    assert document["type"].startswith("urn:mingjian:problem:")
    assert name is None or document["type"] == f"urn:mingjian:problem:{name}"
    assert isinstance(document["title"], str)
    assert document["title"]
    assert isinstance(document.get("detail", ""), str)
    assert len(document.get("detail", "")) < 1000
    for error in document.get("errors", []):
        assert set(error) == {"pointer", "detail"}
        assert _POINTER.fullmatch(error["pointer"]), error["pointer"]
        assert error["detail"]
