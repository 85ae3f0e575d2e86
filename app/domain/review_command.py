"""Command (复核操作): what somebody asks to have done to a review, and why it may be refused."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from app.domain.access import Caller
from app.domain.review import Review, ReviewAction
from app.domain.review_policy import ReviewPolicy
from app.domain.working_days import WorkingCalendar

SYSTEM = Caller(id="system", roles=frozenset(), kind="system")  # the service itself, never a request
LONGEST_COMMENT = 2000
MOST_ATTACHMENTS = 20


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`practitioner` is the doctor's code of the one who acts, where that person is one. `refund_cents` goes with
    REPORT_RECTIFIED, `assignee` with ASSIGN, `working_days` with what sets a time to the department.
    """

    action: ReviewAction
    by: Caller
    practitioner: str = ""
    reason_code: str = ""
    comment: str = ""
    refund_cents: int | None = None
    attachments: tuple[str, ...] = ()
    assignee: str = ""
    working_days: int | None = None

    @property
    def doctor(self) -> str:
        return self.practitioner or self.by.scope.practitioner


class Ground(StrEnum):
    """Why a command is refused."""

    STATE = "state"  # the review is not where this can be done, or no longer
    PERMISSION = "permission"
    SEPARATION = "separation"  # another person must do it
    INCOMPLETE = "incomplete"  # something must be given with it


class NotAllowed(Exception):
    """Refused. The text is for staff; `instead` are the actions that the same person may take now."""

    def __init__(self, ground: Ground, text: str, instead: tuple[ReviewAction, ...] = ()) -> None:
        super().__init__(text)
        self.ground, self.text, self.instead = ground, text, instead


class Attempt(NamedTuple):
    """A command against a review, on a day."""

    review: Review
    command: Command
    today: date
    calendar: WorkingCalendar
    policy: ReviewPolicy
