"""The OpenAPI document: what FastAPI knows of its routes, and the hot endpoints, whose bodies msgspec decodes."""

from typing import Any

import msgspec
from fastapi import FastAPI

from app.application.keep_history import Kept
from app.domain.audit import Audit, AuditRequest
from app.domain.encounter import Encounter
from app.domain.line import LOCAL_TIME
from app.interfaces.errors import MEDIA_TYPE, ProblemDocument
from app.interfaces.rest.openapi_cases import CASE_SHAPES, case_paths
from app.interfaces.rest.openapi_coding import CODING_SHAPES, coding_paths
from app.interfaces.rest.openapi_groups import SHAPES, group_paths
from app.interfaces.rest.openapi_refusals import add_refusals

_JSON, _NDJSON = "application/json", "application/x-ndjson"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
_LOCAL_TIME = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$"  # no format: date-time has a zone
)
_REFUSALS = {
    "400": "The body is not JSON, or the Idempotency-Key or the X-Deadline-Ms is not usable",
    "401": "No valid key",
    "413": "The body is too large",
    "422": "The body is no valid request, or the Idempotency-Key was used with another body",
    "503": "The record could not be written; send the same request again",
}


def add_hot_endpoints(app: FastAPI) -> None:
    """Make `app.openapi()` tell of the endpoints that stand before the router."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            (request, answer, encounter, kept, problem), components = msgspec.json.schema_components(
                (AuditRequest, Audit, Encounter, Kept, ProblemDocument), ref_template="#/components/schemas/{name}"
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(_truer(components))
            document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            _secure(document, problem)
            document["paths"]["/v1/audits"] = {"post": _audit(request, answer, problem)}
            document["paths"]["/v1/audits/bulk"] = {"post": _bulk(request, answer, problem)}
            document["paths"]["/v1/history"] = {"post": _history(encounter, kept, problem)}
            document["paths"]["/v1/encounters/{encounter}/lines/{line}"] = {"delete": _withdrawal(problem)}
            document["paths"]["/v1/audits/{audit_id}"]["get"]["responses"]["200"]["content"] = {
                _JSON: {"schema": answer}
            }
            *shapes, refused = _references(schemas, SHAPES)
            document["paths"].update(group_paths(tuple(shapes), refused))
            *shapes, refused = _references(schemas, CASE_SHAPES)
            document["paths"].update(case_paths(tuple(shapes), refused))
            *shapes, refused = _references(schemas, CODING_SHAPES)
            document["paths"].update(coding_paths(tuple(shapes), refused))
            add_refusals(document, problem)
            document["paths"] = dict(sorted(document["paths"].items()))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _references(schemas: dict[str, Any], shapes: tuple[Any, ...]) -> list[dict[str, Any]]:
    """References to the shapes, and to the problem document; `schemas` gets them."""
    references, components = msgspec.json.schema_components(
        (*shapes, ProblemDocument), ref_template="#/components/schemas/{name}"
    )
    schemas.update(_truer(components))
    return list(references)


def _secure(document: dict[str, Any], problem: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path not in ("/healthz", "/readyz"):
                operation["security"] = [{"key": []}]
                operation["responses"]["401"] = _refusal(_REFUSALS["401"], problem)
            if path == "/v1/audits/{audit_id}":
                operation["responses"]["503"] = _refusal("The database does not answer", problem)
            if "{" in path:
                operation["responses"]["404"] = _refusal("No such thing", problem)
            if _is_of_framework(operation["responses"].get("422")):
                del operation["responses"]["422"]
                if operation.get("parameters"):
                    operation["responses"]["422"] = _refusal("A parameter is not valid", problem)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _is_of_framework(response: Any) -> bool:
    """What FastAPI writes where an operation does not say itself how it refuses."""
    return response is not None and "application/json" in response.get("content", {})


def _truer(schema: Any) -> Any:
    """What msgspec's own schema does not tell: amounts may also be sent as numbers, and how a local time is written."""
    if isinstance(schema, list):
        return [_truer(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        rest = {name: value for name, value in schema.items() if name not in ("type", "format")}
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _DECIMAL}], **rest}
    if schema.get("description") == LOCAL_TIME:
        return {**schema, "pattern": _LOCAL_TIME, "examples": ["2026-03-01T08:30:00"]}
    return {name: _truer(value) for name, value in schema.items()}


