"""The service does what its OpenAPI document says, asked in ways that nobody would think of (Schemathesis)."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, Case, GenerationMode, SerializationContext
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.main import openapi_document
from tests.service import KEY, Service, charge, request

# Not checked: that whatever fits the schema is accepted. A schema cannot say that an end may not come before a start.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    allow_header_conformance,
    ignored_auth,
]


@schemathesis.serializer("application/x-ndjson")
def one_line(_: SerializationContext, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


API = schemathesis.openapi.from_dict(openapi_document())
OPERATIONS = {found.ok().label: found.ok() for found in API.get_all_operations() if found.ok().path[:4] != "/ui/"}


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_conformance(service: Service, operation: APIOperation, mode: GenerationMode) -> None:
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        case.call_and_validate(base_url=service.url, headers={"authorization": f"Bearer {KEY}"}, checks=CHECKS)

    check()
