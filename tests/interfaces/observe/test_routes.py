"""Routes: a template for every path, and none that a caller can make."""

import pytest

from app.interfaces.observe.watching import routes_of
from app.settings import Settings

ROUTES = routes_of(Settings())


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("POST /v1/audits", "POST /v1/audits rest"),
        ("DELETE /v1/audits", "DELETE /v1/audits rest"),
        ("POST /v1/audits/bulk", "POST /v1/audits/bulk bulk"),
        ("GET /v1/audits/0193e7a1", "GET /v1/audits/{audit_id} rest"),
        ("GET /v1/audits/", "GET unknown other"),
        ("GET /v1/rules/a/alerts", "GET /v1/rules/{rule_id}/alerts rest"),
        ("PUT /v1/encounters/F1/E1", "PUT /v1/encounters/… rest"),
        ("POST /fsi/api/3101", "POST /fsi/api/… nhsa"),
        ("POST /fsi/api", "POST /fsi/api nhsa"),
        ("GET /fsi/api/popup/a.b", "GET /fsi/api/popup/… popup"),
        ("GET /fsi/apipopup", "GET unknown other"),
        ("POST /cds-services/mingjian-order-sign", "POST /cds-services/… cds_hooks"),
        ("POST /fhir/Claim/$submit", "POST /fhir/… fhir"),
        ("GET /popup/x", "GET /popup/… popup"),
        ("GET /healthz", "GET /healthz health"),
        ("GET /docs", "GET /docs docs"),
        ("BREW /v1/110101199003071234", "OTHER unknown other"),
    ],
)
def test_templates(asked: str, found: str) -> None:
    method, _, path = asked.partition(" ")
    assert " ".join(ROUTES.of(method, path)) == found
