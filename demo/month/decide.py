"""Decide (办理演示): what an audit office would have done by now about the month's findings, each step at its time."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import count
from random import Random
from typing import NamedTuple

from app.application.ids import time_ordered_id
from app.application.review_findings import ReviewDesk
from app.domain.access import Caller, Role, Scope
from app.domain.decision import Severity
from app.domain.review import Review, ReviewAction, ReviewState
from app.domain.review_command import Command, NotAllowed
from app.domain.review_reasons import REASONS
from app.domain.working_days import WorkingCalendar
from app.store.reviews import Attachment, Order, ReviewFilter
from app.store.store import Store

_CHINA = timezone(timedelta(hours=8))
_A = ReviewAction
_EVIDENCE = "退费明细与整改说明（演示）：已按清单逐笔冲减并重新结算，科室已组织学习。".encode()
_WORDS = {
    _A.COMMENT: ("请补充病程记录", "已电话联系科室", "患者同期有其他疾病，请核对"),
    _A.ANSWER: ("病历中有会诊意见，已上传", "属录入错误，已更正", "按科室常规使用，请复核"),
    _A.ORDER_RECTIFICATION: ("请在期限内退回违规金额，并提交整改说明",),
    _A.REPORT_RECTIFIED: ("已退回，科室已组织学习",),
    _A.APPEAL: ("病程记录和会诊意见可以证明使用合理，请复核。",),
}
_AT_ONCE = 64  # reviews that wait for the same commit
_HEAD, _STAFF, _LEAD = "head", "auditor", "lead"
_Plan = list[tuple[str, ReviewAction]]
_MENDED: _Plan = [(_HEAD, _A.ACCEPT), (_STAFF, _A.ORDER_RECTIFICATION), (_HEAD, _A.REPORT_RECTIFIED)]
_AFTERWARDS: list[tuple[_Plan, int]] = [  # what follows a confirmed finding, and how often
    ([], 14),
    ([(_HEAD, _A.ANSWER), (_HEAD, _A.ACCEPT)], 8),
    ([(_HEAD, _A.ACCEPT), (_STAFF, _A.ORDER_RECTIFICATION)], 8),
    (_MENDED, 8),
    ([*_MENDED, (_STAFF, _A.PASS_RECHECK)], 34),
    ([*_MENDED, (_STAFF, _A.FAIL_RECHECK)], 4),
    ([(_HEAD, _A.APPEAL)], 7),
    ([(_HEAD, _A.APPEAL), (_LEAD, _A.GRANT)], 7),
    ([(_HEAD, _A.APPEAL), (_LEAD, _A.REJECT), *_MENDED, (_STAFF, _A.PASS_RECHECK)], 7),
    ([(_HEAD, _A.APPEAL), (_LEAD, _A.REJECT), (_HEAD, _A.APPEAL)], 3),
]


class Office(NamedTuple):
    """The people who act, by the logins that `mingjian accounts evaluation` makes."""

    people: dict[str, Caller]

    @classmethod
    def of(cls, ids: dict[str, str]) -> "Office":
        roles = {_STAFF: Role.AUDIT_STAFF, _LEAD: Role.AUDIT_LEAD, _HEAD: Role.DEPARTMENT_HEAD}
        return cls(
            {login: Caller(id=ids[login], roles=frozenset({role}), kind="session") for login, role in roles.items()}
        )


class Deciding:
    """Every review walks its way until today, or stops on it."""

    def __init__(self, store: Store, office: Office, calendar: WorkingCalendar, draw: Random) -> None:
        self._store, self._office, self._calendar, self._draw = store, office, calendar, draw
        self._due: list[tuple[datetime, int, str, _Plan]] = []
        self._number = count()

    async def run(self, until: datetime, told: Callable[[int], None]) -> int:
        """How many steps were taken."""
        async for review in self._reviews():
            if plan := self._plan(review):
                self._put(review.id, plan, review.first_found_at.astimezone(_CHINA))
        done = 0
        while some := [heapq.heappop(self._due) for _ in range(min(_AT_ONCE, len(self._due)))]:
            some = [one for one in some if one[0] < until]
            went_on = await asyncio.gather(*[self._step(name, plan, at) for at, _, name, plan in some])
            for (at, _, name, plan), state in zip(some, went_on, strict=True):
                if state is not None:
                    told(done := done + 1)
                    if plan or state is ReviewState.AWAITING_SECOND:
                        self._put(name, plan, at)
        return done

    async def _reviews(self) -> AsyncIterator[Review]:
        cursor, more = "", True
        while more:
            page = await self._store.reviews.page(ReviewFilter(is_trial=None), Scope(), Order(), cursor, 500)
            for review in page.reviews:
                yield review
            cursor, more = page.following, bool(page.following)

    def _put(self, name: str, plan: _Plan, after: datetime) -> None:
        """The next step, in the office hours of one of the next days."""
        day = after + timedelta(days=self._draw.choice((1, 1, 2, 3)))
        at = day.replace(hour=self._draw.randint(8, 17), minute=self._draw.randint(0, 59))
        heapq.heappush(self._due, (at, next(self._number), name, plan))

    def _plan(self, review: Review) -> _Plan:
        if review.state is not ReviewState.OPEN or self._draw.random() < 0.13:
            return []
        begin: _Plan = [(_STAFF, _A.TAKE_UP)]
        if self._draw.random() < 0.2:
            begin.append((_STAFF, _A.COMMENT))
        if self._draw.random() < 0.1:
            return begin
        is_sure = review.severity is not Severity.SLIGHTLY_SUSPECT
        decision = self._draw.choices((_A.CONFIRM, _A.DISMISS, _A.EXCEPT), (78, 15, 7) if is_sure else (48, 38, 14))[0]
        decided: _Plan = [*begin, (_STAFF, decision)]
        if decision is not _A.CONFIRM:
            return decided
        plans, weights = zip(*_AFTERWARDS, strict=True)
        return [*decided, *self._draw.choices(plans, weights)[0]]

    async def _step(self, name: str, plan: _Plan, at: datetime) -> ReviewState | None:
        """Where it is now; None where the walk ends. A decision that waits for a second person gets one first."""
        review = (await self._store.reviews.get([name], Scope()))[name]
        if review.state is ReviewState.AWAITING_SECOND:
            who, action = _LEAD, _A.APPROVE
        else:
            who, action = plan.pop(0)
        try:
            command = await self._command(review, self._office.people[who], action, at)
            changed = await ReviewDesk(self._store.reviews, self._calendar, now=lambda: at).act(name, command)
        except NotAllowed:  # of a rule on trial, nothing is appealed or mended
            return None
        return changed.state

    async def _command(self, review: Review, by: Caller, action: ReviewAction, at: datetime) -> Command:
        reasons = [one for one in REASONS.get(action, {}) if one != "other"]
        reason = self._draw.choice(reasons) if reasons else ""
        comment = self._draw.choice(_WORDS[action]) if action in _WORDS else ""
        if action is not _A.REPORT_RECTIFIED:
            return Command(action=action, by=by, reason_code=reason, comment=comment)
        evidence = await self._evidence(review, by, at)
        return Command(
            action=action, by=by, refund_cents=review.amount_cents or 0, attachments=(evidence,), comment=comment
        )

    async def _evidence(self, review: Review, by: Caller, at: datetime) -> str:
        attachment = Attachment(
            id=time_ordered_id(at), review=review.id, at=at, by=by.id, type="text/plain",
            size=len(_EVIDENCE), digest=sha256(_EVIDENCE).digest(), name="整改说明.txt",
        )  # fmt: skip
        await self._store.reviews.attach(attachment, _EVIDENCE, Scope())
        return attachment.id
