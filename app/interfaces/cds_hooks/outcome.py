"""Refusals (错误应答) as a FHIR OperationOutcome; a refused client is told nothing but that it is."""

from collections.abc import Iterable

import msgspec

from app.interfaces.asgi import Header, Send, respond
from app.interfaces.errors import Problem, problem_headers
from app.interfaces.observe.request_id import note_refusal

_CODES = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    412: "incomplete",
    413: "too-long",
    422: "processing",
    503: "transient",
}


async def respond_outcome(send: Send, problem: Problem, extra: Iterable[Header]) -> None:
    note_refusal(problem.reason)
    headers = [(name.encode(), value.encode()) for name, value in problem_headers(problem).items()]
    body = b"" if problem.status == 401 else _encode(problem)
    await respond(send, problem.status, body, b"application/json", [*headers, *extra])


def _encode(problem: Problem) -> bytes:
    document = problem.document
    told = ": ".join(filter(None, (document.title, document.detail)))
    issue = {"severity": "error", "code": _CODES.get(problem.status, "exception"), "diagnostics": told}
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})
