"""Tracing (链路追踪), where an address to send spans to is given: one for each request, and for what an audit takes.

Nothing of its SDK is imported otherwise. Spans name operations, stages, decisions and ids that this service made;
nothing of what a request says, and no text of an exception, which may quote it.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from app.application.deadline import Deadline
from app.application.observe_audits import AuditObserver
from app.application.patient_history import Gathered
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.decision import Stage
from app.interfaces.asgi import Application, Receive, Scope, Send, header
from app.interfaces.observe.request_id import current_id
from app.interfaces.observe.routes import Routes

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = logging.getLogger("mingjian")

_WANTED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def provider_for(environment: Mapping[str, str], version: str) -> "TracerProvider | None":
    """None where no address is given, or the extra `otel` is not installed."""
    if not any([environment.get(name) for name in _WANTED]):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.error("spans are wanted, but the extra `otel` is not installed; none are sent")
        return None
    told = {"service.name": environment.get("OTEL_SERVICE_NAME") or "mingjian", "service.version": version}
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Tracing:
    """Spans of one process."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self.tracer = provider.get_tracer("mingjian")

    async def close(self) -> None:
        """Send what waits."""
        await asyncio.to_thread(self._provider.shutdown)


class Traced:
    """A span around each request, which belongs to the caller's where `traceparent` names one."""

    def __init__(self, behind: Application, routes: Routes, tracer: "Tracer") -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.behind, self._routes, self._tracer = behind, routes, tracer
        self._outer = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        if scope["type"] != "http":
            await self.behind(scope, receive, send)
            return
        method, template, interface = self._routes.of(scope["method"], scope["path"])
        with self._tracer.start_as_current_span(
            f"{method} {template}",
            context=self._outer.extract({"traceparent": header(scope, b"traceparent")}),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "http.route": template,
                "mingjian.interface": interface,
                "mingjian.request_id": current_id(),
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def answering(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self.behind(scope, receive, answering)


class TracedAudits:
    """Spans of what an audit took, made when it is over; and then whatever the next observer does."""

    def __init__(self, tracer: "Tracer", further: AuditObserver) -> None:
        self._tracer, self._further = tracer, further

    def judged(
        self, asked: AuditRequest, gathered: Gathered, audit: Audit, judgement: Judgement, times: tuple[float, float]
    ) -> None:
        self._further.judged(asked, gathered, audit, judgement, times)
        self._span("history", times[0], times[1], {"mingjian.complete": gathered.is_complete})
        told = {
            "mingjian.stage": audit.stage.value,
            "mingjian.decision": audit.decision.value,
            "mingjian.ruleset": audit.ruleset,
            "mingjian.findings": len(judgement.findings),
            "mingjian.not_evaluated": len(judgement.not_evaluated),
        }
        self._span("judge", times[1], 0.0, told)

    def recorded(self, audit: Audit, seconds: float, deadline: Deadline | None) -> None:
        self._further.recorded(audit, seconds, deadline)
        self._span("record", seconds, 0.0, {"mingjian.audit": audit.id})

    def passed(self, stage: Stage) -> None:
        self._further.passed(stage)

    def _span(self, name: str, seconds: float, ago: float, attributes: dict[str, str | int | bool]) -> None:
        """One that took so many seconds, and was over so many seconds ago."""
        end = time.time_ns() - int(ago * 1e9)
        span = self._tracer.start_span(name, start_time=end - int(seconds * 1e9), attributes=attributes)
        span.end(end)
