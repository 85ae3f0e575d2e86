"""OWASP API Security Top 10 (2023), API7 to API9: what the server calls, tells and serves; API10 is
test_foreign_answers.py."""

from collections.abc import Iterator

import pytest

from app.assembly import openapi_document
from app.interfaces.operations import OPERATIONS, Entrance
from tests.interfaces.cds_hooks.emr import call
from tests.interfaces.cds_hooks.tokens import token
from tests.interfaces.foreign_server import foreign_server
from tests.interfaces.top10 import NOBODY, running
from tests.service import Service, framework_of


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("top10")) as one:
        yield one


def test_api7_server_side_request_forgery(service: Service) -> None:
    """Addresses that a request tells are never called; those of webhooks stand in test_webhook_addresses.py."""
    with foreign_server() as foreign:
        told = call(
            "order-sign", fhirServer=f"{foreign.url}/fhir",
            fhirAuthorization={"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "*"},
        )  # fmt: skip
        assert service.client.post("/cds-services/mingjian-order-sign", json=told).status_code == 200
        forged = token(key=None, jku=f"{foreign.url}/keys", x5u=f"{foreign.url}/x5u", iss=foreign.url)
        headers = {"authorization": f"Bearer {forged}"}
        answer = service.client.post("/cds-services/mingjian-order-sign", json=told, headers=headers)
        assert answer.status_code == 401
        assert service.client.get("/v1/rules", headers=headers).status_code == 401
        for path in ("/v1/session/oidc", "/v1/session/oidc/callback"):
            asked = {"issuer": foreign.url, "next": foreign.url, "code": "c", "state": "s"}
            found = service.client.get(path, params=asked, headers=NOBODY)
            assert foreign.url not in found.headers.get("location", "")
        assert foreign.asked == []


ASKED = [
    ("OPTIONS", "/v1/audits"), ("GET", "/v1/rules"), ("GET", "/nowhere"), ("TRACE", "/v1/rules"), ("PUT", "/v1/rules"),
    ("GET", "/healthz"), ("OPTIONS", "/cds-services"), ("PROPFIND", "/"),
]  # fmt: skip


def test_api8_security_misconfiguration(service: Service) -> None:
    evil = {"origin": "https://evil.test", "access-control-request-method": "POST"}
    for method, path in ASKED:
        answer = service.client.request(method, path, headers=evil)
        told = answer.headers
        assert "access-control-allow-origin" not in told, path
        assert told["x-content-type-options"] == "nosniff"
        assert "no-store" in told["cache-control"] or path == "/cds-services"
        assert "frame-ancestors 'none'" in told["content-security-policy"]
        assert "server" not in told
        assert "x-powered-by" not in told
        assert method not in ("TRACE", "PUT", "PROPFIND") or answer.status_code in (404, 405)
    for body in (b"{", b'{"encounter": 5}', b"\xff", b'{"encounter": {"patient": {"name": "\\ud800"}}}'):
        answer = service.client.post("/v1/audits", content=body)
        assert 400 <= answer.status_code < 500
        assert not [one for one in ("Traceback", ".py", "site-packages", str(service.data_dir)) if one in answer.text]


OLD = [
    "/v0/rules", "/v2/rules", "/api/v1/rules", "/admin", "/debug", "/actuator/env", "/.env", "/.git/config",
    "/console.bak", "/swagger.json", "/graphql", "/server-status",
]  # fmt: skip


def test_api9_improper_inventory_management(service: Service) -> None:
    """What answers is what is documented, or is named beside it; nothing old answers."""
    for path in OLD:
        for headers in ({}, NOBODY):
            assert service.client.get(path, headers=headers).status_code in (401, 404), path
    documented = {
        f"{method.upper()} {path}" for path, methods in openapi_document()["paths"].items() for method in methods
    }
    served = {
        f"{method} {route.path}"
        for route in framework_of(service.app).routes
        for method in getattr(route, "methods", None) or ()
        if method != "HEAD" and getattr(route, "include_in_schema", False)
    }
    assert served <= documented
    assert {one for one in served if one not in OPERATIONS} == set(), "served, and the gate lets nobody in"
    assert service.client.get("/openapi.json").json()["paths"].keys() == openapi_document()["paths"].keys()
    assert {one for one, need in OPERATIONS.items() if need is Entrance.OPEN} == {
        "GET /healthz", "GET /readyz", "POST /v1/session", "POST /v1/session/ticket", "GET /v1/session/oidc",
        "GET /v1/session/oidc/callback",
    }, "what is open to everybody is known by name"  # fmt: skip
