"""Courses of a review, step by step: who, when, with what."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from app.domain.access import Role
from app.domain.review import DeadlineStep, Review, ReviewAction, ReviewState, ReviewStep
from app.domain.review_command import SYSTEM, Ground
from app.domain.review_deadlines import opened
from app.domain.review_policy import DEFAULT_POLICY
from app.domain.review_steps import apply
from tests.domain.review_build import (
    CALENDAR,
    DOCTOR,
    HEAD,
    LEAD,
    NOW,
    OTHER_STAFF,
    STAFF,
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


def on(day: date) -> datetime:
    """The last second of that day in China."""
    return datetime(day.year, day.month, day.day, 15, 59, 59, tzinfo=UTC)


def test_from_open_to_closed_with_the_money_back() -> None:
    mended = done(review(), *CONFIRMED, (A.ACCEPT, HEAD), (A.ORDER_RECTIFICATION, STAFF), (A.REPORT_RECTIFIED, HEAD))
    assert (mended.state, mended.refund_cents, mended.deadline_step) == (S.RECTIFIED, 6_000, DeadlineStep.RECHECK)
    again = done(mended, (A.FAIL_RECHECK, STAFF), (A.REPORT_RECTIFIED, HEAD), (A.PASS_RECHECK, STAFF))
    assert (again.state, again.deadline, again.steps, again.version) == (S.CLOSED, None, 8, 9)


def test_the_last_day_of_the_appeal_is_still_in_time() -> None:
    start = done(review(), *CONFIRMED)
    assert start.deadline == date(2026, 3, 9)
    assert done(start, (A.APPEAL, HEAD), now=on(date(2026, 3, 9))).state is S.FIRST_APPEAL
    late = on(date(2026, 3, 9)) + timedelta(seconds=1)
    assert refused(start, A.APPEAL, HEAD, late).text.startswith("申诉期限已于2026-03-09届满")
    assert refused(start, A.EXPIRE, SYSTEM, on(date(2026, 3, 9))).ground is Ground.STATE
    assert done(start, (A.EXPIRE, SYSTEM), now=late).deadline is None


def test_rectification_waits_for_the_appeal() -> None:
    start = done(review(), *CONFIRMED)
    for action in (A.ORDER_RECTIFICATION, A.CLOSE):
        assert refused(start, action, STAFF).text.startswith("申诉期限至2026-03-09，请待科室认可或期满后再办理")
        late = on(date(2026, 3, 10))
        assert apply(start, command(action, STAFF), late, CALENDAR, DEFAULT_POLICY)[0].version == start.version + 1


def test_an_ordered_time_holds_for_this_rectification() -> None:
    start = done(review(), *CONFIRMED, (A.ACCEPT, HEAD))
    made, step = apply(start, command(A.ORDER_RECTIFICATION, STAFF, working_days=3), NOW, CALENDAR, DEFAULT_POLICY)
    assert made.deadline == date(2026, 3, 5)
    assert step.data == {"deadline": "2026-03-05", "deadline_step": "rectify", "deadline_is_sure": True}
    assert refused(start, A.ORDER_RECTIFICATION, STAFF, working_days=0).ground is Ground.INCOMPLETE


def test_a_deadline_in_a_year_without_notice_is_marked() -> None:
    step = step_of(review(state=S.IN_REVIEW), command(A.CONFIRM, STAFF), datetime(2026, 12, 30, tzinfo=UTC))
    assert (step.data["deadline"], step.data["deadline_is_sure"]) == ("2027-01-06", False)


def test_a_reopened_finding_starts_anew_and_keeps_the_refund() -> None:
    closed = done(
        review(),
        *REJECTED,
        (A.ACCEPT, HEAD),
        (A.ORDER_RECTIFICATION, STAFF),
        (A.REPORT_RECTIFIED, HEAD),
        (A.PASS_RECHECK, STAFF),
    )
    assert refused(closed, A.REOPEN, STAFF).ground is Ground.PERMISSION
    start = done(closed, (A.REOPEN, LEAD))
    assert (start.state, start.decided_by, start.appeal_round, start.refund_cents) == (S.IN_REVIEW, "", 0, 6_000)
    again = done(start, (A.CONFIRM, STAFF), (A.APPEAL, HEAD))
    assert done(again, (A.REJECT, OTHER_STAFF)).state is S.FIRST_REJECTED


def test_a_trial_is_judged_but_asks_nothing_of_the_department() -> None:
    start = done(review(is_trial=True), *CONFIRMED)
    assert start.deadline is None
    for action, by in ((A.APPEAL, HEAD), (A.ORDER_RECTIFICATION, STAFF)):
        assert refused(start, action, by).text.startswith("试运行规则的疑点不申诉、不整改")
    assert done(start, (A.CLOSE, STAFF)).state is S.CLOSED


def test_only_open_findings_vanish_and_they_come_back_with_a_new_time() -> None:
    gone = done(opened(review(), CALENDAR, DEFAULT_POLICY), (A.VANISH, SYSTEM))
    assert (gone.state, gone.deadline) == (S.LAPSED, None)
    back = done(gone, (A.REAPPEAR, SYSTEM), now=NOW + timedelta(days=7))
    assert (back.state, back.deadline) == (S.OPEN, date(2026, 3, 23))
    assert refused(done(review(), (A.TAKE_UP, STAFF)), A.VANISH, SYSTEM).ground is Ground.STATE


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"refund_cents": None}, "请填写退费金额（0至60.00元）"),
        ({"refund_cents": 6_001}, "请填写退费金额（0至60.00元）"),
        ({"refund_cents": -1}, "请填写退费金额（0至60.00元）"),
        ({"refund_cents": 5_999, "comment": " "}, "退费少于涉及金额60.00元，请说明理由"),
        ({"attachments": ()}, "请上传整改佐证材料"),
        ({"attachments": tuple(map(str, range(21)))}, "附件不得超过20个"),
        ({"comment": "长" * 2001}, "说明不得超过2000字"),
    ],
)
def test_a_rectification_is_reported_whole(given: dict[str, Any], said: str) -> None:
    refusal = refused(review(state=S.RECTIFYING), A.REPORT_RECTIFIED, HEAD, **given)
    assert (refusal.ground, refusal.text) == (Ground.INCOMPLETE, said)
    assert A.REPORT_RECTIFIED in refusal.instead


def test_a_refund_of_an_unknown_amount_is_taken_as_told() -> None:
    given = command(A.REPORT_RECTIFIED, HEAD, refund_cents=12_345)
    step = step_of(review(state=S.RECTIFYING, amount_cents=None), given)
    assert step.data["refund_cents"] == 12_345


@pytest.mark.parametrize(
    ("code", "comment", "said"),
    [
        ("", "x", "请选择理由：违反医保支付政策"),
        ("rescue", "x", "请选择理由"),
        ("other", " ", "理由为“其他”时须填写说明"),
    ],
)
def test_a_decision_says_why(code: str, comment: str, said: str) -> None:
    refusal = refused(review(), A.CONFIRM, STAFF, reason_code=code, comment=comment)
    assert refusal.text.startswith(said)


def test_a_refusal_says_what_may_be_done_instead() -> None:
    refusal = refused(review(state=S.CLOSED), A.CONFIRM, STAFF)
    assert refusal.text == "“已办结”的疑点不能“确认违规”。可以改为：留言"
    nothing = refused(review(), A.CONFIRM, person("fin", Role.FINANCE))
    assert nothing.text == "您没有“确认违规”的权限。目前没有可由您办理的操作"
    assert nothing.instead == ()


def test_the_department_answers_without_moving_it() -> None:
    start = opened(review(), CALENDAR, DEFAULT_POLICY)
    said = done(start, (A.ANSWER, DOCTOR), (A.COMMENT, HEAD))
    assert (said.state, said.is_answered, said.deadline, said.steps) == (S.OPEN, True, start.deadline, 2)


def test_review_and_step_survive_being_stored() -> None:
    made, step = apply(review(), command(A.CONFIRM, STAFF), NOW, CALENDAR, DEFAULT_POLICY)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Review) == made
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(step), type=ReviewStep) == step
