"""The work on findings by REST (疑点办理接口), put together for the composition root."""

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter

from app.application.assign_findings import FindingAssigner
from app.application.attach_to_finding import AttachmentDesk
from app.application.explain_finding import FindingExplainer
from app.application.export_findings import FindingExporter, Limits
from app.application.find_findings import FindingFinder
from app.application.finding_file import FindingFiles
from app.application.read_trail import TrailReader
from app.application.record_read import ReadRecorder
from app.application.reviewing import Reviewing
from app.application.rule_texts import RuleTexts
from app.application.safety_net import SpooledLog
from app.engine.ruleset import Ruleset
from app.interfaces.rest.directory import directory_router
from app.interfaces.rest.finding_attachments import attachment_router
from app.interfaces.rest.finding_decisions import decision_router
from app.interfaces.rest.finding_exports import export_router
from app.interfaces.rest.findings import finding_router
from app.interfaces.rest.views import view_router
from app.interfaces.rest.worklists import worklist_router
from app.store.store import Store


class FindingWork:
    """`explainer`, `exporter` and the others are for pages that show the same."""

    def __init__(
        self,
        store: Store,
        log: SpooledLog,
        ruleset: Callable[[], Ruleset],
        reviewing: Reviewing,
        cache_dir: Path,
        limits: Limits,
    ) -> None:
        self._store, self._desk = store, reviewing.desk
        self.recorder = ReadRecorder(store.trail, lambda patient: store.vault.lookup(patient))
        self.files = FindingFiles(
            store.reviews, log, store.directory, lambda rule: ruleset().rules.get(rule), TrailReader(store.trail),
            self.recorder,
        )  # fmt: skip
        self.explainer = FindingExplainer(
            self.files, store.reviews, store.past, RuleTexts(ruleset, store.rulesets, cache_dir), reviewing.desk,
            reviewing.calendar,
        )  # fmt: skip
        self.finder = FindingFinder(store.reviews, self.recorder, lambda patient: store.vault.lookup(patient))
        self.assigner = FindingAssigner(store.accounts, store.reviews, reviewing.desk)
        self.attachments = AttachmentDesk(store.reviews)
        self.exporter = FindingExporter(store.reviews, store.directory, store.trail, limits)

    def routers(self) -> list[APIRouter]:
        """What has a name goes before what may be anything."""
        return [
            export_router(self.exporter),
            decision_router(self._desk, self._store.reviews, self.assigner),
            finding_router(self.finder, self.explainer),
            attachment_router(self.attachments, self._store.reviews, self.recorder),
            worklist_router(self.assigner, self.finder),
            view_router(self._store.views),
            directory_router(self._store.directory),
        ]
