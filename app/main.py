"""The composition root (组装): settings, store, rules and interfaces meet here and nowhere else."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.application.audit_coding import open_judge
from app.application.audit_encounter import EncounterAuditor
from app.application.deadline import Deadlines
from app.application.follow_ruleset import RulesetFollower
from app.application.keep_history import HistoryKeeper
from app.application.load_feed import FeedLoader
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import FacilityGroups, PatientHistory
from app.application.publish_ruleset import RulesetPublisher
from app.application.read_trail import TrailReader
from app.application.record_disposition import DispositionRecorder
from app.application.safety_net import SafetyNet, SpooledLog
from app.application.tell_degraded import DegradedTeller
from app.domain.decision import DecisionPolicy
from app.interfaces.asgi import Application, FastLane
from app.interfaces.auth import KeyRing, local_key
from app.interfaces.cds_hooks.lanes import CdsHooks
from app.interfaces.nhsa.audits import AuditTransaction
from app.interfaces.nhsa.endpoint import NhsaEndpoint
from app.interfaces.nhsa.feedback import FeedbackTransaction
from app.interfaces.nhsa.popup import Popup
from app.interfaces.nhsa.profiles import Profiles, read_profiles
from app.interfaces.nhsa.tickets import Tickets
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.alerts import alert_router
from app.interfaces.rest.audits import AuditEndpoints
from app.interfaces.rest.feeds import feed_router
from app.interfaces.rest.health import health_router
from app.interfaces.rest.history import ENCOUNTERS, PAST_CLAIMS, HistoryEndpoints
from app.interfaces.rest.lanes import case_lanes, scheme_shelf, settlement_lanes
from app.interfaces.rest.openapi import add_hot_endpoints
from app.interfaces.rest.rules import router
from app.interfaces.rest.rulesets import ruleset_router
from app.interfaces.rest.settlements import scheme_router
from app.interfaces.rest.trail import trail_router
from app.interfaces.serving import log_to_stderr, run, server_config
from app.interfaces.trailing import trail_keeper
from app.interfaces.workers import end_with_parent
from app.knowledge.pack import PackError
from app.settings import Settings
from app.store.opening import store_at
from app.store.store import Store

VERSION = version("mingjian")


def create_app(settings: Settings) -> Application:
    """The whole service as one ASGI application, which fails to start where there is no ruleset to judge by."""
    store = store_at(settings.database, settings.database_path, settings.redis)
    rulesets = _follower(store, settings)
    key = the_key(settings)
    keys = KeyRing({"local": key})
    trail = trail_keeper(store.trail, settings)
    feeds, net = FeedLoader(store.feeds), SafetyNet(store, settings.spool_dir)
    parts = Parts(
        rulesets=rulesets,
        publisher=RulesetPublisher(store.rulesets, store.distribution),
        store=store,
        net=net,
        keys=keys,
        profiles=read_profiles(settings.nhsa_profiles),
        ticket_secret=sha256(b"popup tickets" + key.encode()).digest(),
        feeds=feeds,
        auditor=EncounterAuditor(
            lambda: rulesets.current(),
            store.log,
            DecisionPolicy(settings.decisions),
            feeds=lambda: feeds.current(),
            history=_history(store, settings),
            recorder=net.recorder,
            history_breaker=net.history_breaker,
            coding=open_judge(settings.grouping_scheme, settings.data_dir, settings.rules_dir, settings.cache_dir),
        ),
        cds_hooks=CdsHooks(settings, store.alerts, keys, net.history_breaker),
    )

    degraded = DegradedTeller(store.trail, lambda: net.watch.dependencies)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await store.open()
        await rulesets.open(publish=settings.publish_at_start)
        await feeds.open()
        before = (await store.effects.counts())[0].audits if await store.trail.size() == 0 else 0
        await trail.open(before, {"version": VERSION, **settings.told})
        gc.collect()
        gc.freeze()  # what is loaded now lives as long as the process: no collection need look at it again
        gc.set_threshold(50_000, 20, 20)  # requests make few cycles: look for them seldom
        following = [asyncio.create_task(one.follow()) for one in (feeds, rulesets, trail, degraded)]
        await net.open(parts.auditor)
        await parts.cds_hooks.open()
        yield
        await parts.cds_hooks.close()
        await net.close()
        for one in following:
            one.cancel()
        await trail.close()
        await store.close()

    return assemble(parts, settings, lifespan)


def _follower(store: Store, settings: Settings) -> RulesetFollower:
    local = partial(load_ruleset, settings.rules_dir, settings.cache_dir)
    return RulesetFollower(store.rulesets, store.distribution, settings.cache_dir, local)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the interfaces are built on."""

    rulesets: RulesetFollower
    publisher: RulesetPublisher
    store: Store
    net: SafetyNet
    keys: KeyRing
    profiles: Profiles
    ticket_secret: bytes
    feeds: FeedLoader
    auditor: EncounterAuditor
    cds_hooks: CdsHooks