def _refusal(description: str, problem: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": problem}}}


def _audit(request: dict[str, Any], answer: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "audit_encounter",
        "summary": "Audit one encounter",
        "description": "Answers when the record is durable. A retry with the same Idempotency-Key and body gets the "
        "first answer again, with the header `Idempotent-Replayed: true`. What the service could not reach in time is "
        "named in `degraded`, and what it could therefore not judge in `not_evaluated`.",
        "security": [{"key": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x20-\\x7e]+$"},
            },
            {
                "name": "X-Deadline-Ms",
                "in": "header",
                "required": False,
                "description": "Within how many milliseconds the answer is wanted; more than 1000 counts as 1000. "
                "Without it: 150 (or what the service is set to) at order entry, else 1000.",
                "schema": {"type": "integer", "minimum": 10, "maximum": 999_999_999},
            },
        ],
        "requestBody": {"required": True, "content": {_JSON: {"schema": request}}},
        "responses": {
            "200": {
                "description": "The audit",
                "content": {_JSON: {"schema": answer}},
                "headers": {"Idempotent-Replayed": {"schema": {"type": "string", "const": "true"}}},
            },
            **{status: _refusal(text, problem) for status, text in _REFUSALS.items()},
        },
    }


def _bulk(request: dict[str, Any], answer: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "audit_encounters",
        "summary": "Audit many encounters, streamed",
        "description": "One request a line in, one answer a line out, in the same order. A line that is no valid "
        "request gets a problem document; the others go on.",
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": {_NDJSON: {"schema": request}}},
        "responses": {
            "200": {
                "description": "A line for each line of the request",
                "content": {_NDJSON: {"schema": {"oneOf": [answer, problem]}}},
            },
            "401": _refusal(_REFUSALS["401"], problem),
        },
    }


_NOT_KEPT = "The settings say that no history is kept"


def _history(encounter: dict[str, Any], kept: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "take_in_history",
        "summary": "Take in past claims, streamed",
        "description": "One encounter a line in, one answer a line out, in the same order: what was kept, once it is "
        "durable, or a problem document. An encounter or a line that is sent again takes its own place.",
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": {_NDJSON: {"schema": encounter}}},
        "responses": {
            "200": {
                "description": "A line for each line of the request",
                "content": {_NDJSON: {"schema": {"oneOf": [kept, problem]}}},
            },
            "401": _refusal(_REFUSALS["401"], problem),
            "409": _refusal(_NOT_KEPT, problem),
        },
    }


def _withdrawal(problem: dict[str, Any]) -> dict[str, Any]:
    identity = {"type": "string", "minLength": 1, "maxLength": 64}
    places = (("encounter", "path"), ("line", "path"), ("facility", "query"))
    return {
        "operationId": "withdraw_line",
        "summary": "Withdraw a line from the patient's history",
        "description": "The line counts no more until it is sent again. Answers when that is durable; to withdraw it "
        "twice does no harm. Write a slash within an id as %2F.",
        "security": [{"key": []}],
        "parameters": [{"name": name, "in": place, "required": True, "schema": identity} for name, place in places],
        "responses": {
            "204": {"description": "The line is withdrawn"},
            "401": _refusal(_REFUSALS["401"], problem),
            "404": _refusal("No such line was ever told", problem),
            "409": _refusal(_NOT_KEPT, problem),
            "422": _refusal("The facility is missing", problem),
            "503": _refusal(_REFUSALS["503"], problem),
        },
    }
