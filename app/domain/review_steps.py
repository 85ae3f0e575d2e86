"""Review steps (复核办理): one command applied to one review gives the next review and the step to be kept."""

from datetime import date, datetime

import msgspec

from app.domain.access import PERMISSIONS, Caller, Permission, Role
from app.domain.review import DeadlineStep, Review, ReviewAction, ReviewState, ReviewStep, StepData
from app.domain.review_command import SYSTEM, Attempt, Command, Ground, NotAllowed
from app.domain.review_deadlines import due_date, escalation_due, told
from app.domain.review_effects import EFFECTS, Changes
from app.domain.review_guards import FITS
from app.domain.review_labels import ACTION_LABELS, STATE_LABELS
from app.domain.review_policy import ReviewPolicy
from app.domain.review_table import TABLE, Cell
from app.domain.working_days import WorkingCalendar, day_of

_CLEARED = {ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED}


def apply(
    review: Review, command: Command, now: datetime, calendar: WorkingCalendar, policy: ReviewPolicy
) -> tuple[Review, ReviewStep]:
    """Raises NotAllowed, with what may be done instead."""
    attempt = Attempt(review, command, day_of(now), calendar, policy)
    cell = _admitted(attempt)
    to, changes = _lead(attempt, cell)
    changes |= _deadline(attempt, cell, to)
    if command.action is ReviewAction.ESCALATE:
        level = escalation_due(review, attempt.today, calendar, policy)
        changes |= {"escalation": level, "escalated_at": now}
    made = msgspec.structs.replace(review, state=to, version=review.version + 1, steps=review.steps + 1, **changes)
    step = ReviewStep(
        review=review.id,
        number=made.steps,
        at=now,
        by=command.by.id,
        role=role_of(command.by, cell.asks),
        action=command.action,
        from_state=review.state,
        to_state=to,
        reason_code=command.reason_code,
        comment=command.comment,
        data=_data(attempt, made),
    )
    return made, step


def options(
    review: Review, by: Caller, today: date, calendar: WorkingCalendar, policy: ReviewPolicy, practitioner: str = ""
) -> tuple[ReviewAction, ...]:
    """What this person may do now, once reason, amount or proof are given; in the order of ReviewAction."""
    found = []
    for action in ReviewAction:
        attempt = Attempt(review, Command(action=action, by=by, practitioner=practitioner), today, calendar, policy)
        if _refused(attempt, with_content=False) is None:
            found.append(action)
    return tuple(found)


def role_of(by: Caller, asks: frozenset[Permission]) -> str:
    """The role under which it is done: of the caller's, the first that may."""
    if not asks:
        return SYSTEM.id
    return next((role.value for role in Role if role in by.roles and asks & PERMISSIONS[role]), "")


def _admitted(attempt: Attempt) -> Cell:
    refused = _refused(attempt)
    if refused is None:
        return TABLE[attempt.review.state, attempt.command.action]
    ground, text = refused
    command = attempt.command
    instead = options(attempt.review, command.by, attempt.today, attempt.calendar, attempt.policy, command.practitioner)
    if ground is not Ground.INCOMPLETE:
        names = "、".join([ACTION_LABELS[action] for action in instead])
        text += f"。可以改为：{names}" if names else "。目前没有可由您办理的操作"
    raise NotAllowed(ground, text, instead)


def _refused(attempt: Attempt, *, with_content: bool = True) -> tuple[Ground, str] | None:
    """What stands against it, the gravest first: state, permission, scope, then the conditions of the cell in order."""
    review, command = attempt.review, attempt.command
    cell = TABLE.get((review.state, command.action))
    if cell is None:
        return Ground.STATE, f"“{STATE_LABELS[review.state]}”的疑点不能“{ACTION_LABELS[command.action]}”"
    if not _may(command.by, cell.asks):
        return Ground.PERMISSION, f"您没有“{ACTION_LABELS[command.action]}”的权限"
    where = (review.facility, review.campus, review.department, review.practitioner)
    if not command.by.scope.covers(*where):
        return Ground.PERMISSION, "该疑点不在您的管辖范围内"
    for guard in (*cell.guards, FITS):
        if (with_content or guard.ground is not Ground.INCOMPLETE) and (text := guard.refusal(attempt)):
            return guard.ground, text
    return None


def _may(by: Caller, asks: frozenset[Permission]) -> bool:
    if not asks:
        return by is SYSTEM
    return any([by.may(permission) for permission in asks])


def _lead(attempt: Attempt, cell: Cell) -> tuple[ReviewState, Changes]:
    """Where it leads, and what it changes there."""
    review, command = attempt.review, attempt.command
    effect = EFFECTS.get(command.action)
    changes: Changes = dict(effect(review, command)) if effect else {}
    to = cell.to if cell.to is not None else review.proposed
    if to is None:
        raise ValueError(f"the review {review.id} waits for a second person, but nothing is proposed")
    if cell.by_two and attempt.policy.wants_second(review, to):
        return ReviewState.AWAITING_SECOND, changes | {"proposed": to}
    return to, changes


def _deadline(attempt: Attempt, cell: Cell, to: ReviewState) -> Changes:
    if cell.keeps:
        return {}
    step = DeadlineStep.SECOND if to is ReviewState.AWAITING_SECOND else cell.due
    if attempt.review.is_trial or (step is DeadlineStep.APPEAL and to in _CLEARED):
        step = None
    deadline = None
    if step is not None:
        given = attempt.command.working_days if step is DeadlineStep.RECTIFY else None
        deadline = due_date(step, attempt.today, attempt.calendar, attempt.policy, given)
    return {"deadline": deadline, "deadline_step": step, "escalation": 0, "escalated_at": None}


def _data(attempt: Attempt, after: Review) -> StepData:
    before, command = attempt.review, attempt.command
    data: dict[str, str | int | bool | tuple[str, ...] | None] = {}
    if command.attachments:
        data["attachments"] = command.attachments
    if after.refund_cents != before.refund_cents:
        data["refund_cents"] = after.refund_cents
    if after.assignee != before.assignee:
        data["assignee"] = after.assignee
    if after.proposed is not None and after.proposed != before.proposed:
        data["proposed"] = after.proposed.value
    if after.deadline is not None and (after.deadline, after.deadline_step) != (before.deadline, before.deadline_step):
        data["deadline"] = after.deadline.isoformat()
        data["deadline_step"] = after.deadline_step.value if after.deadline_step else None
        data["deadline_is_sure"] = attempt.calendar.is_sure(attempt.today, after.deadline)
    if command.action is ReviewAction.ESCALATE:
        data |= {"level": after.escalation, "told": told(before, after.escalation).value}
    return data
