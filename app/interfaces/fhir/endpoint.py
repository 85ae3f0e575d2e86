"""`POST /fhir/Claim/$submit` (理赔单审核): a claim in, a ClaimResponse out; refusals are OperationOutcomes."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.application.authorise import OutOfScope, check_place, place_of
from app.application.deadline import Deadlines
from app.application.unnumbered_visits import VisitOf
from app.domain.audit import Audit
from app.interfaces.asgi import ClientGone, Header, Receive, Scope, Send, read_body, respond
from app.interfaces.cds_hooks.contracts import Authenticate
from app.interfaces.cds_hooks.outcome import respond_outcome
from app.interfaces.deadline import asked_ms
from app.interfaces.errors import Problem, internal_error, method_not_allowed, not_recorded, out_of_scope
from app.interfaces.fhir.claim import read_claim
from app.interfaces.fhir.response import response_of
from app.interfaces.fhir.translate import translate
from app.interfaces.observe.request_id import reference as new_reference
from app.store.audit_log import NotRecorded

log = logging.getLogger("mingjian.fhir")

PATH = "/fhir/Claim/$submit"
_FHIR = b"application/fhir+json;charset=utf-8"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ClaimEndpoint:
    def __init__(
        self,
        auditor: EncounterAuditor,
        authenticate: Authenticate,
        visit_of: VisitOf,
        deadlines: Deadlines,
        max_body: int,
        cors: Callable[[Scope], list[Header]] = lambda _: [],
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._auditor, self._authenticate, self._deadlines = auditor, authenticate, deadlines
        self._visit_of = visit_of
        self._max_body, self._cors, self._now = max_body, cors, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cors = self._cors(scope)
        try:
            if scope["method"] == "OPTIONS":
                await respond(send, 204, b"", extra=cors)
            else:
                await respond(send, 200, await self._submit(scope, receive), _FHIR, cors)
        except ClientGone:
            raise
        except OutOfScope:
            await respond_outcome(send, out_of_scope(), cors)
        except NotRecorded:
            await respond_outcome(send, not_recorded(), cors)
        except Problem as problem:
            await respond_outcome(send, problem, cors)
        except Exception:
            reference = new_reference()
            log.exception("request failed, reference %s", reference)
            await respond_outcome(send, internal_error(reference), cors)

    async def _submit(self, scope: Scope, receive: Receive) -> bytes:
        started = time.monotonic()
        if scope["method"] != "POST" or scope["path"] != PATH:
            raise method_not_allowed(scope["method"], scope["path"], f"POST {PATH}")
        caller, wanted = await self._authenticate(scope), asked_ms(scope)
        body = await read_body(scope, receive, self._max_body)
        submitted = read_claim(body)
        asked = translate(submitted, caller.id, self._now(), self._visit_of)
        check_place(caller, place_of(asked.request.encounter))
        deadline = self._deadlines.of(asked.request.stage, started, wanted)
        judged = await self._auditor.judge(asked.request, asked.issues, is_body=False, deadline=deadline)
        lines = asked.request.encounter.charge_lines

        def told(audit: Audit) -> bytes:
            return _encode(response_of(submitted.claim, audit, lines, asked.sequences))

        answer, _ = await self._auditor.record(
            judged, body, caller=caller.id, sent=told(judged.audit), deadline=deadline, told=told
        )
        return answer
