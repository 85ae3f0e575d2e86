"""The OpenAPI document: what FastAPI knows of its routes, and the hot endpoints, whose bodies msgspec decodes."""

from typing import Any

import msgspec
from fastapi import FastAPI

from app.domain.audit import Audit, AuditRequest
from app.domain.line import LOCAL_TIME
from app.interfaces.errors import MEDIA_TYPE, ProblemDocument

_JSON, _NDJSON = "application/json", "application/x-ndjson"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
_LOCAL_TIME = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$"  # no format: date-time has a zone
)
_REFUSALS = {
    "400": "The body is not JSON, or the Idempotency-Key is not usable",
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
            (request, answer, problem), components = msgspec.json.schema_components(
                (AuditRequest, Audit, ProblemDocument), ref_template="#/components/schemas/{name}"
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(_truer(components))
            document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            _secure(document, problem)
            document["paths"]["/v1/audits"] = {"post": _audit(request, answer, problem)}
            document["paths"]["/v1/audits/bulk"] = {"post": _bulk(request, answer, problem)}
            document["paths"]["/v1/audits/{audit_id}"]["get"]["responses"]["200"]["content"] = {
                _JSON: {"schema": answer}
            }
            document["paths"] = dict(sorted(document["paths"].items()))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _secure(document: dict[str, Any], problem: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path != "/healthz":
                operation["security"] = [{"key": []}]
                operation["responses"]["401"] = _refusal(_REFUSALS["401"], problem)
            if "{" in path:
                operation["responses"]["404"] = _refusal("No such thing", problem)
            if operation["responses"].pop("422", None) and operation.get("parameters"):
                operation["responses"]["422"] = _refusal("A parameter is not valid", problem)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


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
        "first answer again, with the header `Idempotent-Replayed: true`.",
        "security": [{"key": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x20-\\x7e]+$"},
            }
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
