"""Who may decide about what, and who must keep out of it."""

from typing import Any

import pytest

from app.domain.access import Caller, Role, Scope
from app.domain.decision import Severity
from app.domain.review import DeadlineStep, ReviewAction, ReviewState
from app.domain.review_command import Ground
from app.domain.review_policy import DEFAULT_POLICY, ReviewPolicy
from app.domain.review_steps import options
from tests.domain.review_build import (
    CALENDAR,
    DOCTOR,
    HEAD,
    LEAD,
    NOW,
    OTHER_LEAD,
    OTHER_STAFF,
    STAFF,
    THIRD_LEAD,
    command,
    done,
    person,
    refused,
    review,
    step_of,
)

A = ReviewAction
S = ReviewState
CONFIRMED = ((A.TAKE_UP, STAFF), (A.CONFIRM, STAFF))
REJECTED = (*CONFIRMED, (A.APPEAL, HEAD), (A.REJECT, OTHER_STAFF))


def test_three_rounds_of_appeal_each_heard_by_somebody_else() -> None:
    first = done(review(), *REJECTED)
    assert (first.state, first.appeal_round, first.deadline_step) == (S.FIRST_REJECTED, 1, DeadlineStep.APPEAL)
    second = done(first, (A.APPEAL, HEAD))
    assert refused(second, A.REJECT, OTHER_STAFF).ground is Ground.PERMISSION
    final = done(second, (A.REJECT, LEAD), (A.APPEAL, DOCTOR))
    assert refused(final, A.REJECT, LEAD).ground is Ground.SEPARATION
    lost = done(final, (A.REJECT, OTHER_LEAD))
    assert (lost.state, lost.deadline, lost.appeal_round) == (S.CONFIRMED, None, 3)
    assert refused(lost, A.APPEAL, HEAD).text.startswith("申诉权利已用尽或已放弃")
    won = done(final, (A.GRANT_EXCEPTION, OTHER_LEAD))
    assert (won.state, won.reason_code) == (S.EXCEPTED, "rescue")


def test_who_rejected_the_first_appeal_may_not_hear_the_second_even_as_a_lead() -> None:
    start = done(review(), *CONFIRMED, (A.APPEAL, HEAD), (A.REJECT, LEAD), (A.APPEAL, HEAD))
    for action in (A.REJECT, A.GRANT, A.GRANT_EXCEPTION):
        refusal = refused(start, action, LEAD)
        assert refusal.ground is Ground.SEPARATION
        assert action not in refusal.instead
    assert done(start, (A.GRANT, OTHER_LEAD)).state is S.FALSE_POSITIVE


@pytest.mark.parametrize("by", [STAFF, person("both", Role.AUDIT_STAFF, Role.DEPARTMENT_HEAD)])
def test_neither_the_decider_nor_the_appellant_hears_the_appeal(by: Caller) -> None:
    appellant = by if by is not STAFF else HEAD
    start = done(review(), *CONFIRMED, (A.APPEAL, appellant))
    assert refused(start, A.GRANT, by).ground is Ground.SEPARATION


def test_a_second_person_must_be_another_one() -> None:
    start = done(review(needs_second=True), (A.CONFIRM, LEAD))
    assert (start.state, start.proposed, start.deadline_step) == (S.AWAITING_SECOND, S.CONFIRMED, DeadlineStep.SECOND)
    assert refused(start, A.APPROVE, LEAD).ground is Ground.SEPARATION
    approved = done(start, (A.APPROVE, OTHER_LEAD))
    assert (approved.state, approved.proposed, approved.approved_by) == (S.CONFIRMED, None, "lead-2")
    assert approved.deadline_step is DeadlineStep.APPEAL
    assert refused(done(approved, (A.APPEAL, HEAD)), A.REJECT, OTHER_LEAD).ground is Ground.SEPARATION


def test_only_the_proposer_recalls_and_the_second_person_sends_back() -> None:
    start = done(review(needs_second=True), (A.DISMISS, STAFF))
    assert refused(start, A.RECALL, OTHER_STAFF).ground is Ground.SEPARATION
    for step in ((A.RECALL, STAFF), (A.SEND_BACK, LEAD)):
        back = done(start, step)
        assert (back.state, back.decided_by, back.proposed, back.assignee) == (S.IN_REVIEW, "", None, "staff-1")


