"""The service does what its OpenAPI documents say, asked in ways that nobody would think of (Schemathesis).

MINGJIAN_FUZZ=long asks 300 times where the usual run asks 10 times.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr
from schemathesis import APIOperation, Case, CheckContext, GenerationMode, SerializationContext
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.assembly import openapi_document
from app.domain.access import Role
from app.domain.work import Work
from app.interfaces.nhsa.openapi import nhsa_openapi
from app.main import create_app
from app.settings import Settings
from tests.fuzz.served import never_refuse
from tests.interfaces.access import as_caller, let_in
from tests.service import KEY, ROOT, Service, serving

EXAMPLES = 300 if os.environ.get("MINGJIAN_FUZZ") == "long" else 10
EVERYTHING = as_caller(*Role, kind="session")
PASSWORD = "Lantern-over-7-rivers"

# Not checked: that whatever fits the schema is accepted. A schema cannot say that an end may not come before a start.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
    missing_required_header,
]
# A bad line is refused within the answer; the national interface refuses within the answer too.
REFUSED_WITHIN = {
    "/v1/audits/bulk", "/v1/stays", "/v1/history", "/v1/groupings/drg/bulk", "/v1/groupings/dip/bulk",
}  # fmt: skip


@schemathesis.serializer("application/x-ndjson")
def one_line(_: SerializationContext, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def operations_of(document: dict[str, Any]) -> list[APIOperation]:
    """Without what the document says of security: every request carries what it needs; test_gate.py sends others."""
    document = json.loads(json.dumps(document))
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


OPERATIONS = operations_of(openapi_document())
WITH_INPUT = [one for one in OPERATIONS if one.body or one.headers or one.path_parameters or one.query]
NATIONAL = operations_of(nhsa_openapi())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data: Path = tmp_path_factory.mktemp("schemathesis")
    settings = Settings(
        data_dir=data, rules_dir=ROOT / "rules", api_key=SecretStr(KEY), max_bulk_line_bytes=100_000,
        keep_history=False, rate_limits=dict.fromkeys(Work, 1e9),
    )  # fmt: skip
    app = let_in(create_app(settings))
    never_refuse(app)
    with serving(app, data) as running:
        running.client.headers.pop("content-type")
        made = {"login": "zhang", "name": "测试", "password": PASSWORD}
        assert running.client.post("/v1/accounts", json=made, headers=EVERYTHING).status_code == 201
        yield running


def credentials(service: Service, path: str) -> dict[str, str]:
    """What concerns one's own account is asked by somebody who has signed in just now, all else by who may anything."""
    if not path.startswith("/v1/session"):
        return EVERYTHING
    with httpx.Client(base_url=service.url, trust_env=False) as browser:
        answer = browser.post("/v1/session", json={"login": "zhang", "password": PASSWORD})
        if answer.status_code != 200:  # locked, after so many wrong passwords
            return EVERYTHING
        return {"cookie": f"mj={browser.cookies['mj']}", "x-csrf-token": answer.json()["csrf_token"]}


def refused_somehow(context: CheckContext, answer: Response, case: Case) -> bool | None:
    """Too long is refused as well as too wrong."""
    return None if answer.status_code == 413 else negative_data_rejection(context, answer, case)


def examine(service: Service, operation: APIOperation, mode: GenerationMode, checks: list[Any]) -> None:
    headers = credentials(service, operation.path)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        case.call_and_validate(base_url=service.url, headers=headers, checks=checks)

    check()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_valid_input(service: Service, operation: APIOperation) -> None:
    examine(service, operation, GenerationMode.POSITIVE, CHECKS)


@pytest.mark.parametrize("operation", WITH_INPUT, ids=lambda one: one.label)
def test_invalid_input_is_refused(service: Service, operation: APIOperation) -> None:
    refused = [] if operation.path in REFUSED_WITHIN else [refused_somehow]
    examine(service, operation, GenerationMode.NEGATIVE, [*CHECKS, *refused])


@pytest.mark.parametrize("operation", NATIONAL, ids=lambda one: one.label)
def test_the_national_interface(service: Service, operation: APIOperation) -> None:
    """It answers 200 and says inside what is wrong, whatever is sent."""
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if operation.body else (GenerationMode.POSITIVE,):
        examine(service, operation, mode, [not_a_server_error, content_type_conformance, response_schema_conformance])


def test_every_endpoint_is_examined() -> None:
    documented = {
        f"{method.upper()} {path}" for path, methods in openapi_document()["paths"].items() for method in methods
    }
    assert {one.label for one in OPERATIONS} == documented
    assert {one.label for one in WITH_INPUT} < documented
    assert NATIONAL
