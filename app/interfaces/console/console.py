"""The console put together (审核工作台组装), for the composition root."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from app.application.audit_coding import CodingJudge
from app.application.audit_encounter import EncounterAuditor
from app.application.manage_keys import KeyDesk
from app.application.manage_webhooks import WebhookDesk
from app.application.reviewing import Reviewing
from app.application.safety_net import SafetyNet
from app.application.scheme_shelf import SchemeShelf
from app.application.unmask import Unmasker
from app.application.watch import State
from app.domain.decision import DecisionPolicy
from app.domain.feeds import Feeds
from app.interfaces.asgi import Application
from app.interfaces.console.analysis_operations import ANALYSIS_OPERATIONS
from app.interfaces.console.analysis_pages import AnalysisPages
from app.interfaces.console.pages import STATIC, Pages
from app.interfaces.console.review_operations import REVIEW_OPERATIONS
from app.interfaces.console.review_pages import ReviewPages
from app.interfaces.console.static_files import StaticFiles
from app.interfaces.console.system_operations import SYSTEM_OPERATIONS
from app.interfaces.console.system_pages import SystemPages
from app.interfaces.need import Entrance, Need
from app.interfaces.nhsa.profiles import Profiles
from app.interfaces.rest.finding_work import FindingWork
from app.interfaces.session.staff import Staff
from app.settings import Settings
from app.store.store import Store
from app.trail.note import Verifier

CONSOLE_OPERATIONS: dict[str, Need] = {**REVIEW_OPERATIONS, **ANALYSIS_OPERATIONS, **SYSTEM_OPERATIONS}
CONSOLE_BASES: dict[str, Need] = {STATIC: Entrance.OPEN}  # the page to sign in needs them
SIGN_IN = ("/console", "/console/sign-in")
_NAMES = {"database": "数据库", "redis": "缓存", "capacity": "处理能力"}


class Console:
    def __init__(self, settings: Settings, store: Store, staff: Staff, net: SafetyNet) -> None:
        self._settings, self._store, self._staff, self._net = settings, store, staff, net
        self._pages = Pages(staff.public, self._missing)

    def _missing(self) -> Sequence[str]:
        """What does not answer now, as staff call it."""
        gone = [one.name for one in self._net.dependencies if one.state in (State.DOWN, State.SLOW)]
        return [_NAMES.get(name, name) for name in gone]

    def working(
        self, reviewing: Reviewing, work: FindingWork, unmasker: Unmasker, auditor: EncounterAuditor
    ) -> list[APIRouter]:
        """What a person does with findings."""
        pages = ReviewPages(self._pages, self._staff, self._store, reviewing, work, unmasker, lambda: auditor.ruleset())
        return pages.routers()

    def looking(
        self,
        auditor: EncounterAuditor,
        feeds: Callable[[], Feeds | None],
        profiles: Profiles,
        shelf: SchemeShelf,
        coding: CodingJudge | None,
    ) -> list[APIRouter]:
        """What shows the whole."""
        settings = self._settings
        policy = DecisionPolicy(settings.decisions)
        pages = AnalysisPages(
            self._pages, self._store, auditor, feeds, profiles, shelf, settings.grouping_scheme, policy, coding
        )
        return pages.routers()

    def running(
        self, keys: KeyDesk, webhooks: WebhookDesk, profiles: Profiles, verifiers: Sequence[Verifier]
    ) -> list[APIRouter]:
        """What keeps it running."""
        pages = SystemPages(
            self._pages, self._settings, self._store, self._staff, keys, webhooks, profiles, self._net, verifiers
        )
        return pages.routers()

    def bases(self) -> dict[str, Application]:
        return {STATIC: StaticFiles(STATIC)}
