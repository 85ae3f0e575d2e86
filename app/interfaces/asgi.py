"""The little of ASGI that hot endpoints need: they stand before the router, as plain functions.

A framework route costs 100 µs a request here, as much as judging it (benchmarks/http.py).
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from app.application.authorise import OutOfScope
from app.interfaces.errors import (
    MEDIA_TYPE,
    Problem,
    internal_error,
    method_not_allowed,
    out_of_scope,
    problem_headers,
    too_large,
)
from app.interfaces.observe.request_id import note_refusal
from app.interfaces.observe.request_id import reference as new_reference

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

REFERENCE = "mingjian.reference"  # in the scope: by which the answer names a failure that is yet to be logged
log = logging.getLogger("mingjian")


class ClientGone(Exception):
    """The client hung up before its request was whole."""


def header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return ""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body; raises Problem (413) as soon as it is known to pass the limit."""
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise too_large(limit)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large(limit)
    return b"".join(parts)


async def respond(
    send: Send, status: int, body: bytes, media_type: bytes = b"application/json", extra: Iterable[Header] = ()
) -> None:
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode()), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def respond_problem(send: Send, problem: Problem) -> None:
    note_refusal(problem.reason)
    extra = [(name.encode(), value.encode()) for name, value in problem_headers(problem).items()]
    await respond(send, problem.status, problem.encode(), MEDIA_TYPE.encode(), extra)


class FastLane:
    """Serves a few (method, path) pairs and a few bases itself, and hands everything else to the application behind."""

    def __init__(
        self,
        behind: Application,
        lanes: Mapping[tuple[str, str], Application],
        bases: Mapping[str, Application] | None = None,
    ) -> None:
        """`bases`: whatever the method, the path itself and all below it; the first that fits serves."""
        self.behind, self._lanes, self._bases = behind, lanes, tuple((bases or {}).items())
        paths = {path for _, path in lanes}
        self._methods = {path: ", ".join(sorted(one for one, where in lanes if where == path)) for path in paths}

    def _lane(self, scope: Scope) -> Application | None:
        method, path = scope["method"], scope["path"]
        lane = self._lanes.get((method, path))
        if lane is not None:
            return lane
        if allowed := self._methods.get(path):
            raise method_not_allowed(method, path, allowed)
        for base, found in self._bases:
            if path.startswith(base) and path[len(base) : len(base) + 1] in ("", "/"):
                return found
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.behind(scope, receive, send)
            return
        started = False

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await (self._lane(scope) or self.behind)(scope, receive, watched)
        except Problem as problem:
            await respond_problem(send, problem)
        except OutOfScope:
            await respond_problem(send, out_of_scope())
        except ClientGone:
            return
        except Exception:
            reference = scope.get(REFERENCE) or new_reference()
            log.exception("request failed, reference %s", reference)
            if not started:
                await respond_problem(send, internal_error(reference))
