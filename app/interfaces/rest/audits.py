"""POST /v1/audits and /v1/audits/bulk: audit one encounter, or a stream of them."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.domain.audit import AuditRequest
from app.interfaces.asgi import ClientGone, Receive, Scope, Send, header, read_body, respond
from app.interfaces.auth import KeyRing
from app.interfaces.errors import (
    Problem,
    decode_problem,
    idempotency_conflict,
    internal_error,
    not_recorded,
    too_large,
)
from app.interfaces.rest.spool import Spool
from app.store.audit_log import IdempotencyConflict, NotRecorded

log = logging.getLogger("mingjian")

_decode = msgspec.json.Decoder(AuditRequest).decode
_UNREADABLE = (msgspec.DecodeError, ArithmeticError, UnicodeDecodeError, RecursionError)
_KEY_LENGTH = 128
_IN_FLIGHT = 64  # audits of one bulk request that wait for the same commit


class AuditEndpoints:
    def __init__(self, auditor: EncounterAuditor, keys: KeyRing, max_body: int, max_bulk_line: int) -> None:
        self._auditor, self._keys = auditor, keys
        self._max_body, self._max_line = max_body, max_bulk_line

    async def audit_one(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = self._keys.caller_of(header(scope, b"authorization"))
        key = _idempotency_key(scope)
        body = await read_body(scope, receive, self._max_body)
        answer, replayed = await self._audit(body, caller, key)
        await respond(send, 200, answer, extra=[(b"idempotent-replayed", b"true")] if replayed else ())

    async def audit_bulk(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer a line, in the order of the requests; a bad line gets a problem document, the others go on."""
        caller = self._keys.caller_of(header(scope, b"authorization"))
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/x-ndjson")]}
        )
        spool = Spool()
        sender = asyncio.create_task(spool.drain(send))
        try:
            await self._audit_lines(receive, caller, spool)
        except ClientGone:
            sender.cancel()
            return
        finally:
            spool.finish()
        await sender

    async def _audit_lines(self, receive: Receive, caller: str, spool: Spool) -> None:
        pending: deque[asyncio.Task[bytes]] = deque()
        try:
            async for line in _lines(receive, self._max_line):
                pending.append(asyncio.create_task(self._answer_line(line, caller)))
                if len(pending) >= _IN_FLIGHT:
                    spool.write(await pending.popleft())
            while pending:
                spool.write(await pending.popleft())
        finally:
            for task in pending:
                task.cancel()

    async def _answer_line(self, line: bytes | None, caller: str) -> bytes:
        try:
            if line is None:
                raise too_large(self._max_line, "The line")
            return (await self._audit(line, caller, None))[0] + b"\n"
        except Problem as problem:
            return problem.encode() + b"\n"
        except Exception:  # one broken line must not cost the caller all the others
            reference = secrets.token_hex(6)
            log.exception("a line failed, reference %s", reference)
            return internal_error(reference).encode() + b"\n"

    async def _audit(self, body: bytes, caller: str, key: str | None) -> tuple[bytes, bool]:
        try:
            request = _decode(body)
        except _UNREADABLE as error:
            raise decode_problem(error) from None
        try:
            return await self._auditor.audit(request, body, caller=caller, key=key)
        except IdempotencyConflict as error:
            raise idempotency_conflict(str(error)) from None
        except NotRecorded:
            raise not_recorded() from None


def _idempotency_key(scope: Scope) -> str | None:
    """The key of the Idempotency-Key header, a structured string or bare text; None where there is none."""
    sent = [value for name, value in scope["headers"] if name == b"idempotency-key"]
    if not sent:
        return None
    key: str = sent[0].decode("latin-1").strip()
    if key.startswith('"') and key.endswith('"') and len(key) > 1:
        key = key[1:-1]
    if len(sent) > 1 or not 0 < len(key) <= _KEY_LENGTH or not key.isascii() or not key.isprintable():
        detail = f"Send one key, of 1 to {_KEY_LENGTH} printable ASCII characters; a UUID is a good one."
        raise Problem(400, "bad-idempotency-key", "The Idempotency-Key is not usable", detail)
    return key


async def _lines(receive: Receive, limit: int) -> AsyncIterator[bytes | None]:
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
