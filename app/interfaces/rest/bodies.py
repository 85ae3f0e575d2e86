"""Small JSON bodies of seldom requests (请求正文), and what OpenAPI says of them and of what refuses them."""

from typing import Any

import msgspec
from fastapi import Request

from app.interfaces.asgi import read_body
from app.interfaces.errors import MEDIA_TYPE, decode_problem

LONGEST = 4096  # bytes of a body
PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}


async def read(request: Request, shape: type[Any]) -> Any:
    """The body as this. Raises Problem."""
    body = await read_body(request.scope, request.receive, LONGEST)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise decode_problem(error) from None


def body_of(shape: type[Any]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components((shape,), ref_template="{name}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": components[shape.__name__]}}}}


_TOLD = {
    400: "The body is not JSON", 401: "Not signed in by that", 403: "Not allowed, or sent from another site",
    404: "There is none", 409: "It was changed meanwhile, or the name is taken", 413: "The body is too large",
    415: "The body is no form",
    422: "The body is no valid request, or not acceptable", 423: "Too many attempts failed",
    503: "The database does not answer; nothing was changed",
}  # fmt: skip


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": _TOLD[status], **PROBLEM} for status in (400, *statuses)}
