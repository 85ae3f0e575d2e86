"""Reviews in the store (复核存储): the findings that staff work through, what was done about them, and who is where.

Whoever asks gives the scope of the caller; nothing beyond it is found, counted or changed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct

from app.domain.access import Scope
from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import Review, ReviewState, ReviewStep
from app.store.review_counts import Axis

MOST_COUNTED, MOST_SEARCHED, MOST_ROWS = 10_000, 2_000, 1_000  # counted, counted of a search, and of one page
LARGEST_ATTACHMENT = 10 * 1024 * 1024


class ReviewFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that is given must hold; of several values any one. `found` is when a finding was made first. Text is words,
    each of which must be found: in an item's name, a rule's title, a department's or practitioner's name, or as the
    initials of their pinyin; or it is the id of the encounter or of the finding.
    """

    found_from: datetime | None = None
    found_before: datetime | None = None
    facilities: tuple[str, ...] = ()
    campuses: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    patient_keys: tuple[str, ...] = ()  # what the vault gives for the patient's id
    encounters: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    rule_classes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    stages: tuple[Stage, ...] = ()
    states: tuple[ReviewState, ...] = ()
    insurance_types: tuple[InsuranceType, ...] = ()
    care_types: tuple[CareType, ...] = ()
    answers: tuple[Action, ...] = ()
    has_answer: bool | None = None  # whether the doctor has said anything
    assignees: tuple[str, ...] = ()  # a blank one: nobody
    amount_from: int | None = None  # in cents, both ends included
    amount_to: int | None = None
    deadline_from: date | None = None
    deadline_to: date | None = None
    is_trial: bool | None = False  # None: rules on trial and others
    text: str = ""


class Sorting(StrEnum):
    TIME = "time"
    AMOUNT = "amount"
    DEADLINE = "deadline"
    SEVERITY = "severity"


class Order(NamedTuple):
    by: Sorting = Sorting.TIME
    is_descending: bool = True


LATEST_FIRST = Order()


class ReviewPage(NamedTuple):
    """`following` is what to ask the next page with; blank: there is none."""

    reviews: list[Review]
    following: str


class Totals(Struct, frozen=True, kw_only=True):
    """`is_more`: there are more than that, and the sums, which would be of a part only, are None."""

    count: int
    is_more: bool
    amount_cents: int | None
    refund_cents: int | None


class Facet(NamedTuple):
    """What the sums are of one value. Amounts are in cents."""

    key: str
    total: int
    amount_cents: int
    undecided: int
    confirmed: int
    confirmed_cents: int
    false_positive: int
    excepted: int
    lapsed: int
    refund_cents: int
    overridden: int
    answered: int


class Grain(StrEnum):
    DAY = "day"
    MONTH = "month"


class Overview(Struct, frozen=True, kw_only=True):
    """What dashboards ask: days (both included), places, and rules."""

    first: date
    last: date
    facilities: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    is_trial: bool = False


class Change(NamedTuple):
    """A review after a step, and the step."""

    review: Review
    step: ReviewStep


class Attachment(NamedTuple):
    id: str
    review: str
    at: datetime
    by: str
    type: str
    size: int
    digest: bytes
    name: str


class Department(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """科室. `head` is the practitioner who leads it."""

    facility: str
    code: str
    name: str
    campus: str = ""
    head: str = ""


class StaffMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """医师: who a practitioner's code is."""

    facility: str
    code: str
    name: str
    department: str = ""
    title: str = ""


class SavedView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A filter with a name. A shared one is everybody's to use, and its owner's to change."""

    id: str
    account: str
    name: str
    filter: ReviewFilter = ReviewFilter()
    by: Sorting = Sorting.TIME
    is_descending: bool = True
    fields: tuple[str, ...] = ()
    is_shared: bool = False


class BadCursor(ValueError):
    """What was given is no cursor of this query."""


class LostUpdate(Exception):
    """The review was changed since it was read: the ids of those of which this is so."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(", ".join(ids))
        self.ids = tuple(ids)


class ReviewStore(Protocol):
    """What reads raises Unavailable, what writes NotRecorded, where the database does not answer."""

    async def page(
        self, wanted: ReviewFilter, scope: Scope, order: Order = LATEST_FIRST, cursor: str = "", size: int = 50
    ) -> ReviewPage:
        """Raises BadCursor."""
        ...

    async def totals(self, wanted: ReviewFilter, scope: Scope, most: int = MOST_COUNTED) -> Totals: ...

    async def get(self, ids: Sequence[str], scope: Scope) -> dict[str, Review]:
        """Those that there are, and that the scope covers."""
        ...

    async def steps(self, review: str, scope: Scope) -> list[ReviewStep]:
        """In their order."""
        ...

    async def save(self, changes: Sequence[Change], scope: Scope) -> None:
        """All of them, each with its step and the trail's entry, or none. Raises LostUpdate; LookupError where the
        scope does not cover one.
        """
        ...

    async def attach(self, attachment: Attachment, content: bytes, scope: Scope) -> None:
        """Raises LookupError where there is no such review for this caller."""
        ...

    async def attachments(self, review: str, scope: Scope) -> list[Attachment]: ...  # without those that were erased

    async def attached(self, attachment: str, scope: Scope) -> tuple[Attachment, bytes] | None: ...

    async def facets(self, wanted: Overview, scope: Scope, by: "Axis | None", most: int = 50) -> list[Facet]:
        """The values with the most findings; without an axis, departments (`facility/code`)."""
        ...

    async def series(self, wanted: Overview, scope: Scope, grain: Grain) -> list[Facet]:
        """By day or month (YYYYMMDD, YYYYMM), in their order; those without findings are absent."""
        ...


class Directory(Protocol):
    """Who is where (科室与医师名录). What reads raises Unavailable, what writes NotRecorded."""

    async def put_departments(self, departments: Sequence[Department], *, caller: str, at: datetime) -> None: ...

    async def put_staff(self, staff: Sequence[StaffMember], *, caller: str, at: datetime) -> None: ...

    async def departments(self, facility: str, codes: Sequence[str] = ()) -> list[Department]:
        """Those of the facility; with codes, of these only."""
        ...

    async def staff(self, facility: str, codes: Sequence[str]) -> list[StaffMember]: ...


class SavedViews(Protocol):
    async def of(self, account: str) -> list[SavedView]:
        """Its own, and those that others share, by name."""
        ...

    async def put(self, view: SavedView) -> bool:
        """False: the account has another view of this name, or this one is somebody else's."""
        ...

    async def remove(self, view: str, account: str) -> bool: ...
