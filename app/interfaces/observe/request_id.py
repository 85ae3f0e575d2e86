"""Request id (请求编号): by which an answer, the log and the caller's own records speak of the same request."""

import re
import secrets
from contextvars import ContextVar
from itertools import count

from app.interfaces.observe.redact import is_clean

HEADER = b"x-request-id"
_PROCESS = secrets.token_hex(4)  # a number and not chance for each request: asking the system for chance takes longer
_numbers = count(1)
_WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")


class Seen:
    """A request on its way: `stage` is that of the last audit within it, `status` 0 before it is answered, `refused`
    why it was refused, in a word of this code.
    """

    __slots__ = ("id", "refused", "stage", "status")

    def __init__(self, request_id: str) -> None:
        self.id, self.stage, self.status, self.refused = request_id, "none", 0, ""


SEEN: ContextVar[Seen | None] = ContextVar("mingjian_request", default=None)


def taken_or_made(sent: bytes) -> str:
    """The caller's own id where it is well-formed and names no person, else a new one."""
    if sent and _WELL_FORMED.fullmatch(sent):
        text = sent.decode("ascii")
        if is_clean(text):
            return text
    return f"{_PROCESS}{next(_numbers):08x}"


def current_id() -> str:
    """Blank outside of a request."""
    seen = SEEN.get()
    return "" if seen is None else seen.id


def note_refusal(reason: str) -> None:
    """For the access log and the metrics: the request that is being served is refused."""
    seen = SEEN.get()
    if seen is not None:
        seen.refused = reason


def reference() -> str:
    """By which an error is told and logged: the id of the request, or a number of its own where there is none."""
    return current_id() or secrets.token_hex(6)
