"""Deadlines: who gets how much of the time."""

import time

import pytest

from app.application.deadline import Deadline, Deadlines
from app.domain.decision import Stage


@pytest.mark.parametrize(
    ("stage", "asked", "seconds"),
    [
        (Stage.ORDERING, None, 0.2),
        (Stage.SETTLING, None, 1.0),
        (Stage.SETTLED, None, 1.0),
        (Stage.ORDERING, 80, 0.08),
        (Stage.SETTLING, 80, 0.08),
        (Stage.ORDERING, 1000, 1.0),
        (Stage.ORDERING, 60_000, 1.0),
    ],
)
def test_what_is_asked_or_usual(stage: Stage, asked: int | None, seconds: float) -> None:
    deadline = Deadlines(ordering_ms=200).of(stage, 1000.0, asked)
    assert deadline.seconds == seconds
    assert deadline.due == 1000.0 + seconds
    assert deadline.may_spool


def test_shares_leave_time_for_the_spool() -> None:
    """However late each step is, the time that is left after it suffices for the next."""
    now = time.monotonic()
    deadline = Deadline(now + 1.0, 1.0)
    history, record = deadline.for_history(), deadline.for_record()
    assert 0.35 < history <= 0.4
    assert history < record <= 0.7


def test_late_already() -> None:
    """The past is done without; the database still gets a moment."""
    deadline = Deadline(time.monotonic() - 5, 0.1)
    assert deadline.for_history() < 0
    assert 0 < deadline.for_record() <= 0.03


def test_line_of_a_bulk_request_is_not_spooled() -> None:
    deadline = Deadlines().of_bulk(time.monotonic())
    assert not deadline.may_spool
    assert deadline.for_history() > 1
