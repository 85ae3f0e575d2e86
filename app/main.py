"""The composition root (组装): settings, store, rules and interfaces meet here and nowhere else."""

import asyncio
import gc
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from app.application.audit_encounter import EncounterAuditor
from app.application.load_feed import FeedLoader
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import FacilityGroups, PatientHistory
from app.application.record_disposition import DispositionRecorder
from app.domain.decision import DecisionPolicy
from app.engine.ruleset import Ruleset
from app.interfaces.asgi import REFERENCE, Application, FastLane
from app.interfaces.auth import KeyRing, local_key
from app.interfaces.errors import (
    MEDIA_TYPE,
    FieldError,
    Problem,
    internal_error,
    method_not_allowed,
    problem_headers,
)
from app.interfaces.nhsa.audits import AuditTransaction
from app.interfaces.nhsa.endpoint import NhsaEndpoint
from app.interfaces.nhsa.feedback import FeedbackTransaction
from app.interfaces.nhsa.popup import Popup
from app.interfaces.nhsa.profiles import Profiles, read_profiles
from app.interfaces.nhsa.tickets import Tickets
from app.interfaces.rest.audits import AuditEndpoints
from app.interfaces.rest.feeds import feed_router
from app.interfaces.rest.openapi import add_hot_endpoints
from app.interfaces.rest.rules import router
from app.settings import Settings
from app.store.opening import store_at
from app.store.store import Store

VERSION = version("mingjian")


def create_app(settings: Settings) -> Application:
    """The whole service as one ASGI application. Raises PackError where the rules are not fit to judge by."""
    store = store_at(settings.database, settings.database_path)
    ruleset = load_ruleset(settings.rules_dir, settings.cache_dir)
    key = the_key(settings)
    parts = Parts(
        ruleset=lambda: ruleset,
        store=store,
        keys=KeyRing({"local": key}),
        profiles=read_profiles(settings.nhsa_profiles),
        ticket_secret=sha256(b"popup tickets" + key.encode()).digest(),
        feeds=FeedLoader(store.feeds),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await store.open()
        await parts.feeds.open()
        gc.collect()
        gc.freeze()  # what is loaded now lives as long as the process: no collection need look at it again
        gc.set_threshold(50_000, 20, 20)  # requests make few cycles: look for them seldom
        following = asyncio.create_task(parts.feeds.follow())
        yield
        following.cancel()
        await store.close()

    return assemble(parts, settings, lifespan)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the interfaces are built on."""

    ruleset: Callable[[], Ruleset]
    store: Store
    keys: KeyRing
    profiles: Profiles
    ticket_secret: bytes
    feeds: FeedLoader


def assemble(parts: Parts, settings: Settings, lifespan: Any = None) -> FastLane:
    """The interfaces around the given parts."""
    app = FastAPIOffline(
        title="Mingjian 明鉴", version=VERSION, summary="Real-time audit of medical-insurance claims", lifespan=lifespan
    )
    app.include_router(router(parts.ruleset, parts.store.log, parts.keys, VERSION))
    app.include_router(feed_router(parts.feeds, parts.keys, settings.max_body_bytes))
    app.add_exception_handler(Problem, _problem)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _broken)
    add_hot_endpoints(app)
    auditor = EncounterAuditor(
        parts.ruleset,
        parts.store.log,
        DecisionPolicy(settings.decisions),
        feeds=lambda: parts.feeds.current(),
        history=_history(parts, settings),
    )
    audits = AuditEndpoints(auditor, parts.keys, settings.max_body_bytes, settings.max_bulk_line_bytes)
    lanes = {("POST", "/v1/audits"): audits.audit_one, ("POST", "/v1/audits/bulk"): audits.audit_bulk}
    return FastLane(app, lanes, _nhsa(parts, settings, auditor))


def _history(parts: Parts, settings: Settings) -> PatientHistory | None:
    if not settings.keep_history:
        return None
    return PatientHistory(parts.store.history, FacilityGroups(settings.history_groups))


def _nhsa(parts: Parts, settings: Settings, auditor: EncounterAuditor) -> dict[str, Application]:
    """The national interface, by the bases of its paths."""
    recorder = DispositionRecorder(parts.store.dispositions)
    tickets = Tickets(parts.ticket_secret, settings.popup_path)
    endpoint = NhsaEndpoint(
        parts.profiles, AuditTransaction(auditor, tickets), FeedbackTransaction(recorder), settings.max_body_bytes
    )
    popup = Popup(tickets, parts.store.log, recorder, settings.popup_path)
    return {settings.popup_path: popup, settings.nhsa_base.rstrip("/"): endpoint}


def the_key(settings: Settings) -> str:
    return settings.api_key.get_secret_value() if settings.api_key is not None else local_key(settings.data_dir)


def _problem(_: Request, problem: Problem) -> Response:
    return Response(problem.encode(), problem.status, problem_headers(problem), MEDIA_TYPE)


def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return _problem(request, method_not_allowed(request.method, request.url.path, allowed))
    name = "not-found" if error.status_code == 404 else "http-error"
    detail = f"{request.method} {request.url.path} is not served here; /docs lists what is."
    return _problem(request, Problem(error.status_code, name, str(error.detail), detail))


def _invalid(request: Request, error: RequestValidationError) -> Response:
    faults = tuple(FieldError("/" + "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
    return _problem(request, Problem(422, "invalid-request", "A parameter is not valid", errors=faults))


def _broken(request: Request, _: Exception) -> Response:
    """What is answered; the error itself goes on to FastLane, which logs it."""
    request.scope[REFERENCE] = secrets.token_hex(6)
    return _problem(request, internal_error(request.scope[REFERENCE]))


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the service, without starting it."""
    nothing: Any = None
    store = Store(**dict.fromkeys(Store.__dataclass_fields__, nothing))
    parts = Parts(nothing, store, KeyRing({}), read_profiles(None), b"", nothing)
    app = assemble(parts, Settings()).behind
    assert isinstance(app, FastAPI)  # noqa: S101 - for the type checker
    return app.openapi()


def server_config(app: Application, settings: Settings) -> uvicorn.Config:
    """How the application is served. Who calls is told by the connection, or by a proxy that the settings trust."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=10,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
    )


def serve() -> None:
    """Serve on the configured address until told to stop; prints where, and the key to call with."""
    settings = Settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    app = create_app(settings)
    server = uvicorn.Server(server_config(app, settings))
    base = f"http://{settings.host}:{settings.port}"
    print(f"Mingjian 明鉴 {VERSION}  {base}", flush=True)  # noqa: T201
    print(f"API documentation  {base}/docs", flush=True)  # noqa: T201
    print(f"Key                Authorization: Bearer {the_key(settings)}", flush=True)  # noqa: T201
    server.run()
