"""The pages for working through findings (疑点办理页面), put together for the composition root."""

from collections.abc import Callable

from fastapi import APIRouter

from app.application.reviewing import Reviewing
from app.application.unmask import Unmasker
from app.engine.ruleset import Ruleset
from app.interfaces.console.appeals import appeals_pages
from app.interfaces.console.dossier import Dossiers, dossier_router
from app.interfaces.console.finding import finding_pages
from app.interfaces.console.finding_bulk import bulk_pages
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.finding_export import export_pages
from app.interfaces.console.finding_options import FilterOptions
from app.interfaces.console.finding_words import DeadlineClock
from app.interfaces.console.findings import findings_pages
from app.interfaces.console.pages import Pages
from app.interfaces.console.people import People
from app.interfaces.console.rectifications import rectification_pages
from app.interfaces.console.sign_in import sign_in_pages
from app.interfaces.console.workbench import workbench_pages
from app.interfaces.rest.finding_work import FindingWork
from app.interfaces.session.staff import Staff
from app.store.store import Store


class ReviewPages:
    def __init__(
        self,
        pages: Pages,
        staff: Staff,
        store: Store,
        reviewing: Reviewing,
        work: FindingWork,
        unmasker: Unmasker,
        ruleset: Callable[[], Ruleset],
    ) -> None:
        """`ruleset` gives the one in force."""
        clock, people = DeadlineClock(reviewing.calendar), People(store.accounts)
        self._staff, self._store, self._exporter = staff, store, work.exporter
        self._desk = FindingDesk(
            pages=pages,
            store=store.reviews,
            overviews=store.overviews,
            views=store.views,
            directory=store.directory,
            desk=reviewing.desk,
            files=work.files,
            explainer=work.explainer,
            attachments=work.attachments,
            unmasker=unmasker,
            recorder=work.recorder,
            people=people,
            clock=clock,
        )

        def title(rule: str) -> str:
            head = ruleset().rules.get(rule)
            return rule if head is None else head.title

        self._options = FilterOptions(store.reviews, store.directory, title, clock)
        self._dossiers = Dossiers(work.files, people, clock)

    def routers(self) -> list[APIRouter]:
        """What has a name goes before what may be anything; the last is the dossier by REST."""
        desk = self._desk
        return [
            sign_in_pages(desk.pages, self._staff),
            workbench_pages(desk),
            bulk_pages(desk),
            export_pages(desk, self._exporter),
            findings_pages(desk, self._options, lambda patient: self._store.vault.lookup(patient)),
            finding_pages(desk),
            appeals_pages(desk, self._dossiers),
            rectification_pages(desk),
            dossier_router(self._dossiers),
        ]
