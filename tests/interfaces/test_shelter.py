"""Every answer of every interface tells browsers what to refuse; an interface that says so itself is left alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.interfaces.shelter import Shelter
from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, Service, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data: Path = tmp_path_factory.mktemp("shelter")
    settings = Settings(data_dir=data, rules_dir=ROOT / "rules", api_key=SecretStr(KEY), decisions={})
    with serving(create_app(settings), data) as one:
        yield one


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/v1/rules"),
        ("GET", "/nowhere"),
        ("DELETE", "/healthz"),
        ("POST", "/v1/audits"),
        ("POST", "/fsi/api/audit/3101"),
        ("GET", "/cds-services"),
        ("GET", "/popup/none"),
        ("POST", "/fhir/Claim/$submit"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
    ],
)
def test_every_answer(service: Service, method: str, path: str) -> None:
    headers = service.client.request(method, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in headers
    assert "cache-control" in headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy or path == "/docs"
    assert "strict-transport-security" not in headers
    kind = headers["content-type"].replace(" ", "").lower()
    is_json = kind.startswith(("application/json", "application/problem+json"))  # which has but one encoding, UTF-8
    assert is_json or "charset=utf-8" in kind, kind
    for name in ("content-security-policy", "cache-control", "referrer-policy"):
        assert len(headers.get_list(name)) == 1


def test_what_is_said_already_stays_and_tls_is_kept() -> None:
    sent: list[Any] = []

    async def behind(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=9")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Shelter(behind)({"type": "http", "path": "/x", "scheme": "https"}, None, send))  # type: ignore[arg-type]
    headers = dict(sent[0]["headers"])
    assert headers[b"cache-control"] == b"max-age=9"
    assert headers[b"strict-transport-security"].startswith(b"max-age=")
