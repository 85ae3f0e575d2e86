"""The pages for looking at the whole, for tests (测试用分析页面): a month of findings in every state, and a stay."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from msgspec.structs import replace
from pydantic import SecretStr

from app.application.audit_encounter import EncounterAuditor
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import PatientHistory
from app.domain.access import EVERYWHERE
from app.domain.account import OtpPolicy
from app.domain.alert import AlertOutcome, Tier
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy, Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType
from app.domain.review import Review, ReviewAction, ReviewState
from app.interfaces.asgi import Application, FastLane
from app.interfaces.console.analysis_operations import ANALYSIS_OPERATIONS
from app.interfaces.console.analysis_pages import AnalysisPages
from app.interfaces.console.pages import STATIC, Pages
from app.interfaces.console.review_operations import REVIEW_OPERATIONS
from app.interfaces.console.sign_in import sign_in_pages
from app.interfaces.console.static_files import StaticFiles
from app.interfaces.gate import Gate
from app.interfaces.need import Entrance
from app.interfaces.nhsa.profiles import read_profiles
from app.interfaces.operations import OPERATIONS, Operations
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.lanes import scheme_shelf
from app.interfaces.session.staff import Staff
from app.interfaces.trailing import trail_keeper
from app.settings import Settings
from app.store.alerts import Alert
from app.store.opening import store_at
from app.store.store import Store
from tests.interfaces.console.front import _prepare
from tests.service import KEY, ROOT, Service, serving
from tests.store.reviewing import put, review, step

TODAY = datetime.now(UTC).replace(microsecond=0)
RULE, OTHER = "service-item-for-other-sex", "drug-for-other-sex"
PATIENT = "110101198001011234"


def settings_of(data_dir: Path, **more: Any) -> Settings:
    plain = {"rules_dir": ROOT / "rules", "api_key": SecretStr(KEY), "grouping_scheme": "starter"}
    return Settings(data_dir=data_dir, **{**plain, "require_otp": OtpPolicy.NOBODY, **more})


@contextmanager
def analysis(data_dir: Path, **more: Any) -> Iterator[Service]:
    settings = settings_of(data_dir, **more)
    with serving(analysis_app(settings, store_at(None, settings.database_path)), data_dir) as running:
        running.client.headers.pop("authorization")
        running.client.headers.pop("content-type")
        yield running


def analysis_app(settings: Settings, store: Store) -> Application:
    staff, trail = Staff(settings, store), trail_keeper(store.trail, settings)
    ruleset = load_ruleset(settings.rules_dir, settings.cache_dir)
    auditor = EncounterAuditor(
        lambda: ruleset, store.log, DecisionPolicy(), history=PatientHistory(store.history)
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await store.open()
        await staff.open()
        await _prepare(staff, store)
        await _fill(store, auditor)
        await trail.open()
        yield
        await trail.close()
        await staff.close()
        await store.close()

    app = FastAPI(lifespan=lifespan)
    pages = Pages(staff.public)
    parts = AnalysisPages(
        pages, store, auditor, lambda: None, read_profiles(None), scheme_shelf(settings), settings.grouping_scheme
    )  # fmt: skip
    for router in (*staff.routers(), sign_in_pages(pages, staff), *parts.routers()):
        app.include_router(router)
    answer_refusals(app)
    operations = Operations({**OPERATIONS, **REVIEW_OPERATIONS, **ANALYSIS_OPERATIONS}, {STATIC: Entrance.OPEN})
    return Gate(
        FastLane(app, {}, {STATIC: StaticFiles(STATIC)}), [staff.authenticator], operations,
        ("/console", "/console/sign-in"),
    )  # fmt: skip


def found(number: int, state: ReviewState, **changes: Any) -> Review:
    """A finding of some days ago, at one of two departments."""
    at = TODAY - timedelta(days=number % 25, hours=1)
    is_medicine = number % 3 > 0
    plain = review(
        f"f{number:03d}", state=state, rule=RULE if is_medicine else OTHER, title="限女性项目用于男性患者",
        message="患者为男性，该项目只用于女性。", department="D01" if is_medicine else "D02",
        practitioner="D0001" if is_medicine else "D0002", encounter=f"S{number // 2:03d}",
        amount_cents=1000 * (number + 1),
        first_found_at=at, last_found_at=at, severity=list(Severity)[number % 3], care_type=CareType.INPATIENT,
        stage=Stage.ORDERING if number % 2 else Stage.SETTLING, patient_key=f"{number:064x}", deadline=None,
    )  # fmt: skip
    return replace(plain, **changes)


def findings() -> list[Review]:
    states = [
        ReviewState.OPEN, ReviewState.CONFIRMED, ReviewState.LAPSED, ReviewState.FALSE_POSITIVE, ReviewState.CLOSED,
        ReviewState.RECTIFYING, ReviewState.EXCEPTED, ReviewState.FIRST_APPEAL,
    ]  # fmt: skip
    answers = [None, Action.REVISE, Action.PROCEED, Action.REVISE]
    return [
        found(
            number, states[number % len(states)], doctor_answer=answers[number % len(answers)],
            refund_cents=500 if states[number % len(states)] is ReviewState.CLOSED else None,
        )
        for number in range(40)
    ]  # fmt: skip


async def _fill(store: Store, auditor: EncounterAuditor) -> None:
    if await store.reviews.get(["f000"], EVERYWHERE):
        return
    await put(store, *findings())
    appealed = found(7, ReviewState.FIRST_APPEAL)
    (stored,) = (await store.reviews.get([appealed.id], EVERYWHERE)).values()
    granted = step(stored, ReviewAction.GRANT, ReviewState.FALSE_POSITIVE)
    await store.reviews.save([granted._replace(step=replace(granted.step, at=TODAY))], EVERYWHERE)
    alerts = [
        Alert("a1", f"f{number:03d}", f"f{number:03d}" if number != 3 else "", RULE, "F1", f"S{number // 2:03d}",
              "order-select", Tier.POPUP if number != 3 else Tier.SILENT,
              AlertOutcome.SHOWN if number != 3 else AlertOutcome.SILENT, TODAY)
        for number in (1, 2, 3)
    ]  # fmt: skip
    await store.alerts.append(alerts)
    request = stay()
    await auditor.audit(request, b"{}", caller="his")


def stay() -> AuditRequest:
    """A man with pneumonia on the ward, whom something for women was charged."""
    start = (TODAY - timedelta(days=6)).date()
    lines = [
        {
            "id": f"L{number}", "item_code": code, "item_name": name, "category": category,
            "formulary_class": formulary, "amount": amount, "department": "D01", "practitioner": {"id": "D0001"},
            "service_date": (start + timedelta(days=number % 5)).isoformat(),
        }
        for number, (code, name, category, formulary, amount) in enumerate([
            ("003112010070000", "后穹窿穿刺术", "service", "a", "50.00"),
            ("XJ01DDL014B001010101445", "注射用拉氧头孢钠", "drug", "b", "900.00"),
            ("C0201010000000000001", "一次性使用导管", "consumable", "c", "1200.00"),
            ("001109000010000", "普通病房床位费", "service", "a", "240.00"),
        ])
    ]  # fmt: skip
    document = {
        "stage": "ordering",
        "encounter": {
            "id": "ZY-0001", "facility": {"id": "F1", "level": "tertiary"},
            "patient": {"id": PATIENT, "sex": "male", "birth_date": "1960-03-01"},
            "care_type": "inpatient", "department": "D01", "practitioner": {"id": "D0001"},
            "start_at": f"{start}T09:00:00",
            "diagnoses": [{"code": "J18.900", "name": "肺炎", "is_principal": True}], "charge_lines": lines,
        },
    }  # fmt: skip
    return msgspec.convert(document, AuditRequest, strict=False)
