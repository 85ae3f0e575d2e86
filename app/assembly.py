"""Assembly (接口组装): the interfaces around what the service is made of, and the gate before all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline

from app.application.audit_coding import CodingJudge
from app.application.audit_encounter import EncounterAuditor
from app.application.deadline import Deadlines
from app.application.export_findings import Limits
from app.application.follow_ruleset import RulesetFollower
from app.application.keep_history import HistoryKeeper
from app.application.load_feed import FeedLoader
from app.application.publish_ruleset import RulesetPublisher
from app.application.read_trail import TrailReader
from app.application.record_disposition import DispositionRecorder
from app.application.reviewing import Reviewing
from app.application.safety_net import SafetyNet, SpooledLog
from app.application.scheme_shelf import SchemeShelf
from app.application.unnumbered_visits import VisitOf, visits_by
from app.domain.review_policy import DEFAULT_POLICY
from app.domain.working_days import WEEKENDS_ONLY
from app.interfaces.admission import open_admission
from app.interfaces.asgi import Application, FastLane
from app.interfaces.authentication.machines import Machines
from app.interfaces.cds_hooks.lanes import CdsHooks
from app.interfaces.console.console import CONSOLE_BASES, CONSOLE_OPERATIONS, SIGN_IN, Console
from app.interfaces.gate import Gate
from app.interfaces.nhsa.audits import AuditTransaction
from app.interfaces.nhsa.auth import Admission
from app.interfaces.nhsa.endpoint import NhsaEndpoint
from app.interfaces.nhsa.feedback import FeedbackTransaction
from app.interfaces.nhsa.popup import Popup
from app.interfaces.nhsa.profiles import Profiles, read_profiles
from app.interfaces.nhsa.tickets import Tickets
from app.interfaces.notices import Notices
from app.interfaces.observe.watching import Watching
from app.interfaces.operations import BASES, OPERATIONS, Operations
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.alerts import alert_router
from app.interfaces.rest.audits import AuditEndpoints
from app.interfaces.rest.feeds import feed_router
from app.interfaces.rest.finding_work import FindingWork
from app.interfaces.rest.health import health_router
from app.interfaces.rest.history import ENCOUNTERS, PAST_CLAIMS, HistoryEndpoints
from app.interfaces.rest.keys import key_router
from app.interfaces.rest.lanes import case_lanes, scheme_shelf, settlement_lanes
from app.interfaces.rest.openapi import add_hot_endpoints
from app.interfaces.rest.rules import router
from app.interfaces.rest.rulesets import ruleset_router
from app.interfaces.rest.settlements import scheme_router
from app.interfaces.rest.trail import trail_router
from app.interfaces.rest.unmask import unmask_router, unmasker_of
from app.interfaces.session.staff import Staff
from app.interfaces.shelter import Shelter
from app.settings import Settings
from app.store.store import Store
from app.trail.note import Verifier

VERSION = version("mingjian")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the interfaces are built on."""

    rulesets: RulesetFollower
    publisher: RulesetPublisher
    store: Store
    net: SafetyNet
    machines: Machines
    staff: Staff
    reviewing: Reviewing
    notices: Notices
    profiles: Profiles
    ticket_secret: bytes
    feeds: FeedLoader
    auditor: EncounterAuditor
    coding: CodingJudge | None
    verifiers: Sequence[Verifier]
    cds_hooks: CdsHooks
    watching: Watching


def assemble(parts: Parts, settings: Settings, lifespan: Any = None) -> Application:
    """The whole service: nothing is reached but through the gate."""
    authenticators = [*parts.machines.authenticators, parts.staff.authenticator]
    operations = Operations(
        {**OPERATIONS, **CONSOLE_OPERATIONS},
        {**BASES, **CONSOLE_BASES},
        settings.popup_path,
        settings.nhsa_base.rstrip("/"),
    )
    admitted = open_admission(interfaces(parts, settings, lifespan), parts.net.pressure, settings)
    return parts.watching.wrap(Shelter(Gate(admitted, authenticators, operations, SIGN_IN)))


