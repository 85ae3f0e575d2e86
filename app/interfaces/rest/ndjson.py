"""JSON lines in, JSON lines out (逐行应答): every line has its answer, in order; a bad one has a problem.

Nothing is kept of a line that is longer than the limit, and no answer waits for the client to read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import msgspec

from app.application.pressure import give_way
from app.interfaces.asgi import ClientGone, Receive, Scope, Send, header
from app.interfaces.errors import Problem, internal_error, too_large
from app.interfaces.observe.request_id import reference
from app.interfaces.rest.spool import Spool

log = logging.getLogger("mingjian")

MEDIA_TYPE = "application/x-ndjson"
UNREADABLE = (msgspec.DecodeError, ArithmeticError, UnicodeDecodeError, RecursionError)  # what a decoder may raise

_TURN = 32  # answers between two looks at what else there is to do

Answer = Callable[[bytes], Awaitable[bytes]]


async def answer_lines(
    scope: Scope, receive: Receive, send: Send, answer: Answer, *, limit: int, in_flight: int
) -> None:
    """`answer` is asked of each line and raises Problem for one it refuses; at most `in_flight` are under way at once.

    A line longer than `limit` bytes is refused.
    """
    spool = Spool()
    receive, sender = _begun(scope, receive, send, spool)
    try:
        await _answer_all(lines_of(receive, limit), partial(_answer_one, answer, limit), spool, in_flight)
    except ClientGone:
        sender.cancel()
        spool.close()
        return
    finally:
        spool.finish()
    await sender


async def answer_lines_at_once(
    scope: Scope, receive: Receive, send: Send, answer: Callable[[bytes], bytes], *, limit: int
) -> None:
    """The same where an answer waits for nothing: no task for each line, and other requests get their turns between."""
    spool = Spool()
    receive, sender = _begun(scope, receive, send, spool)
    answers: list[bytes] = []
    try:
        async for line in lines_of(receive, limit):
            await give_way()
            answers.append(_answer_at_once(answer, limit, line))
            if len(answers) >= _TURN:
                spool.write(b"\n".join([*answers, b""]))
                answers.clear()
                await asyncio.sleep(0)
        spool.write(b"\n".join([*answers, b""]))
    except ClientGone:
        sender.cancel()
        spool.close()
        return
    finally:
        spool.finish()
    await sender


def _begun(scope: Scope, receive: Receive, send: Send, spool: Spool) -> tuple[Receive, asyncio.Task[None]]:
    """Answers go out as they are there; behind a proxy only once everything has come: nginx passes nothing more of a
    request on whose answer has begun, and both sides would wait for each other.
    """
    is_whole = asyncio.Event()
    if not header(scope, b"x-forwarded-for"):
        is_whole.set()

    async def watched() -> MutableMapping[str, Any]:
        message = await receive()
        if not message.get("more_body"):
            is_whole.set()
        return message

    async def tell() -> None:
        await is_whole.wait()
        headers = [(b"content-type", MEDIA_TYPE.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await spool.drain(send)

    return watched, asyncio.create_task(tell())


def _answer_at_once(answer: Callable[[bytes], bytes], limit: int, line: bytes | None) -> bytes:
    try:
        if line is None:
            raise too_large(limit, "The line")
        return answer(line)
    except Problem as problem:
        return problem.encode()
    except Exception:  # one broken line must not cost the caller all the others
        told = reference()
        log.exception("a line failed, reference %s", told)
        return internal_error(told).encode()


async def _answer_all(
    lines: AsyncIterator[bytes | None], answer: Callable[[bytes | None], Awaitable[bytes]], spool: Spool, in_flight: int
) -> None:
    pending: deque[asyncio.Task[None]] = deque()
    try:
        async for line in lines:
            await give_way()
            before = pending[-1] if pending else None
            pending.append(asyncio.create_task(_answer_after(before, line, answer, spool)))
            while pending and (len(pending) > in_flight or pending[0].done()):
                await pending.popleft()
        while pending:
            await pending.popleft()
    finally:
        for task in pending:
            task.cancel()


async def _answer_after(
    before: "asyncio.Task[None] | None",
    line: bytes | None,
    answer: Callable[[bytes | None], Awaitable[bytes]],
    spool: Spool,
) -> None:
    """Write the answer as soon as it is there and all answers before it are written."""
    written = await answer(line)
    if before is not None:
        await before
    spool.write(written + b"\n")


async def _answer_one(answer: Answer, limit: int, line: bytes | None) -> bytes:
    try:
        if line is None:
            raise too_large(limit, "The line")
        return await answer(line)
    except Problem as problem:
        return problem.encode()
    except Exception:  # one broken line must not cost the caller all the others
        told = reference()
        log.exception("a line failed, reference %s", told)
        return internal_error(told).encode()


async def lines_of(receive: Receive, limit: int) -> AsyncIterator[bytes | None]:
    """The lines of the body as they arrive, without blank ones; None for a line longer than the limit."""
    buffer, skipping, more = bytearray(), False, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = bool(message.get("more_body"))
        part: bytes = message.get("body", b"")
        buffer += part
        whole: list[bytes] = []
        if b"\n" in part:  # else a long line in many small parts would be copied once for each
            *whole, rest = bytes(buffer).split(b"\n")
            buffer = bytearray(rest)
        for line in whole:
            if skipping:
                skipping = False
            elif len(line) > limit:
                yield None
            elif line.strip():
                yield line
        if len(buffer) > limit:
            if not skipping:
                yield None
            skipping = True
            buffer.clear()
    if buffer.strip() and not skipping:
        yield bytes(buffer)
