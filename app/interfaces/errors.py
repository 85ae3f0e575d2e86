"""Errors as RFC 9457 problem documents: what is wrong, where, why, and what to do."""

import re
from collections.abc import Mapping

import msgspec

MEDIA_TYPE = "application/problem+json"
_TYPES = "urn:mingjian:problem:"  # docs/errors.md explains each
_LONGEST = 300  # characters of what was sent that are told again
_PLACE = re.compile(r"^(?P<text>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_TOLD_AGAIN = re.compile(r"(?<=Invalid enum value) '.*?'(?= - at `|$)", re.DOTALL)  # it may be somebody's name
_FIELD = re.compile(r"(?:unknown field|required field) `([^`]+)`|^`([^`]+)` ")


class FieldError(msgspec.Struct, frozen=True):
    """One fault: `pointer` is a JSON pointer (RFC 6901) into the body that was sent."""

    pointer: str
    detail: str


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):
    """A refusal with a status code. `name` is the anchor of its explanation in docs/errors.md; `reason` is the same for
    the log, which of who lacks a permission says which.
    """

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str = "",
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status, self.reason = status, name
        self.headers = headers or {}
        self.document = ProblemDocument(_TYPES + name, title, status, detail, errors)

    def encode(self) -> bytes:
        return msgspec.json.encode(self.document)


def decode_problem(error: Exception, what: str = "The body") -> Problem:
    """What to answer when `msgspec` could not decode a body: 400 for what is not JSON, 422 for what is no request."""
    if not isinstance(error, msgspec.ValidationError):
        detail = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Problem(400, "malformed-json", f"{what} is not JSON that can be read", detail)
    said = _TOLD_AGAIN.sub("", str(error))
    found = _PLACE.match(said)
    text, path = (found["text"], found["path"] or "") if found else (said, "")
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
    if field := _FIELD.search(text):
        name: str = field[1] or field[2]
        pointer += "/" + name[:_LONGEST].replace("~", "~0").replace("/", "~1")
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    detail = f"{text}; see /docs for the fields that are known and their forms"
    return Problem(422, "invalid-request", f"{what} is not a valid request", text, (FieldError(pointer, detail),))


def unauthorized() -> Problem:
    return Problem(
        401,
        "unauthorized",
        "A valid key is needed",
        "Send the header `Authorization: Bearer …` with a key of this service.",
    )


def forbidden(permission: str) -> Problem:
    problem = Problem(
        403, "forbidden", "This caller may not do that",
        f"It needs the permission {permission}; a security administrator grants roles that hold it.",
    )  # fmt: skip
    problem.reason = f"forbidden {permission}"
    return problem


def out_of_scope() -> Problem:
    return Problem(
        403, "out-of-scope", "This lies outside what the caller may see or change",
        "Its facility, campus, department or physician is not within the caller's scope; nothing was done.",
    )  # fmt: skip


def not_served(method: str, path: str) -> Problem:
    detail = f"{method} {path[:_LONGEST]} is not served here; /docs lists what is."
    return Problem(404, "not-found", "Not Found", detail)


def not_found(what: str, name: str) -> Problem:
    return Problem(404, "not-found", f"There is no such {what}", f"{what} {name!r} is not known here; check the id.")


def method_not_allowed(method: str, path: str, allowed: str) -> Problem:
    """`allowed`: the methods that the path knows, parted by commas."""
    detail = f"{method} {path} is not served here, {allowed} is; /docs lists everything."
    return Problem(405, "method-not-allowed", "Method Not Allowed", detail, headers={"allow": allowed})


def too_large(limit: int, what: str = "The body") -> Problem:
    return Problem(
        413, "too-large", f"{what} is too large",
        f"At most {limit} bytes are read; send fewer lines, or several encounters to /v1/audits/bulk.",
    )  # fmt: skip


def idempotency_conflict(key: str) -> Problem:
    return Problem(
        422, "idempotency-key-reused", "The Idempotency-Key was used with another body",
        f"The key {key!r} belongs to another request; use a new key for a new request.",
    )  # fmt: skip


def not_recorded() -> Problem:
    return Problem(
        503, "not-recorded", "The audit could not be recorded",
        "Nothing was acknowledged and nothing half-written; send the same request again.",
    )  # fmt: skip


def database_unavailable() -> Problem:
    return Problem(
        503, "database-unavailable", "The database does not answer",
        "Nothing was changed; send the same request again.",
    )  # fmt: skip


def internal_error(reference: str) -> Problem:
    return Problem(
        500, "internal-error", "Something broke inside the service",
        f"Nothing was recorded. Tell your administrator the reference {reference}; the log holds the cause under it.",
    )  # fmt: skip


def problem_headers(problem: Problem) -> dict[str, str]:
    return {"www-authenticate": "Bearer"} if problem.status == 401 else dict(problem.headers)
