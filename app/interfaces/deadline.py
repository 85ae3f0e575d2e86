"""The header X-Deadline-Ms (时限请求头): by when a caller wants the answer."""

from app.application.deadline import LONGEST_MS, SHORTEST_MS
from app.interfaces.asgi import Scope
from app.interfaces.errors import Problem

NAME = "X-Deadline-Ms"
_NAME = NAME.lower().encode()
_DIGITS = 9


def asked_ms(scope: Scope) -> int | None:
    """Milliseconds; None where the caller leaves it to the service. Raises Problem (400) for what is no time."""
    sent = [value for name, value in scope["headers"] if name == _NAME]
    if not sent:
        return None
    text = sent[0]
    if len(sent) == 1 and text.isdigit() and len(text) <= _DIGITS and int(text) >= SHORTEST_MS:
        return int(text)
    detail = (
        f"Send whole milliseconds, {SHORTEST_MS} or more; more than {LONGEST_MS} counts as {LONGEST_MS}. Without the"
        " header the service takes what is usual."
    )
    raise Problem(400, "bad-deadline", f"The {NAME} is not usable", detail)