def interfaces(parts: Parts, settings: Settings, lifespan: Any = None) -> FastLane:
    """The interfaces around the given parts."""
    app = FastAPIOffline(
        title="Mingjian 明鉴", version=VERSION, summary="Real-time audit of medical-insurance claims", lifespan=lifespan
    )
    log, shelf = SpooledLog(parts.store.log, parts.net.spool), scheme_shelf(settings)
    console = Console(settings, parts.store, parts.staff, parts.net)
    for one in _routers(parts, settings, log, shelf, console):
        app.include_router(one)
    answer_refusals(app)
    add_hot_endpoints(app)
    deadlines = Deadlines(settings.deadline_ms)
    audits = AuditEndpoints(parts.auditor, settings.max_body_bytes, settings.max_bulk_line_bytes, deadlines)
    keeper = HistoryKeeper(parts.store.history) if settings.keep_history else None
    history = HistoryEndpoints(keeper, settings.max_bulk_line_bytes)
    lanes = {
        **settlement_lanes(shelf, settings),
        **case_lanes(shelf, parts.store.stays, settings),
        ("POST", "/v1/audits"): audits.audit_one,
        ("POST", "/v1/audits/bulk"): audits.audit_bulk,
        ("POST", PAST_CLAIMS): history.take_in,
        ("GET", "/v1/events"): parts.notices.events.serve,
    }
    recorder = DispositionRecorder(parts.store.dispositions)
    visit_of = visits_by(lambda known_by: parts.store.vault.lookup(known_by))
    cds_hooks = parts.cds_hooks.lanes(parts.auditor, recorder, log, deadlines, parts.ticket_secret, visit_of)
    bases = {**_nhsa(parts, settings, deadlines, log, visit_of), **cds_hooks, ENCOUNTERS: history.serve_encounters}
    bases |= console.bases()
    return FastLane(app, lanes, bases)


def _routers(
    parts: Parts, settings: Settings, log: SpooledLog, shelf: SchemeShelf, console: Console
) -> Iterator[APIRouter]:
    yield health_router(parts.rulesets, parts.net, VERSION)
    yield router(parts.rulesets, log)
    yield alert_router(parts.store.alerts, parts.rulesets)
    yield ruleset_router(parts.rulesets, parts.publisher)
    yield trail_router(TrailReader(parts.store.trail))
    yield parts.watching.router()
    yield key_router(parts.machines.desk)
    limits = Limits(settings.export_rows, settings.export_lead_rows)
    work = FindingWork(parts.store, log, lambda: parts.rulesets.current(), parts.reviewing, settings.cache_dir, limits)
    unmasker = unmasker_of(log, parts.store)
    yield from parts.staff.routers()
    yield from work.routers()
    yield unmask_router(unmasker)
    yield parts.notices.router()
    yield from console.working(parts.reviewing, work, unmasker, parts.auditor)
    yield from console.looking(parts.auditor, lambda: parts.feeds.current(), parts.profiles, shelf, parts.coding)
    yield from console.running(parts.machines.desk, parts.notices.desk, parts.profiles, parts.verifiers)
    yield feed_router(parts.feeds, settings.max_body_bytes)
    yield scheme_router(shelf)


def _nhsa(
    parts: Parts, settings: Settings, deadlines: Deadlines, log: SpooledLog, visit_of: VisitOf
) -> dict[str, Application]:
    """The national interface, by the bases of its paths."""
    recorder = DispositionRecorder(parts.store.dispositions)
    tickets = Tickets(parts.ticket_secret, settings.popup_path)
    audit = AuditTransaction(parts.auditor, tickets, visit_of, deadlines=deadlines)
    endpoint = NhsaEndpoint(
        parts.profiles,
        audit,
        FeedbackTransaction(recorder),
        settings.max_body_bytes,
        admit=Admission(parts.machines.replay),
    )
    popup = Popup(tickets, log, recorder, settings.popup_path, frames=settings.popup_frames)
    return {settings.popup_path: popup, settings.nhsa_base.rstrip("/"): endpoint}


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the service, without starting it."""
    nothing: Any = None
    store = Store(**{**dict.fromkeys(Store.__dataclass_fields__, nothing), "checks": {}})
    settings = Settings(keep_history=False)
    machines = Machines(settings, nothing, None, "of no installation")
    given: dict[str, Any] = {
        "store": store,
        "net": SafetyNet(store, Path()),
        "machines": machines,
        "staff": Staff(settings, store),
        "profiles": read_profiles(None),
        "watching": Watching(settings, VERSION),
        "reviewing": Reviewing(store, nothing, WEEKENDS_ONLY, DEFAULT_POLICY),
        "notices": Notices(settings, store),
        "verifiers": (),
        "ticket_secret": b"",
        "cds_hooks": CdsHooks(settings, nothing, machines),
    }
    app = interfaces(Parts(**{**dict.fromkeys(Parts.__dataclass_fields__, nothing), **given}), settings).behind
    assert isinstance(app, FastAPI)  # noqa: S101 - for the type checker
    return app.openapi()
