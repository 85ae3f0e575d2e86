"""Observed (请求观测), outermost around all interfaces: every request gets its id, and is timed, counted and logged."""

import logging
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

from app.interfaces.asgi import REFERENCE, Application, Receive, Scope, Send, header, respond_problem
from app.interfaces.caller import KEY as CALLER
from app.interfaces.errors import internal_error
from app.interfaces.observe.access_log import AccessLog
from app.interfaces.observe.metrics import Metrics
from app.interfaces.observe.request_id import HEADER, SEEN, Seen, taken_or_made
from app.interfaces.observe.routes import Routes

log = logging.getLogger("mingjian")


class Observed:
    def __init__(self, behind: Application, routes: Routes, metrics: Metrics, access: AccessLog | None = None) -> None:
        self.behind, self._routes, self._metrics, self._access = behind, routes, metrics, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.behind(scope, receive, send)
            return
        began, metrics = perf_counter(), self._metrics
        seen = Seen(taken_or_made(header(scope, HEADER).encode("latin-1")))
        token = SEEN.set(seen)
        scope[REFERENCE] = seen.id
        metrics.in_flight += 1

        async def answering(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, seen.id.encode())]
            await send(message)

        try:
            await self.behind(scope, receive, answering)
        except Exception:  # nothing behind should let one through; who waits is answered all the same
            log.exception("request failed, reference %s", seen.id)
            if not seen.status:
                await respond_problem(answering, internal_error(seen.id))
        finally:
            metrics.in_flight -= 1
            self._tell(scope, seen, perf_counter() - began)
            SEEN.reset(token)

    def _tell(self, scope: Scope, seen: Seen, seconds: float) -> None:
        route = self._routes.of(scope["method"], scope["path"])
        self._metrics.request(route.interface, seen.stage, seen.status, seconds)
        if seen.refused:
            self._metrics.refused(seen.refused)
        if self._access is not None:
            caller = scope.get(CALLER)
            self._access.note(route, seen, seconds, "" if caller is None else caller.id)
