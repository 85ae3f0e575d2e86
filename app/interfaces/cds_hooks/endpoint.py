"""The endpoint of CDS Hooks: `/cds-services` for discovery, `…/{id}` for calls, `…/{id}/feedback` for what became of
the cards. Browsers ask first whether they may (CORS): every answer, refusals too, says so.
"""

import logging
import re
import time
from collections.abc import Callable

from app.application.authorise import OutOfScope
from app.interfaces.asgi import ClientGone, Header, Receive, Scope, Send, header, read_body, respond
from app.interfaces.cds_hooks.contracts import Authenticate
from app.interfaces.cds_hooks.discovery import SERVICES, Discovery
from app.interfaces.cds_hooks.feedback import FeedbackService
from app.interfaces.cds_hooks.outcome import respond_outcome
from app.interfaces.cds_hooks.request import read_call
from app.interfaces.cds_hooks.service import HookService
from app.interfaces.deadline import asked_ms
from app.interfaces.errors import Problem, internal_error, method_not_allowed, not_found, not_recorded, out_of_scope
from app.interfaces.observe.request_id import reference as new_reference
from app.store.audit_log import NotRecorded

log = logging.getLogger("mingjian.cds_hooks")
BASE = "/cds-services"
Cors = Callable[[Scope], list[Header]]


class CdsHooksEndpoint:
    def __init__(
        self,
        discovery: Discovery,
        service: HookService,
        feedback: FeedbackService,
        authenticate: Authenticate,
        max_body: int,
        cors: Cors = lambda _: [],
        *,
        guards_discovery: bool = False,
    ) -> None:
        """`cors`: the headers for who asks from a browser."""
        self._guards_discovery = guards_discovery
        self._discovery, self._service, self._feedback = discovery, service, feedback
        self._authenticate, self._max_body, self._cors = authenticate, max_body, cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cors = self._cors(scope)
        try:
            if scope["method"] == "OPTIONS":
                await respond(send, 204, b"", extra=cors)
            elif scope["path"].rstrip("/") == BASE:
                await self._discover(scope, send, cors)
            else:
                await self._serve(scope, receive, send, cors)
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

    async def _discover(self, scope: Scope, send: Send, cors: list[Header]) -> None:
        _only(scope, "GET", "HEAD")
        if self._guards_discovery:
            await self._authenticate(scope)
        found = self._discovery.current()
        extra = [(b"etag", found.etag.encode()), (b"cache-control", b"no-cache"), *cors]
        known = [one.strip().removeprefix("W/") for one in header(scope, b"if-none-match").split(",")]
        if found.etag in known or "*" in known:
            await respond(send, 304, b"", extra=extra)
        else:
            await respond(send, 200, b"" if scope["method"] == "HEAD" else found.body, extra=extra)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, cors: list[Header]) -> None:
        started = time.monotonic()
        service, _, rest = scope["path"][len(BASE) + 1 :].rstrip("/").partition("/")
        hook = SERVICES.get(service)
        if hook is None or rest not in ("", "feedback"):
            raise not_found("service", service[:64])
        _only(scope, "POST")
        caller = await self._authenticate(scope)
        wanted = asked_ms(scope)
        body = await read_body(scope, receive, self._max_body)
        if rest == "feedback":
            await self._feedback.take(body, hook, caller.id)
            await respond(send, 200, b"", extra=cors)
            return
        call = read_call(body)
        if call.hook and call.hook != hook:
            named = _hook_told(call.hook)
            told = f"service {service} serves {hook}, the body says {named}; send it to the service of its hook"
            raise Problem(400, "wrong-hook", "The hook is that of another service", told)
        await respond(send, 200, await self._service.answer(call, hook, caller, started, wanted), extra=cors)


def _hook_told(hook: str) -> str:
    """Only what may be a hook is told again."""
    return hook if re.fullmatch(r"[a-z][a-z-]{1,63}", hook) else "another"


def _only(scope: Scope, *methods: str) -> None:
    if scope["method"] not in methods:
        raise method_not_allowed(scope["method"], scope["path"], ", ".join((*methods, "OPTIONS")))
