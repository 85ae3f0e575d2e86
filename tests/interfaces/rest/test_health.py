"""GET /healthz and /readyz: open to all, truthful, and without secrets."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.interfaces.asgi import Application
from app.main import create_app
from app.settings import Settings
from tests.application.build import packs
from tests.service import KEY, Service, serving


def test_all_is_well(service: Service) -> None:
    until = time.monotonic() + 10
    while (told := httpx.get(f"{service.url}/healthz", trust_env=False).json())["dependencies"]["database"][
        "state"
    ] != "ok":
        assert time.monotonic() < until, told
        time.sleep(0.05)
    assert told["status"] == "ok"
    assert told["degraded_since"] is None
    assert told["rules"] > 0
    assert {name: one["state"] for name, one in told["breakers"].items()} == {"record": "closed", "history": "closed"}
    assert told["spool"] == {"records": 0, "to_audit_again": 0, "bytes": 0, "set_aside": 0, "since": None}
    ready = httpx.get(f"{service.url}/readyz", trust_env=False)
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "reasons": []})


@pytest.fixture
def app(tmp_path: Path) -> Application:
    settings = Settings(
        data_dir=tmp_path / "data", rules_dir=packs(tmp_path / "rules"), api_key=SecretStr(KEY), decisions={}
    )
    app = create_app(settings)
    return app


def ready(app: Application) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/readyz")

    return asyncio.run(ask())


def test_not_ready_before_it_is_opened_nor_after_it_is_closed(app: Application, tmp_path: Path) -> None:
    first = ready(app)
    assert (first.status_code, first.json()["status"]) == (503, "not ready")
    assert first.json()["reasons"] == ["the store is not open yet"]
    with serving(app, tmp_path / "data") as service:
        assert service.client.get("/readyz").status_code == 200
    last = ready(app)
    assert (last.status_code, last.json()["reasons"]) == (503, ["the service is told to stop"])
