"""POST /v1/audits and /v1/audits/bulk: audit one encounter, or a stream of them."""

import time

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.application.authorise import OutOfScope, check_place, place_of
from app.application.deadline import SHED, Deadline, Deadlines
from app.domain.access import Caller
from app.domain.audit import AuditRequest
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.caller import caller_in
from app.interfaces.deadline import asked_ms
from app.interfaces.errors import (
    Problem,
    decode_problem,
    idempotency_conflict,
    not_recorded,
    out_of_scope,
)
from app.interfaces.rest.ndjson import UNREADABLE, answer_lines
from app.store.audit_log import IdempotencyConflict, NotRecorded

_decode = msgspec.json.Decoder(AuditRequest).decode
_KEY_LENGTH = 128
_IN_FLIGHT = 64  # audits of one bulk request that wait for the same commit


class AuditEndpoints:
    def __init__(
        self,
        auditor: EncounterAuditor,
        max_body: int,
        max_bulk_line: int,
        deadlines: Deadlines | None = None,
    ) -> None:
        self._auditor, self._deadlines = auditor, deadlines or Deadlines()
        self._max_body, self._max_line = max_body, max_bulk_line

    async def audit_one(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        caller = caller_in(scope)
        key, asked = _idempotency_key(scope), asked_ms(scope)
        body = await read_body(scope, receive, self._max_body)
        if SHED.get() and (answer := self._auditor.pass_unjudged(body, caller)) is not None:
            await respond(send, 200, answer)
            return
        request = _decoded(body)
        deadline = self._deadlines.of(request.stage, started, asked)
        told, replayed = await self._audit(request, body, caller, deadline, key)
        await respond(send, 200, told, extra=[(b"idempotent-replayed", b"true")] if replayed else ())

    async def audit_bulk(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer a line, in the order of the requests; a bad line gets a problem document, the others go on."""
        caller = caller_in(scope)

        async def answer(line: bytes) -> bytes:
            deadline = self._deadlines.of_bulk(time.monotonic())
            try:
                return (await self._audit(_decoded(line), line, caller, deadline))[0]
            except OutOfScope:
                raise out_of_scope() from None

        await answer_lines(scope, receive, send, answer, limit=self._max_line, in_flight=_IN_FLIGHT)

    async def _audit(
        self, request: AuditRequest, body: bytes, caller: Caller, deadline: Deadline, key: str | None = None
    ) -> tuple[bytes, bool]:
        check_place(caller, place_of(request.encounter))
        try:
            return await self._auditor.audit(request, body, caller=caller.id, key=key, deadline=deadline)
        except IdempotencyConflict as error:
            raise idempotency_conflict(str(error)) from None
        except NotRecorded:
            raise not_recorded() from None


def _decoded(body: bytes) -> AuditRequest:
    try:
        return _decode(body)
    except UNREADABLE as error:
        raise decode_problem(error) from None


def _idempotency_key(scope: Scope) -> str | None:
    """The key of the Idempotency-Key a structured string or bare text; None where there is none."""
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
