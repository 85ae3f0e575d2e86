"""The desk (审核台): what the pages on findings share: use cases, and the words that all their templates know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from app.application.attach_to_finding import AttachmentDesk
from app.application.explain_finding import FindingExplainer
from app.application.finding_file import FindingFiles
from app.application.record_read import ReadRecorder
from app.application.review_findings import ReviewDesk
from app.application.unmask import Unmasker
from app.domain.review import Review
from app.interfaces.caller import caller_in
from app.interfaces.console.finding_words import DeadlineClock, words
from app.interfaces.console.pages import Pages
from app.interfaces.console.people import People, names_of
from app.store.overviews import OverviewStore
from app.store.reviews import Directory, ReviewStore, SavedViews
from app.store.vault import LookedUp


@dataclass(frozen=True, slots=True)
class FindingDesk:
    pages: Pages
    store: ReviewStore
    overviews: OverviewStore
    views: SavedViews
    directory: Directory
    desk: ReviewDesk
    files: FindingFiles
    explainer: FindingExplainer
    attachments: AttachmentDesk
    unmasker: Unmasker
    recorder: ReadRecorder
    people: People
    clock: DeadlineClock

    async def page(
        self, request: Request, template: str, *, title: str, reviews: Sequence[Review] = (), what: str = "",
        **context: Any,
    ) -> Response:  # fmt: skip
        """`reviews`: those whose departments and practitioners the page names; `what`: the operation by which they are
        read, where that is yet to be recorded. Raises NotRecorded, Unavailable.
        """
        if what and reviews:
            patients = [LookedUp(one) for one in {one.patient_key for one in reviews} - {""}]
            await self.recorder.record_read(caller_in(request.scope), what, rows=len(reviews), patients=patients)
        return self.pages.page(request, template, title=title, **await self._told(reviews), **context)

    async def part(
        self, template: str, *, status: int = 200, reviews: Sequence[Review] = (), **context: Any
    ) -> Response:
        return self.pages.part(template, status=status, **await self._told(reviews), **context)

    async def _told(self, reviews: Sequence[Review]) -> dict[str, Any]:
        names = await names_of(self.directory, reviews)
        account = await self.people.names()
        return {**words(), "names": names, "account_name": account, "due": self.clock.due, "shown": reviews}
