"""Review deadlines (办理期限): when a step falls due, and whom to tell before it does."""

from datetime import date
from enum import StrEnum

import msgspec

from app.domain.review import DeadlineStep, Review, ReviewState
from app.domain.review_policy import ReviewPolicy
from app.domain.working_days import WorkingCalendar, day_of

_OF_DEPARTMENT = {DeadlineStep.APPEAL, DeadlineStep.RECTIFY}
WARNED, LEAD_TOLD = 1, 2


class Told(StrEnum):
    """Whom an escalation goes to."""

    DEPARTMENT_HEAD = "department_head"  # 科主任
    ASSIGNEE = "assignee"  # 办理人
    AUDIT_LEAD = "audit_lead"  # 审核负责人


def due_date(
    step: DeadlineStep, today: date, calendar: WorkingCalendar, policy: ReviewPolicy, working_days: int | None = None
) -> date:
    """The last day of the step, counted from the day after today."""
    return calendar.after(today, policy.days_for(step) if working_days is None else working_days)


def opened(review: Review, calendar: WorkingCalendar, policy: ReviewPolicy) -> Review:
    """A new review with its first deadline, counted from the day it was found; what is on trial has none."""
    if review.is_trial or review.state is not ReviewState.OPEN:
        return review
    deadline = due_date(DeadlineStep.REVIEW, day_of(review.first_found_at), calendar, policy)
    return msgspec.structs.replace(review, deadline=deadline, deadline_step=DeadlineStep.REVIEW)


def escalation_due(review: Review, today: date, calendar: WorkingCalendar, policy: ReviewPolicy) -> int:
    """How far it should be by today: 0, WARNED some working days before the deadline, LEAD_TOLD from its day on."""
    if review.deadline is None:
        return 0
    if today >= review.deadline:
        return LEAD_TOLD
    return WARNED if today >= calendar.before(review.deadline, policy.warn_days) else 0


def told(review: Review, level: int) -> Told:
    """Who hears of it: before the deadline whoever must act, on its day the lead."""
    if level >= LEAD_TOLD:
        return Told.AUDIT_LEAD
    if review.deadline_step in _OF_DEPARTMENT:
        return Told.DEPARTMENT_HEAD
    return Told.ASSIGNEE if review.assignee else Told.AUDIT_LEAD


def next_watch(review: Review, calendar: WorkingCalendar, policy: ReviewPolicy) -> date | None:
    """The first day on which the clock has something to do with this review; None where it never has."""
    if review.deadline is None:
        return None
    if review.escalation < WARNED:
        return calendar.before(review.deadline, policy.warn_days)
    if review.escalation < LEAD_TOLD:
        return review.deadline
    if review.deadline_step is DeadlineStep.APPEAL:
        return date.fromordinal(review.deadline.toordinal() + 1)
    return None
