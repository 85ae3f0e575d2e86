"""Admission (准入控制): whether there is room for a request now. It stands behind the gate, and so knows who calls.

Order entry is never refused: a check for which there is no room is answered at once as passed and not judged, and is
audited later. Everything else is told when to come again, the least pressing first.
"""

import asyncio
import math
from collections.abc import Mapping, MutableMapping
from typing import Any

from app.application.deadline import SHED
from app.application.pressure import BACKGROUND, Pressure
from app.domain.access import Caller
from app.domain.work import Work
from app.interfaces.asgi import Application, Receive, Scope, Send, header, respond_problem
from app.interfaces.caller import KEY
from app.interfaces.errors import Problem
from app.interfaces.rate_limits import RateLimits
from app.interfaces.waiting import Limits, Line
from app.interfaces.work import WorkTable, stage_of
from app.settings import Settings

USUAL: Mapping[Work, Limits] = {
    Work.ORDERING: Limits(running=12, waiting=1024, patience=0.02, lag=0.25),
    Work.SETTLING: Limits(running=16, waiting=256, patience=0.3, lag=0.1),
    Work.RETROSPECTIVE: Limits(running=8, waiting=32, patience=2.0, lag=0.06),
    Work.DASHBOARD: Limits(running=8, waiting=32, patience=1.0, lag=0.04),
    Work.EXPORT: Limits(running=2, waiting=8, patience=1.0, lag=0.03),
}
_YIELDS_TO: Mapping[Work, tuple[Work, ...]] = {
    Work.ORDERING: (),
    Work.SETTLING: (),  # somebody waits for it, too
    Work.RETROSPECTIVE: (Work.ORDERING, Work.SETTLING),
    Work.DASHBOARD: (Work.ORDERING, Work.SETTLING),
    Work.EXPORT: (Work.ORDERING, Work.SETTLING, Work.RETROSPECTIVE, Work.DASHBOARD),
}
_LOOK_AGAIN = 0.02  # seconds
_USUAL_MS, _LONGEST_MS = 150, 1000
_HOLD = 0.6  # of the time that the caller has, until a shed check is answered: who asks again at once costs the others
_DIGITS = 9
_REFUSAL, _MOST_HELD = 0.5, 512  # seconds until a refusal is answered, and how many may be held
_RETRY_AFTER = 2  # seconds


def open_admission(behind: Application, pressure: Pressure, settings: Settings) -> "Admission":
    """Before all interfaces, as the settings say."""
    table = WorkTable((settings.nhsa_base.rstrip("/"),))
    return Admission(behind, pressure, table, RateLimits(settings.rate_limits))


class Admission:
    def __init__(
        self,
        behind: Application,
        pressure: Pressure,
        table: WorkTable,
        rates: RateLimits,
        limits: Mapping[Work, Limits] = USUAL,
    ) -> None:
        self.behind, self._pressure, self._table, self._rates = behind, pressure, table, rates
        self._held = 0  # refusals that are not answered yet
        self._lines = {work: Line(limits[work]) for work in Work}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = self._table.of(scope) if scope["type"] == "http" else None
        if work is None:
            await self.behind(scope, receive, send)
            return
        if work is Work.ORDERING:
            self._pressure.note_ordering()
        caller, line = _caller_of(scope), self._lines[work]
        wait = self._rates.wait_for(caller, work)
        if not wait and self._may_begin(work) and line.enter(caller):
            await self._serve(work, caller, scope, receive, send)
            return
        if work is Work.ORDERING:
            first = await receive()
            receive = _again(first, receive)
            work = stage_of(scope, first.get("body", b""))
        await self._serve_late(work, caller, wait, scope, receive, send)

    async def _serve_late(
        self, work: Work, caller: str, wait: float, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not wait and await self._has_room(work, caller):
            await self._serve(work, caller, scope, receive, send)
            return
        self._pressure.note_shed(work, is_limited=bool(wait))
        if work is Work.ORDERING or self._table.is_ordering(scope["path"]):
            await self._serve_unjudged(scope, receive, send)
        else:
            await self._hold_back()
            await respond_problem(send, _rate_limited(wait) if wait else _overloaded())

    async def _hold_back(self) -> None:
        """Whoever is refused and asks again at once would cost as much as whoever is served."""
        if self._held < _MOST_HELD:
            self._held += 1
            try:
                await asyncio.sleep(_REFUSAL)
            finally:
                self._held -= 1

    def _may_begin(self, work: Work) -> bool:
        """Not while the process is late, nor where somebody more pressing waits or was turned away a moment ago."""
        if self._pressure.lag >= self._lines[work].limits.lag:
            return False
        yields_to = _YIELDS_TO[work]
        return not yields_to or not (
            any([self._lines[other].waiting for other in yields_to]) or self._pressure.has_just_shed(yields_to)
        )

    async def _has_room(self, work: Work, caller: str) -> bool:
        """Within the patience of the line."""
        loop, line = asyncio.get_running_loop(), self._lines[work]
        until = loop.time() + line.limits.patience
        while not self._may_begin(work):
            if loop.time() >= until:
                return False
            await asyncio.sleep(_LOOK_AGAIN)
        return line.enter(caller) or await line.wait(caller)

    async def _serve(self, work: Work, caller: str, scope: Scope, receive: Receive, send: Send) -> None:
        """There is room, which is given back at the end."""
        self._pressure.note_served(work)
        line, token = self._lines[work], None
        if work is Work.RETROSPECTIVE:
            token = BACKGROUND.set(self._pressure)
        try:
            await self.behind(scope, receive, send)
        finally:
            line.leave(caller)
            if token is not None:
                BACKGROUND.reset(token)

    async def _serve_unjudged(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = header(scope, b"x-deadline-ms")
        has_asked = asked.isdigit() and len(asked) < _DIGITS
        await asyncio.sleep(min(int(asked) if has_asked else _USUAL_MS, _LONGEST_MS) / 1000 * _HOLD)
        token = SHED.set(True)
        try:
            await self.behind(scope, receive, send)
        finally:
            SHED.reset(token)


def _caller_of(scope: Scope) -> str:
    """Where the interface itself tells who calls, by the address: a header could be another one each time."""
    caller = scope.get(KEY)
    if isinstance(caller, Caller):
        return caller.id
    client = scope.get("client")
    return f"@{client[0]}" if client else "@"


def _again(first: MutableMapping[str, Any], receive: Receive) -> Receive:
    """The same as `receive`, with what was taken from it already."""
    kept: list[MutableMapping[str, Any]] = [first]

    async def once_more() -> MutableMapping[str, Any]:
        return kept.pop() if kept else await receive()

    return once_more


def _overloaded() -> Problem:
    return Problem(
        503, "overloaded", "There is no room for this request now",
        f"Checks at order entry go first. Nothing was done; send the same request again in {_RETRY_AFTER} seconds.",
        headers={"retry-after": str(_RETRY_AFTER)},
    )  # fmt: skip


def _rate_limited(wait: float) -> Problem:
    seconds = max(1, math.ceil(wait))
    return Problem(
        429, "rate-limited", "This caller asks for more than its share",
        f"Nothing was done; send the same request again in {seconds} s, and fewer at once.",
        headers={"retry-after": str(seconds)},
    )  # fmt: skip
