"""The service does what its OpenAPI document says, asked in ways that nobody would think of (Schemathesis)."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema_rs import Draft202012Validator
from schemathesis import APIOperation, Case, GenerationMode, SerializationContext
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.assembly import openapi_document
from tests.service import KEY, Service, charge, problem_of, request

# Not checked: that whatever fits the schema is accepted. A schema cannot say that an end may not come before a start.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def one_line(_: SerializationContext, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def without_security() -> dict[str, Any]:
    """The document, so that every request carries the key; test_audits.py sends others."""
    document = json.loads(json.dumps(openapi_document()))
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return document


OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(without_security()).get_all_operations()]
WITH_INPUT = [one for one in OPERATIONS if one.body or one.headers or one.path_parameters or one.query]


def examine(service: Service, operation: APIOperation, mode: GenerationMode, checks: list[Any]) -> None:
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        headers = {"authorization": f"Bearer {KEY}"}
        case.call_and_validate(base_url=service.url, headers=headers, checks=checks)

    check()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_valid_input(service: Service, operation: APIOperation) -> None:
    examine(service, operation, GenerationMode.POSITIVE, CHECKS)


@pytest.mark.parametrize("operation", WITH_INPUT, ids=lambda one: one.label)
def test_invalid_input_is_refused(service: Service, operation: APIOperation) -> None:
    """A bad line of a bulk request is refused within the answer."""
    refused = [] if operation.path in ("/v1/audits/bulk", "/v1/stays") else [negative_data_rejection]
    examine(service, operation, GenerationMode.NEGATIVE, [*CHECKS, *refused])


def test_every_endpoint_is_examined() -> None:
    assert {one.label for one in WITH_INPUT} < {one.label for one in OPERATIONS}
    assert {
        "POST /v1/audits", "POST /v1/audits/bulk", "GET /v1/audits/{audit_id}", "GET /v1/rules/{rule_id}",
    } <= {one.label for one in WITH_INPUT}  # fmt: skip


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
