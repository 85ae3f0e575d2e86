"""Find findings (查询疑点): a page of them, recorded before it is shown, with counts where they are wanted."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from app.application.record_read import ReadRecorder
from app.domain.access import Caller
from app.store.reviews import LATEST_FIRST, Order, ReviewFilter, ReviewPage, ReviewStore, Totals
from app.store.vault import LookedUp


class Found(NamedTuple):
    """`totals` None: they were not wanted."""

    page: ReviewPage
    totals: Totals | None


class FindingFinder:
    def __init__(self, reviews: ReviewStore, recorder: ReadRecorder, lookup: Callable[[str], str]) -> None:
        """`lookup` gives what stands for a patient."""
        self._reviews, self._recorder, self._lookup = reviews, recorder, lookup

    def keys_of(self, patients: Iterable[str]) -> list[str]:
        """What stands for patients in a filter, by their ids as they were sent for audit."""
        return [self._lookup(one) for one in patients]

    async def find(
        self,
        wanted: ReviewFilter,
        caller: Caller,
        what: str,
        *,
        order: Order = LATEST_FIRST,
        cursor: str = "",
        size: int = 50,
        with_totals: bool = False,
    ) -> Found:
        """`what`: the operation. Raises BadCursor, NotRecorded, Unavailable."""
        page = await self._reviews.page(wanted, caller.scope, order, cursor, size)
        totals = await self._reviews.totals(wanted, caller.scope) if with_totals else None
        if page.reviews:
            keys = {one.patient_key for one in page.reviews} - {""}
            patients = [LookedUp(one) for one in keys]
            await self._recorder.record_read(caller, what, rows=len(page.reviews), patients=patients)
        return Found(page, totals)
