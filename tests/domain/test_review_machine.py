"""The state machine of reviews against the slow model, with people, amounts and time at random."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.access import Caller, Role
from app.domain.decision import Severity
from app.domain.review import DeadlineStep, Review, ReviewAction, ReviewStep
from app.domain.review_command import SYSTEM, NotAllowed
from app.domain.review_deadlines import opened
from app.domain.review_policy import DEFAULT_POLICY
from app.domain.review_steps import apply, options
from app.domain.working_days import day_of
from tests.domain.review_build import CALENDAR, NOW, command, person, review
from tests.domain.review_model import Done, Model, nth_working_day
from tests.domain.test_review_table import DOCUMENTED

PEOPLE: dict[str, tuple[Caller, set[str], str]] = {  # who, what they may, their own doctor's code
    "staff-1": (person("staff-1", Role.AUDIT_STAFF), {"review"}, ""),
    "staff-2": (person("staff-2", Role.AUDIT_STAFF), {"review"}, ""),
    "staff-9": (person("staff-9", Role.AUDIT_STAFF), {"review"}, "P1"),  # the accused, who also works here
    "lead-1": (person("lead-1", Role.AUDIT_LEAD), {"review", "approve"}, ""),
    "lead-2": (person("lead-2", Role.AUDIT_LEAD), {"review", "approve"}, ""),
    "lead-3": (person("lead-3", Role.AUDIT_LEAD), {"review", "approve"}, "P2"),
    "head-1": (person("head-1", Role.DEPARTMENT_HEAD), {"answer"}, "P7"),
    "both-1": (person("both-1", Role.DEPARTMENT_HEAD, Role.AUDIT_STAFF), {"answer", "review"}, ""),
    "his-1": (person("his-1", Role.HIS_CLIENT), set(), ""),
}
WHO = st.sampled_from(sorted(PEOPLE))
BY_HAND = [action for action in ReviewAction if action.value not in {"vanish", "reappear", "expire", "escalate"}]

ASIDE = {ReviewAction.COMMENT, ReviewAction.ANSWER, ReviewAction.ASSIGN}
BACK = {ReviewAction.RELEASE, ReviewAction.REOPEN, ReviewAction.RECALL, ReviewAction.SEND_BACK}
CONFIRMED = (ReviewAction.CONFIRM, ReviewAction.APPROVE)
ROUND = (ReviewAction.APPEAL, ReviewAction.REJECT)
MENDED = (ReviewAction.ACCEPT, ReviewAction.ORDER_RECTIFICATION, ReviewAction.REPORT_RECTIFIED)
WAYS = [  # random actions alone seldom come far, so it starts on any of these; what cannot be done is left out
    (),
    (ReviewAction.TAKE_UP,),
    (ReviewAction.DISMISS,),
    (ReviewAction.CONFIRM,),
    CONFIRMED,
    *[(*CONFIRMED, *(ROUND * 3)[:count]) for count in range(1, 6)],
    *[(*CONFIRMED, *MENDED[:count]) for count in range(1, 4)],
    (*CONFIRMED, *ROUND, *MENDED, ReviewAction.FAIL_RECHECK),
]
AT_THE_EDGE = [ReviewAction.APPEAL, ReviewAction.ACCEPT, ReviewAction.ORDER_RECTIFICATION, ReviewAction.CLOSE]
APART = [ReviewAction.APPROVE, ReviewAction.GRANT, ReviewAction.REJECT, ReviewAction.PASS_RECHECK, ReviewAction.CONFIRM]


class ReviewMachine(RuleBasedStateMachine):
    @initialize(
        amount=st.sampled_from([0, 100, 999_999, 1_000_000]),
        is_definite=st.booleans(),
        needs_second=st.booleans(),
        is_trial=st.sampled_from([False, False, False, True]),
        way=st.sampled_from(WAYS),
        data=st.data(),
    )
    def start(
        self,
        amount: int,
        is_definite: bool,
        needs_second: bool,
        is_trial: bool,
        way: tuple[ReviewAction, ...],
        data: st.DataObject,
    ) -> None:
        severity = Severity.DEFINITE if is_definite else Severity.HIGHLY_SUSPECT
        made = review(amount_cents=amount, severity=severity, needs_second=needs_second, is_trial=is_trial)
        self.now: datetime = NOW
        self.review: Review = opened(made, CALENDAR, DEFAULT_POLICY)
        self.steps: list[ReviewStep] = []
        self.model = Model(day_of(NOW), amount, is_definite, needs_second, is_trial, "P1")
        for wish in way:
            offered = self._offered(ASIDE | BACK)
            if wish in {action for _, action in offered}:
                self._one_of_them(data, offered, wish, None)

    def _do(self, action: ReviewAction, who: str, given: dict[str, Any]) -> None:
        by, perms, doctor = PEOPLE.get(who, (SYSTEM, {"system"}, ""))
        sent = command(action, by, practitioner=doctor, **given)
        known = DOCUMENTED.get((self.review.state, action))
        may = known is not None and (known[2] if by is SYSTEM else bool(known[1] & by.roles))
        content = {"assignee": sent.assignee, "refund_cents": sent.refund_cents, "working_days": sent.working_days}
        today = day_of(self.now)
        is_refused = not may or self.model.refuses(today, who, perms, doctor, action.value, content)
        offered = options(self.review, by, today, CALENDAR, DEFAULT_POLICY, doctor)
        if is_refused:
            with pytest.raises(NotAllowed) as raised:
                apply(self.review, sent, self.now, CALENDAR, DEFAULT_POLICY)
            assert raised.value.instead == offered
            return
        made, step = apply(self.review, sent, self.now, CALENDAR, DEFAULT_POLICY)
        assert action in offered
        self.model.log.append(Done(today, who, action.value, content, self.model.leads_to(action.value)))
        self.review = made
        self.steps.append(step)

    @rule(action=st.sampled_from(BY_HAND), who=WHO, refund=st.sampled_from([0, 100, 5_000_000]))
    def act(self, action: ReviewAction, who: str, refund: int) -> None:
        self._do(action, who, {"refund_cents": refund} if action is ReviewAction.REPORT_RECTIFIED else {})

    def _offered(self, leaving_out: set[ReviewAction]) -> list[tuple[str, ReviewAction]]:
        """What the model would let anybody do."""
        found = []
        for who, (by, perms, doctor) in PEOPLE.items():
            for action in BY_HAND:
                known = DOCUMENTED.get((self.review.state, action))
                given: dict[str, object] = {"assignee": "staff-1", "refund_cents": 0}
                if known is None or action in leaving_out or not known[1] & by.roles:
                    continue
                if not self.model.refuses(day_of(self.now), who, perms, doctor, action.value, given):
                    found.append((who, action))
        return found

    @rule(data=st.data(), count=st.integers(1, 4), days=st.none() | st.integers(1, 30))
    def go_on(self, data: st.DataObject, count: int, days: int | None) -> None:
        """From where the review is, with people who may."""
        for _ in range(count):
            offered = self._offered(ASIDE | BACK)
            if offered:
                action = data.draw(st.sampled_from(sorted({action for _, action in offered})))
                self._one_of_them(data, offered, action, days)

    @rule(data=st.data())
    def do_something_beside_or_back(self, data: st.DataObject) -> None:
        offered = [(who, action) for who, action in self._offered(set()) if action in ASIDE | BACK]
        action = data.draw(st.sampled_from(sorted({action for _, action in offered})))
        self._one_of_them(data, offered, action, None)

    def _one_of_them(
        self, data: st.DataObject, offered: list[tuple[str, ReviewAction]], action: ReviewAction, days: int | None
    ) -> None:
        who = data.draw(st.sampled_from([who for who, one in offered if one is action]))
        given: dict[str, Any] = {"working_days": days}
        if action is ReviewAction.ASSIGN:
            given["assignee"] = data.draw(WHO)
        if action is ReviewAction.REPORT_RECTIFIED:
            given["refund_cents"] = min(100, self.model.amount)
        self._do(action, who, given)

    @precondition(lambda self: bool(self.steps))
    @rule(action=st.sampled_from(APART), data=st.data())
    def who_had_a_hand_in_it_wants_to_judge(self, action: ReviewAction, data: st.DataObject) -> None:
        people = [step.by for step in self.steps if step.by in PEOPLE]
        self._do(action, data.draw(st.sampled_from([*people, "staff-9"])), {})

    @precondition(lambda self: self.review.deadline is not None)
    @rule(offset=st.sampled_from([-1, 0, 1, 1]))
    def time_comes_to_the_deadline(self, offset: int) -> None:
        assert self.review.deadline is not None
        self.now = max(self.now, self.now + (self.review.deadline - day_of(self.now) + timedelta(days=offset)))

    @precondition(lambda self: self.review.deadline_step is DeadlineStep.APPEAL)
    @rule(offset=st.integers(-1, 1), action=st.sampled_from(AT_THE_EDGE), who=st.sampled_from(["head-1", "staff-1"]))
    def something_is_done_about_the_last_day_of_an_appeal(self, offset: int, action: ReviewAction, who: str) -> None:
        self.time_comes_to_the_deadline(offset)
        self._do(action, who, {})

    @rule(days=st.integers(1, 8))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(action=st.sampled_from([ReviewAction.VANISH, ReviewAction.REAPPEAR]))
    def the_next_audit_comes(self, action: ReviewAction) -> None:
        self._do(action, "system", {})

    @precondition(lambda self: self.review.deadline is not None)
    @rule()
    def a_right_runs_out(self) -> None:
        runs = self.model.deadline()
        assert runs is not None
        is_over = runs[0] == "appeal" and day_of(self.now) > runs[1]
        expire = command(ReviewAction.EXPIRE, SYSTEM)
        if not is_over:
            with pytest.raises(NotAllowed):
                apply(self.review, expire, self.now, CALENDAR, DEFAULT_POLICY)
            return
        made, step = apply(self.review, expire, self.now, CALENDAR, DEFAULT_POLICY)
        self.model.log.append(Done(day_of(self.now), "system", "expire", {}, "confirmed"))
        self.review = made
        self.steps.append(step)

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        runs = self.model.deadline()
        assert self.review.state.value == self.model.state()
        assert self.review.assignee == self.model.assignee()
        assert (self.review.deadline_step and self.review.deadline_step.value) == (runs and runs[0])
        assert self.review.deadline == (runs and runs[1])
        assert self.review.refund_cents == self.model.refund()
        assert self.review.appeal_round == sum(done.what == "appeal" for done in self.model.since_reopened())

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "steps"):
            return
        assert [step.number for step in self.steps] == list(range(1, len(self.steps) + 1))
        assert self.review.version == 1 + len(self.steps)
        for earlier, later in zip(self.steps, self.steps[1:], strict=False):
            assert earlier.to_state is later.from_state
        assert (self.review.deadline is None) == (self.review.deadline_step is None)

    @invariant()
    def two_people_stand_behind_what_needs_two(self) -> None:
        if not hasattr(self, "model"):
            return
        if self.review.approved_by:
            assert self.review.approved_by != self.review.decided_by
        large = not self.model.is_trial and (self.model.needs_second or self.model.amount >= 1_000_000)
        if large and self.review.state.value in {"confirmed", "rectifying", "rectified", "closed"}:
            assert self.review.approved_by


ReviewMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestReviewMachine = ReviewMachine.TestCase


def test_the_model_walks_days_by_itself() -> None:
    assert nth_working_day(NOW.date(), 5) == CALENDAR.after(NOW.date(), 5)
