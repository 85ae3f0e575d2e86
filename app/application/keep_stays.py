"""Keep settled stays (积累已结算病例): take them in, and read them again to be priced anew."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from functools import partial

import msgspec

from app.application.case_set import Case, case_of
from app.application.commit_together import CommitTogether
from app.domain.settled_stay import SettledStay
from app.store.stays import StayFilter, StayKey, StayStore, StoredStay

_BATCH = 256  # stays of one commit
_PAGE = 500  # stays that are read, and worked on, at once

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SettledStay).decode


class StayKept(msgspec.Struct, frozen=True):
    """What was taken in of one stay."""

    facility: str
    id: str
    department: str
    discharge_date: date


class StayKeeper:
    """Whatever comes again takes its own place."""

    def __init__(self, store: StayStore) -> None:
        self._store = store
        self._together: CommitTogether[StoredStay] = CommitTogether(lambda stays: self._store.put(stays), _BATCH)

    async def keep(self, stay: SettledStay) -> StayKept:
        """Returns when it is durable; raises NotRecorded where it could not be written."""
        kept = StayKept(stay.facility.id, stay.id, stay.discharged_from, stay.discharge_date)
        content = _encode(stay).decode()
        await self._together.add(StoredStay(kept.facility, kept.id, kept.department, kept.discharge_date, content))
        return kept

    async def count(self, wanted: StayFilter) -> int:
        """Raises Unavailable."""
        return await self._store.count(wanted)

    async def chunks(self, wanted: StayFilter) -> AsyncIterator[Callable[[], list[Case]]]:
        """All the stays, some at a time, each chunk yet to be decoded. Raises Unavailable."""
        after: StayKey | None = None
        while True:
            page = await self._store.page(wanted, after, _PAGE)
            yield partial(_decoded, page.contents)
            if page.last is None:
                return
            after = page.last


def _decoded(contents: list[str]) -> list[Case]:
    return [case_of(_decode(content)) for content in contents]
