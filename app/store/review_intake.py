"""Intake of reviews (疑点入库): what the trail tells of audits and answers, for whoever makes reviews of it.

Every entry is taken in once, whichever worker does it: the place in the trail moves on together with what came of it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from app.domain.decision import Stage
from app.domain.disposition import Action
from app.domain.review import Review, ReviewStep
from app.store.audit_log import FindingRow
from app.store.packing import Content
from app.store.review_rows import StoredReview


class ToldAudit(NamedTuple):
    id: str
    at: int  # when it was recorded, in microseconds since 1970
    is_completion: bool  # stored before, and now answered otherwise: nothing was found anew


class ToldAnswer(NamedTuple):
    finding: str
    action: Action


class Pending(NamedTuple):
    """Entries from `first` on, up to but without `following`."""

    first: int
    following: int
    told: list[ToldAudit | ToldAnswer]


class SeenAudit(NamedTuple):
    """`content` None: it was erased."""

    id: str
    at: int
    facility: str
    encounter: str
    stage: Stage
    content: Content | None
    findings: tuple[FindingRow, ...]


class Item(NamedTuple):
    """What a line at fault is of."""

    code: str
    name: str


class Intaken(NamedTuple):
    """A review that is new or changed: as it was stored, as it is, what was done to it, and of what its lines are."""

    before: StoredReview | None
    after: Review
    steps: tuple[ReviewStep, ...] = ()
    items: tuple[Item, ...] = ()


class ReviewIntake(Protocol):
    """What reads raises Unavailable, what writes NotRecorded, where the database does not answer."""

    async def pending(self, most: int) -> Pending: ...

    async def audits(self, pending: Pending) -> dict[str, SeenAudit]:
        """With their findings, by id."""
        ...

    async def standing(self, ids: Sequence[str], places: Sequence[tuple[str, str]]) -> dict[str, StoredReview]:
        """Reviews of these ids, and those of these encounters (facility, encounter), by id."""
        ...

    async def take_in(self, pending: Pending, changed: Sequence[Intaken], rules: Mapping[str, str]) -> bool:
        """`rules`: titles by id, to search by. False where nothing was done, as another worker was first, or as a
        review was changed meanwhile.
        """
        ...

    def patient_key(self, patient: str) -> str:
        """What stands for a patient in reviews."""
        ...
