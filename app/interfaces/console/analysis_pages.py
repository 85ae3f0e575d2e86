"""The pages for looking at the whole (分析页面), put together for the composition root."""

from collections.abc import Callable

from fastapi import APIRouter

from app.application.audit_coding import CodingJudge
from app.application.audit_encounter import EncounterAuditor
from app.application.known_items import KnownItems
from app.application.overview import Overviews
from app.application.record_read import ReadRecorder
from app.application.rule_quality import RuleQualities
from app.application.running_stay import RunningStays
from app.application.scheme_shelf import SchemeShelf
from app.application.try_audit import Trial
from app.domain.decision import DecisionPolicy
from app.domain.feeds import Feeds
from app.engine.ruleset import Ruleset
from app.interfaces.console.dashboard import dashboard_pages
from app.interfaces.console.pages import Pages
from app.interfaces.console.reminders import ReminderDesk, reminder_pages
from app.interfaces.console.rules import rule_pages
from app.interfaces.console.stays import StayDesk, stay_pages
from app.interfaces.console.try_it import try_pages
from app.interfaces.nhsa.profiles import Profiles
from app.interfaces.rest.statistics import statistics_router
from app.store.store import Store


class AnalysisPages:
    """`scheme`: the grouping scheme that running stays are priced by; blank: none."""

    def __init__(
        self,
        pages: Pages,
        store: Store,
        auditor: EncounterAuditor,
        feeds: Callable[[], Feeds | None],
        profiles: Profiles,
        shelf: SchemeShelf,
        scheme: str = "",
        policy: DecisionPolicy | None = None,
        coding: CodingJudge | None = None,
    ) -> None:
        self._pages, self._store, self._profiles = pages, store, profiles
        self._ruleset: Callable[[], Ruleset] = lambda: auditor.ruleset()
        self._overviews = Overviews(store.reviews, store.overviews)
        self._trial = Trial(self._ruleset, policy or DecisionPolicy(), feeds, coding)
        recorder = ReadRecorder(store.trail, lambda patient: store.vault.lookup(patient))
        stays = RunningStays(store.history, shelf, scheme)
        self._stays = StayDesk(pages, store.reviews, store.directory, stays, auditor, recorder, self._overviews)
        self._recorder = recorder

    def routers(self) -> list[APIRouter]:
        """The last is the one of REST."""
        store = self._store
        return [
            dashboard_pages(self._pages, self._overviews, store.directory, lambda: self._ruleset().rules),
            rule_pages(self._pages, self._ruleset, RuleQualities(store.reviews, store.overviews)),
            try_pages(self._pages, self._trial, KnownItems(self._ruleset), self._profiles),
            stay_pages(self._stays),
            reminder_pages(
                ReminderDesk(
                    self._pages, store.reviews, store.overviews, store.directory, lambda: self._ruleset().rules,
                    self._recorder,
                )
            ),
            statistics_router(self._overviews),
        ]  # fmt: skip
