"""Watching (观测总成): all of it put together, for the composition root."""

import asyncio
import os
import time

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from app.application.observe_audits import AuditObserver
from app.interfaces.asgi import Application
from app.interfaces.observe.access_log import AccessLog
from app.interfaces.observe.audits import CountedAudits
from app.interfaces.observe.condition import Condition, Sources
from app.interfaces.observe.lags import ASK_EVERY, Lags
from app.interfaces.observe.logs import is_json
from app.interfaces.observe.metrics import Metrics
from app.interfaces.observe.observed import Observed
from app.interfaces.observe.routes import Routes
from app.interfaces.observe.shared import exposition
from app.interfaces.observe.tracing import Traced, TracedAudits, Tracing, provider_for
from app.interfaces.operations import BASES, OPERATIONS
from app.settings import Settings
from app.trail.keys import read_verifier

PATH = "/metrics"
_LOOK_EVERY = 1.0


class Watching:
    """`observer` is for the auditor; `wrap` goes around everything, the gate too; `open` needs the store to be open."""

    def __init__(self, settings: Settings, version: str) -> None:
        self.metrics = Metrics()
        self.observer: AuditObserver = CountedAudits(self.metrics.audits)
        self._routes, self._version = routes_of(settings), version
        self._witnesses = [read_verifier(one["key"]).name for one in settings.trail_witnesses]
        self._access = AccessLog(is_json(settings.log_format), only_refused=not settings.access_log)
        self._condition: Condition | None = None
        self._lags: Lags | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._tracing: Tracing | None = None
        if (provider := provider_for(os.environ, version)) is not None:
            self._tracing = Tracing(provider)
            self.observer = TracedAudits(self._tracing.tracer, self.observer)

    def wrap(self, behind: Application) -> Observed:
        if self._tracing is not None:
            behind = Traced(behind, self._routes, self._tracing.tracer)
        return Observed(behind, self._routes, self.metrics, self._access)

    def router(self) -> APIRouter:
        routes = APIRouter()

        @routes.get(
            PATH, summary="Figures of requests, audits, dependencies and the trail", response_class=PlainTextResponse
        )
        async def show_metrics() -> Response:
            """As Prometheus reads them; docs/operations/monitoring.md explains each."""
            if self._condition is not None:
                self._condition.look(0.0)
            text = await asyncio.to_thread(exposition, self.metrics.registry)
            return PlainTextResponse(
                text, headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4, "cache-control": "no-store"}
            )

        return routes

    async def open(self, sources: Sources) -> None:
        self._condition = Condition(self.metrics, sources, self._version)
        self._lags = Lags(self.metrics.registry, sources.published, sources.trail, self._witnesses)
        self._condition.look(0.0)
        followed = [self._follow(self._condition, self._lags), _ask(self._lags), self._access.follow()]
        self._tasks = [asyncio.create_task(one) for one in followed]

    async def close(self) -> None:
        """What was counted is left to be read; what was logged is written."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._access.flush()
        if self._tracing is not None:
            await self._tracing.close()

    async def _follow(self, condition: Condition, lags: Lags) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            now = time.monotonic()
            condition.woke_late(now - before - _LOOK_EVERY)
            condition.look(now - before)
            lags.look()
            before = now


async def _ask(lags: Lags) -> None:
    while True:
        await lags.ask()
        await asyncio.sleep(ASK_EVERY)


def routes_of(settings: Settings) -> Routes:
    """Every operation that the gate knows, by the interface that it belongs to."""
    national = settings.nhsa_base.rstrip("/")
    interfaces = {
        settings.popup_path: "popup",
        "/popup": "popup",
        national: "nhsa",
        "/cds-services": "cds_hooks",
        "/fhir": "fhir",
        "/console": "console",
    }
    return Routes(OPERATIONS, (*BASES, settings.popup_path, national), interfaces)
