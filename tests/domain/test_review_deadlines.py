from datetime import date, timedelta

import pytest

from app.domain.review import DeadlineStep, ReviewAction, ReviewState
from app.domain.review_command import SYSTEM, Ground
from app.domain.review_deadlines import LEAD_TOLD, WARNED, Told, escalation_due, next_watch, opened, told
from app.domain.review_policy import DEFAULT_POLICY, ReviewPolicy, policy_of
from tests.domain.review_build import CALENDAR, NOW, STAFF, command, done, refused, review, step_of

NATIONAL_DAY = review(deadline=date(2026, 10, 8), deadline_step=DeadlineStep.APPEAL)  # the day after the holiday


@pytest.mark.parametrize(
    ("today", "level"),
    [
        (date(2026, 9, 28), 0),
        (date(2026, 9, 29), WARNED),  # two working days before: the 30th is one, then the holiday
        (date(2026, 10, 7), WARNED),
        (date(2026, 10, 8), LEAD_TOLD),
        (date(2026, 12, 1), LEAD_TOLD),
    ],
)
def test_the_warning_comes_working_days_ahead(today: date, level: int) -> None:
    assert escalation_due(NATIONAL_DAY, today, CALENDAR, DEFAULT_POLICY) == level


@pytest.mark.parametrize(
    ("step", "assignee", "level", "whom"),
    [
        (DeadlineStep.APPEAL, "", WARNED, Told.DEPARTMENT_HEAD),
        (DeadlineStep.RECTIFY, "staff-1", WARNED, Told.DEPARTMENT_HEAD),
        (DeadlineStep.REVIEW, "staff-1", WARNED, Told.ASSIGNEE),
        (DeadlineStep.APPEAL_DECISION, "", WARNED, Told.AUDIT_LEAD),
        (DeadlineStep.RECTIFY, "staff-1", LEAD_TOLD, Told.AUDIT_LEAD),
    ],
)
def test_who_is_told(step: DeadlineStep, assignee: str, level: int, whom: Told) -> None:
    assert told(review(deadline_step=step, assignee=assignee), level) is whom


def test_each_level_is_escalated_once() -> None:
    start = opened(review(), CALENDAR, DEFAULT_POLICY)
    assert start.deadline == date(2026, 3, 16)
    assert refused(start, ReviewAction.ESCALATE, SYSTEM, NOW + timedelta(days=9)).ground is Ground.STATE
    near = NOW + timedelta(days=10)
    warned = done(start, (ReviewAction.ESCALATE, SYSTEM), now=near)
    assert (warned.escalation, warned.escalated_at) == (WARNED, near)
    assert refused(warned, ReviewAction.ESCALATE, SYSTEM, near).ground is Ground.STATE
    over = NOW + timedelta(days=14)
    late = done(warned, (ReviewAction.ESCALATE, SYSTEM), now=over)
    assert (late.escalation, late.state, late.deadline) == (LEAD_TOLD, ReviewState.OPEN, start.deadline)
    assert refused(late, ReviewAction.ESCALATE, SYSTEM, over + timedelta(days=90)).ground is Ground.STATE


def test_an_escalation_says_whom_and_of_what() -> None:
    start = opened(review(), CALENDAR, DEFAULT_POLICY)
    step = step_of(start, command(ReviewAction.ESCALATE, SYSTEM), NOW + timedelta(days=40))
    assert step.data == {"level": LEAD_TOLD, "told": "audit_lead"}


def test_a_new_deadline_starts_unescalated() -> None:
    start = done(opened(review(), CALENDAR, DEFAULT_POLICY), (ReviewAction.ESCALATE, SYSTEM), now=NOW + timedelta(40))
    decided = done(start, (ReviewAction.CONFIRM, STAFF), now=NOW + timedelta(40))
    assert (decided.escalation, decided.escalated_at) == (0, None)


def test_the_clock_looks_again_on_the_right_day() -> None:
    start = opened(review(), CALENDAR, DEFAULT_POLICY)
    assert next_watch(start, CALENDAR, DEFAULT_POLICY) == date(2026, 3, 12)
    assert next_watch(review(deadline=date(2026, 3, 16), escalation=WARNED), CALENDAR, DEFAULT_POLICY) == date(
        2026, 3, 16
    )
    over = review(deadline=date(2026, 3, 16), escalation=LEAD_TOLD, deadline_step=DeadlineStep.APPEAL)
    assert next_watch(over, CALENDAR, DEFAULT_POLICY) == date(2026, 3, 17)
    assert next_watch(review(deadline=date(2026, 3, 16), escalation=LEAD_TOLD), CALENDAR, DEFAULT_POLICY) is None
    assert next_watch(review(), CALENDAR, DEFAULT_POLICY) is None


def test_what_is_on_trial_or_no_longer_open_gets_no_first_deadline() -> None:
    for start in (review(is_trial=True), review(state=ReviewState.LAPSED)):
        assert opened(start, CALENDAR, DEFAULT_POLICY) == start


def test_the_hospital_sets_its_own_times() -> None:
    policy = ReviewPolicy(working_days={DeadlineStep.REVIEW: 3})
    assert opened(review(), CALENDAR, policy).deadline == date(2026, 3, 5)
    assert policy.days_for(DeadlineStep.RECTIFY) == 10
    for wrong in (
        {"working_days": {DeadlineStep.REVIEW: 0}},
        {"warn_days": -1},
        {"working_days": {DeadlineStep.REVIEW: 251}},
    ):
        with pytest.raises(ValueError, match="give"):
            ReviewPolicy(**wrong)


def test_a_policy_is_written_in_json() -> None:
    assert policy_of("") == DEFAULT_POLICY
    written = policy_of('{"working_days": {"appeal": 15}, "warn_days": 3, "second_from_cents": null}')
    assert (written.days_for(DeadlineStep.APPEAL), written.warn_days, written.second_from_cents) == (15, 3, None)
    for wrong in ('{"working_days": {"nap": 1}}', '{"working_days": {"appeal": 0}}', '{"second": 1}', "{"):
        with pytest.raises(ValueError, match=r"\w"):
            policy_of(wrong)