def assemble(parts: Parts, settings: Settings, lifespan: Any = None) -> FastLane:
    """The interfaces around the given parts."""
    app = FastAPIOffline(
        title="Mingjian 明鉴", version=VERSION, summary="Real-time audit of medical-insurance claims", lifespan=lifespan
    )
    log = SpooledLog(parts.store.log, parts.net.spool)
    app.include_router(health_router(parts.rulesets, parts.net, VERSION))
    app.include_router(router(parts.rulesets, log, parts.keys))
    app.include_router(alert_router(parts.store.alerts, parts.rulesets, parts.keys))
    app.include_router(ruleset_router(parts.rulesets, parts.publisher, parts.keys))
    app.include_router(trail_router(TrailReader(parts.store.trail), parts.keys))
    app.include_router(feed_router(parts.feeds, parts.keys, settings.max_body_bytes))
    answer_refusals(app)
    add_hot_endpoints(app)
    deadlines = Deadlines(settings.deadline_ms)
    limits = (settings.max_body_bytes, settings.max_bulk_line_bytes)
    audits = AuditEndpoints(parts.auditor, parts.keys, *limits, deadlines)
    keeper = HistoryKeeper(parts.store.history) if settings.keep_history else None
    history = HistoryEndpoints(keeper, parts.keys, settings.max_bulk_line_bytes)
    shelf = scheme_shelf(settings)
    app.include_router(scheme_router(shelf, parts.keys))
    lanes = {
        **settlement_lanes(shelf, parts.keys, settings),
        **case_lanes(shelf, parts.store.stays, parts.keys, settings),
        ("POST", "/v1/audits"): audits.audit_one,
        ("POST", "/v1/audits/bulk"): audits.audit_bulk,
        ("POST", PAST_CLAIMS): history.take_in,
    }
    recorder = DispositionRecorder(parts.store.dispositions)
    cds_hooks = parts.cds_hooks.lanes(parts.auditor, recorder, log, deadlines, parts.ticket_secret)
    bases = {**_nhsa(parts, settings, deadlines, log), **cds_hooks, ENCOUNTERS: history.serve_encounters}
    return FastLane(app, lanes, bases)


def _history(store: Store, settings: Settings) -> PatientHistory | None:
    if not settings.keep_history:
        return None
    return PatientHistory(store.history, FacilityGroups(settings.history_groups))


def _nhsa(parts: Parts, settings: Settings, deadlines: Deadlines, log: SpooledLog) -> dict[str, Application]:
    """The national interface, by the bases of its paths."""
    recorder = DispositionRecorder(parts.store.dispositions)
    tickets = Tickets(parts.ticket_secret, settings.popup_path)
    audit = AuditTransaction(parts.auditor, tickets, deadlines=deadlines)
    endpoint = NhsaEndpoint(parts.profiles, audit, FeedbackTransaction(recorder), settings.max_body_bytes)
    popup = Popup(tickets, log, recorder, settings.popup_path)
    return {settings.popup_path: popup, settings.nhsa_base.rstrip("/"): endpoint}


def the_key(settings: Settings) -> str:
    return settings.api_key.get_secret_value() if settings.api_key is not None else local_key(settings.data_dir)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the service, without starting it."""
    nothing: Any = None
    store = Store(**{**dict.fromkeys(Store.__dataclass_fields__, nothing), "checks": {}})
    parts = Parts(**dict.fromkeys(Parts.__dataclass_fields__, nothing))
    settings, keys = Settings(keep_history=False), KeyRing({})
    parts = replace(parts, store=store, net=SafetyNet(store, Path()), keys=keys, profiles=read_profiles(None))
    parts = replace(parts, ticket_secret=b"", cds_hooks=CdsHooks(settings, nothing, keys))
    app = assemble(parts, settings).behind
    assert isinstance(app, FastAPI)  # noqa: S101 - for the type checker
    return app.openapi()


def serve(workers: int | None = None, factory: str = "app.main:worker") -> None:
    """Serve on the configured address until told to stop; prints where, and the key to call with.

    `factory` makes the application of each worker, where there are several. Raises PackError where there is no ruleset
    to judge by.
    """
    settings = Settings()
    count = workers or settings.workers
    log_to_stderr()
    if count == 1:
        config = server_config(_fit_app(settings), settings)
    else:
        asyncio.run(_prepare(settings))
        config = server_config(factory, settings, count)
    run(config, f"Mingjian 明鉴 {VERSION}", the_key(settings))


def worker() -> Application:
    """The application of one of several workers."""
    log_to_stderr()
    end_with_parent()
    return create_app(Settings())


def _fit_app(settings: Settings) -> Application:
    try:
        load_ruleset(settings.rules_dir, settings.cache_dir)
    except PackError:
        asyncio.run(_prepare(settings))
    return create_app(settings)


async def _prepare(settings: Settings) -> None:
    """Migrate, and publish at start, once for all workers. Raises PackError where there is no ruleset to judge by."""
    store = store_at(settings.database, settings.database_path, settings.redis)
    await store.open()
    try:
        await _follower(store, settings).open(publish=settings.publish_at_start)
    finally:
        await store.close()
    os.environ["MINGJIAN_PUBLISH_AT_START"] = "false"  # a worker that is started again publishes nothing
