"""Access log (访问日志): a line for every request, of nothing that a caller chose but the id that was checked.

A refusal is told with its reason; one that keeps somebody out is a warning. Lines are written a few times a second and
not one by one: a write for each would cost a request more than all the rest of watching it.
"""

import asyncio
import sys
import time
from collections.abc import Callable

import msgspec

from app.interfaces.observe.logs import moment
from app.interfaces.observe.request_id import Seen
from app.interfaces.observe.routes import Route

_LOGGER = "mingjian.access"
_WRITE_EVERY = 0.25  # seconds
_MOST = 500  # lines that may wait
_KEPT_OUT = frozenset({401, 403, 423, 429})
_encode = msgspec.json.Encoder().encode


class _Line(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """In the order in which it is written."""

    time: str
    level: str
    logger: str
    message: str
    request_id: str
    method: str
    route: str
    status: int
    ms: float
    interface: str
    stage: str
    caller: str
    refused: str = ""


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class AccessLog:
    def __init__(
        self, as_json: bool, write: Callable[[str], object] = _to_stderr, *, only_refused: bool = False
    ) -> None:
        self._form, self._write = _as_json if as_json else _as_text, write
        self._only_refused = only_refused
        self._waiting: list[tuple[float, Route, Seen, float, str]] = []

    def note(self, route: Route, seen: Seen, seconds: float, caller: str) -> None:
        if self._only_refused and not seen.refused:
            return
        self._waiting.append((time.time(), route, seen, seconds, caller))
        if len(self._waiting) >= _MOST:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._write("\n".join([*[self._form(*one) for one in waiting], ""]))

    async def follow(self) -> None:
        """Write what waits, for ever; call it as a task."""
        while True:
            await asyncio.sleep(_WRITE_EVERY)
            self.flush()


def _as_json(at: float, route: Route, seen: Seen, seconds: float, caller: str) -> str:
    method, template, interface = route
    return _encode(
        _Line(
            moment(at), _level(seen), _LOGGER, f"{method} {template} {seen.status}", seen.id, method, template,
            seen.status, round(seconds * 1000, 3), interface, seen.stage, caller, seen.refused,
        )
    ).decode()  # fmt: skip


def _as_text(at: float, route: Route, seen: Seen, seconds: float, caller: str) -> str:
    told = f"{route.method} {route.template} {seen.status} {seconds * 1000:.1f} ms {caller or '-'}"
    refused = f" {seen.refused}" if seen.refused else ""
    return f"{moment(at)} {_level(seen)} {_LOGGER} [{seen.id}] {told}{refused}"


def _level(seen: Seen) -> str:
    return "WARNING" if seen.status in _KEPT_OUT else "INFO"
