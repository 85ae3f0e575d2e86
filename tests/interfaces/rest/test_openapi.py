"""The OpenAPI document allows what is accepted and forbids what is refused; test_schemathesis.py asks at random."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.assembly import openapi_document
from tests.service import Service, charge, problem_of, request


def schema_of(name: str) -> dict[str, Any]:
    document = openapi_document()
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


@pytest.mark.parametrize(
    "line",
    [
        {"amount": 50}, {"amount": 50.5}, {"amount": "50.50"}, {"quantity": 2}, {"quantity": "0.5"},
        {"unit_price": None},
        {"start_at": "2026-03-01T08:00:00"}, {"start_at": "2026-03-01 08:00:00.5"},
    ],
)  # fmt: skip
def test_document_allows_what_is_accepted(service: Service, line: dict[str, Any]) -> None:
    body = request(charge(**line))
    Draft202012Validator(schema_of("AuditRequest")).validate(body)
    answer = service.audit(body)
    assert answer.status_code == 200
    Draft202012Validator(schema_of("Audit")).validate(answer.json())


@pytest.mark.parametrize(
    "line", [{"amount": "fifty"}, {"amount": True}, {"start_at": "2026-03-01T08:00:00Z"}, {"start_at": "2026-03-01"}]
)
def test_document_forbids_what_is_refused(service: Service, line: dict[str, Any]) -> None:
    body = request(charge(**line))
    assert not Draft202012Validator(schema_of("AuditRequest")).is_valid(body)
    problem_of(service.audit(body), 422)


def test_served_document_is_the_written_one(service: Service) -> None:
    assert service.client.get("/openapi.json").json() == json.loads(json.dumps(openapi_document()))


def test_every_operation_tells_of_refusals() -> None:
    """Of the gate and of the admission, which stand before all but health."""
    operations = {
        (method, path): operation["responses"]
        for path, found in openapi_document()["paths"].items()
        for method, operation in found.items()
    }
    silent = {place for place, told in operations.items() if not {"401", "403", "429", "503"} <= told.keys()}
    assert silent == {("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics")}
