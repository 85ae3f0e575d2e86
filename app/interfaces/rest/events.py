"""GET /v1/events (实时通知): notices of findings as server-sent events, as far as the caller's scope reaches.

A stream ends after a quarter of an hour, so that whoever listens is asked anew who they are; browsers come back by
themselves, and go on after the last event they have seen.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from app.application.follow_notices import NoticeTail
from app.domain.access import Caller
from app.interfaces.asgi import Receive, Scope, Send, header
from app.interfaces.caller import caller_in
from app.interfaces.errors import Problem, database_unavailable
from app.store.history import Unavailable
from app.store.notices import StoredNotice

EVENTS = "/v1/events"
MOST_OF_ONE, MOST = 4, 200  # streams of one caller, and of this process
_HEARTBEAT = 15.0  # seconds
_LIFE = 900.0
_PAGE = 200
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStreams:
    def __init__(
        self, tail: NoticeTail, *, heartbeat: float = _HEARTBEAT, life: float = _LIFE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._tail, self._heartbeat, self._life, self._clock = tail, heartbeat, life, clock
        self._streams: Counter[str] = Counter()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = caller_in(scope)
        if self._streams[caller.id] >= MOST_OF_ONE or self._streams.total() >= MOST:
            raise _too_many()
        after = await self._start(header(scope, b"last-event-id"))
        self._streams[caller.id] += 1
        gone = asyncio.create_task(_gone(receive))
        stream = asyncio.create_task(self._stream(caller, after, send))
        try:
            with self._tail.listening():
                await asyncio.wait({gone, stream}, return_when=asyncio.FIRST_COMPLETED)
                if stream.done():
                    stream.result()
        finally:
            gone.cancel()
            stream.cancel()
            await asyncio.gather(gone, stream, return_exceptions=True)
            self._streams[caller.id] -= 1
            if not self._streams[caller.id]:
                del self._streams[caller.id]

    async def _start(self, told: str) -> int:
        """After which notice to begin: the one that the listener saw last, or now. Raises Problem."""
        try:
            latest = await self._tail.store.latest()
        except Unavailable:
            raise database_unavailable() from None
        has_seen = told.isascii() and told.isdecimal() and len(told) < 19
        return min(int(told), latest) if has_seen else latest

    async def _stream(self, caller: Caller, after: int, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _say(send, f"retry: 3000\nid: {after}\n: from here\n\n" + await self._gap(after))
        until = self._clock() + self._life
        while (left := until - self._clock()) > 0 and not self._tail.is_ending:
            try:
                latest = await self._tail.store.latest()
                some = await self._tail.store.after(after, caller.scope, _PAGE)
            except Unavailable:
                break  # the listener comes back, and goes on where it was
            if some:
                await _say(send, "".join([_event(one) for one in some]))
                after = some[-1].seq
                continue
            after = max(after, latest)  # what lies outside the scope need not be looked through again
            if not await self._tail.wait(after, min(self._heartbeat, left)):
                await _say(send, f"id: {after}\n: still here\n\n")
        await send({"type": "http.response.body", "body": b""})

    async def _gap(self, after: int) -> str:
        """Says so where some that were missed are no longer kept."""
        try:
            earliest = await self._tail.store.earliest()
        except Unavailable:
            return ""
        return "event: gap\ndata: {}\n\n" if after and earliest > after + 1 else ""


def _event(one: StoredNotice) -> str:
    return f"id: {one.seq}\nevent: {one.kind}\ndata: {one.body}\n\n"


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_many() -> Problem:
    return Problem(
        429, "too-many-streams", "There are too many event streams",
        f"A caller holds at most {MOST_OF_ONE} at once; close one, or share it.", headers={"retry-after": "30"},
    )  # fmt: skip