@pytest.mark.parametrize(
    ("changes", "action", "two"),
    [
        ({"amount_cents": 999_999}, A.CONFIRM, False),
        ({"amount_cents": 1_000_000}, A.CONFIRM, True),
        ({"amount_cents": None}, A.CONFIRM, False),
        ({"severity": Severity.DEFINITE}, A.CONFIRM, False),
        ({"severity": Severity.DEFINITE}, A.DISMISS, True),
        ({"severity": Severity.DEFINITE}, A.EXCEPT, True),
        ({"needs_second": True}, A.EXCEPT, True),
        ({"needs_second": True, "is_trial": True}, A.CONFIRM, False),
    ],
)
def test_when_two_must_decide(changes: dict[str, Any], action: A, two: bool) -> None:
    assert (done(review(**changes), (action, STAFF)).state is S.AWAITING_SECOND) == two


def test_a_hospital_may_do_without_limits_of_amount() -> None:
    policy = ReviewPolicy(second_from_cents=None, second_for_clearing_definite=False)
    start = review(amount_cents=10**12, severity=Severity.DEFINITE)
    assert done(start, (A.DISMISS, STAFF), policy=policy).state is S.FALSE_POSITIVE


def test_what_two_decided_no_member_of_staff_clears_alone_on_appeal() -> None:
    start = done(review(amount_cents=2_000_000), (A.CONFIRM, STAFF), (A.APPROVE, LEAD), (A.APPEAL, HEAD))
    assert refused(start, A.GRANT, OTHER_STAFF).text.startswith("该疑点须经复核")
    assert done(start, (A.GRANT, OTHER_LEAD)).state is S.FALSE_POSITIVE
    assert done(start, (A.REJECT, OTHER_STAFF)).state is S.FIRST_REJECTED


@pytest.mark.parametrize("action", [A.TAKE_UP, A.CONFIRM, A.DISMISS, A.EXCEPT, A.ASSIGN])
def test_the_accused_physician_decides_nothing_of_their_own(action: A) -> None:
    accused = refused(review(), action, STAFF, practitioner="P1")
    assert accused.ground is Ground.SEPARATION
    assert accused.text.startswith("不能办理涉及本人的疑点，请由他人办理")


def test_what_is_somebody_elses_is_assigned_first() -> None:
    start = done(review(), (A.TAKE_UP, STAFF))
    assert refused(start, A.CONFIRM, OTHER_STAFF).text.startswith("该疑点已分派给他人，请先改派")
    assert done(start, (A.CONFIRM, LEAD)).decided_by == "lead-1"
    step = step_of(start, command(A.ASSIGN, OTHER_STAFF, assignee="staff-2"))
    assert step.data == {"assignee": "staff-2"}


def test_nobody_is_assigned_what_they_must_keep_out_of() -> None:
    start = done(review(needs_second=True), (A.CONFIRM, STAFF))
    assert refused(start, A.ASSIGN, LEAD, assignee="staff-1").text == "该人员须回避，请选择他人"
    assert refused(start, A.ASSIGN, LEAD, assignee="").text == "请选择办理人"


@pytest.mark.parametrize(
    "scope",
    [
        Scope(departments=frozenset({"D2"})),
        Scope(facilities=frozenset({"H2"})),
        Scope(campuses=frozenset({"C1"})),
        Scope(practitioner="P2"),
    ],
)
def test_beyond_the_scope_nothing_is_possible(scope: Scope) -> None:
    everything = person("x", *Role, scope=scope)
    assert refused(review(), A.COMMENT, everything).text.startswith("该疑点不在您的管辖范围内")
    assert options(review(), everything, NOW.date(), CALENDAR, DEFAULT_POLICY) == ()


def test_a_step_is_done_under_the_role_that_may() -> None:
    both = person("both", Role.AUDIT_LEAD, Role.DOCTOR, Role.AUDIT_STAFF)
    assert step_of(review(), command(A.TAKE_UP, both)).role == "audit_staff"
    assert step_of(review(), command(A.ANSWER, both)).role == "doctor"
    assert step_of(review(state=S.CLOSED), command(A.REOPEN, both)).role == "audit_lead"


def test_a_full_course_with_two_needs_two_of_staff_and_three_leads() -> None:
    start = review(needs_second=True)
    course = ((A.CONFIRM, STAFF), (A.APPROVE, LEAD), (A.APPEAL, HEAD), (A.REJECT, OTHER_STAFF))
    rounds = ((A.APPEAL, HEAD), (A.REJECT, OTHER_LEAD), (A.APPEAL, HEAD), (A.REJECT, THIRD_LEAD))
    assert done(start, *course, *rounds).state is S.CONFIRMED
