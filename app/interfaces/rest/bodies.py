"""Small JSON bodies of seldom requests (请求正文), and what OpenAPI says of them and of what refuses them."""

from typing import Any, TypeVar

import msgspec
from fastapi import Request

from app.interfaces.asgi import read_body
from app.interfaces.errors import MEDIA_TYPE, decode_problem

T = TypeVar("T")

LONGEST = 4096  # bytes of a body
PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}


async def read(request: Request, shape: type[T], longest: int = LONGEST, *, blank: bytes = b"") -> T:
    """The body as this; `blank` is what an empty one stands for. Raises Problem."""
    body = await read_body(request.scope, request.receive, longest)
    try:
        return msgspec.json.decode(body or blank, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise decode_problem(error) from None


def body_of(shape: type[Any], *, is_required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": is_required, "content": {"application/json": {"schema": schema_of(shape)}}}}


def schema_of(shape: type[Any]) -> dict[str, Any]:
    """The schema with all that it is made of in its place."""
    (top,), components = msgspec.json.schema_components((shape,), ref_template="{name}")
    whole: dict[str, Any] = _inlined(top, components)
    return whole


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    if isinstance(schema, list | tuple):
        return [_inlined(one, components) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return {**_inlined(components[schema["$ref"]], components), **_inlined(rest, components)}
    return {name: _inlined(value, components) for name, value in schema.items()}


_TOLD = {
    400: "The body is not JSON", 401: "Not signed in by that", 403: "Not allowed, or sent from another site",
    404: "There is none", 409: "It was changed meanwhile, or the name is taken", 413: "The body is too large",
    415: "The body is no form",
    422: "The body is no valid request, or not acceptable", 423: "Too many attempts failed",
    428: "The version that was seen is not told",
    503: "The database does not answer; nothing was changed",
}  # fmt: skip


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": _TOLD[status], **PROBLEM} for status in (400, *statuses)}
