"""Decide (办理演示): what an audit office would have done by now about the month's findings, each step at its time."""

import asyncio
import heapq
import itertools
from collections import defaultdict
from datetime import datetime, time, timedelta, timezone
from hashlib import sha256
from random import Random
from typing import NamedTuple

from app.application.ids import time_ordered_id
from app.application.review_findings import ReviewDesk
from app.domain.access import Caller, Role, Scope
from app.domain.decision import Severity
from app.domain.review import Review, ReviewAction, ReviewState
from app.domain.review_command import Command
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
_AT_ONCE = 32  # sittings that wait for the same commit
_OFFICE_HOURS = (8, 17)
_LATE = timedelta(hours=12)  # for which a finding may come after a later one
_HEAD, _STAFF, _LEAD = "head", "auditor", "lead"
_Step = tuple[str, ReviewAction]
_Plan = list[_Step]
_MENDED: _Plan = [(_HEAD, _A.ACCEPT), (_STAFF, _A.ORDER_RECTIFICATION), (_HEAD, _A.REPORT_RECTIFIED)]
_PASSED: _Plan = [*_MENDED, (_STAFF, _A.PASS_RECHECK)]
_LOST: _Plan = [(_HEAD, _A.APPEAL), (_LEAD, _A.REJECT)]
_AFTERWARDS: list[tuple[_Plan, int]] = [  # what follows a confirmed finding, and how often
    ([], 6),  # nobody says anything until the right to appeal has run out
    ([(_HEAD, _A.ANSWER), *_PASSED], 12),
    ([(_HEAD, _A.ACCEPT), (_STAFF, _A.ORDER_RECTIFICATION)], 2),
    (_PASSED, 46),
    ([*_MENDED, (_STAFF, _A.FAIL_RECHECK)], 3),
    ([(_HEAD, _A.APPEAL)], 1),
    ([(_HEAD, _A.APPEAL), (_LEAD, _A.GRANT)], 10),
    ([*_LOST, *_PASSED], 10),
    ([*_LOST, (_HEAD, _A.APPEAL)], 2),  # for a second person to decide, of whom there is none yet
]
_LEFT, _STUCK = 0.03, 0.04  # share of findings that nobody looks at, and of those that nobody decides


class Office(NamedTuple):
    """The people who act, by the logins that `mingjian accounts evaluation` makes."""

    people: dict[str, Caller]

    @classmethod
    def of(cls, ids: dict[str, str]) -> "Office":
        roles = {_STAFF: Role.AUDIT_STAFF, _LEAD: Role.AUDIT_LEAD, _HEAD: Role.DEPARTMENT_HEAD}
        return cls(
            {login: Caller(id=ids[login], roles=frozenset({role}), kind="session") for login, role in roles.items()}
        )


class Walk(NamedTuple):
    """A review as it is now, what is still to be done about it, and the luck it has."""

    review: Review
    plan: _Plan
    draw: Random

    @property
    def goes_on(self) -> bool:
        return bool(self.plan) or self.review.state is ReviewState.AWAITING_SECOND

    @property
    def next(self) -> _Step:
        """A decision that waits for a second person gets one first."""
        return (_LEAD, _A.APPROVE) if self.review.state is ReviewState.AWAITING_SECOND else self.plan[0]

    def after(self, review: Review) -> "Walk":
        plan = self.plan if self.review.state is ReviewState.AWAITING_SECOND else self.plan[1:]
        return Walk(review, plan, self.draw)


class Deciding:
    """Every review walks its way until today, or stops on it."""

    def __init__(self, store: Store, office: Office, calendar: WorkingCalendar, seed: int) -> None:
        self._store, self._office, self._calendar, self._seed = store, office, calendar, seed
        self._due: list[tuple[datetime, int, Walk]] = []
        self._number, self._seen = itertools.count(), set[str]()
        self._since = datetime(1970, 1, 1, tzinfo=_CHINA)
        self.count = 0  # steps that were taken

    async def run(self, until: datetime) -> None:
        """All that is done before this moment, and was not yet, about the findings there are."""
        await self._look()
        while some := self._sittings(until):
            await asyncio.gather(*[self._sit(at, who, walks) for (at, who), walks in some])

    def _sittings(self, until: datetime) -> list[tuple[tuple[datetime, str], list[Walk]]]:
        """What is due next, of whom."""
        found = defaultdict[tuple[datetime, str], list[Walk]](list)
        while self._due and self._due[0][0] < until and len(found) < _AT_ONCE:
            at, _, walk = heapq.heappop(self._due)
            found[at, walk.next[0]].append(walk)
        return list(found.items())

    async def _sit(self, at: datetime, who: str, walks: list[Walk]) -> None:
        """One person goes through all that waits for them. What may not be done any more ends there."""
        made = await asyncio.gather(
            *[self._command(walk, self._office.people[who], walk.next[1], at) for walk in walks]
        )
        commands = {walk.review.id: command for walk, command in zip(walks, made, strict=True)}
        results = await ReviewDesk(self._store.reviews, self._calendar, now=lambda: at).act_on_each(commands)
        for walk, result in zip(walks, results, strict=True):
            if result.review is not None:
                self.count += 1
                self._put(walk.after(result.review), at)

    async def _look(self) -> None:
        """Think of what is to become of findings that are new."""
        cursor, more = "", True
        wanted = ReviewFilter(is_trial=None, states=(ReviewState.OPEN,), found_from=self._since)
        while more:
            page = await self._store.reviews.page(wanted, Scope(), Order(), cursor, 500)
            for review in page.reviews:
                if review.id not in self._seen:
                    self._consider(review)
            cursor, more = page.following, bool(page.following)

    def _consider(self, review: Review) -> None:
        self._seen.add(review.id)
        self._since = max(self._since, review.first_found_at - _LATE)
        draw = Random(f"{self._seed} {review.encounter} {review.rule} {review.lines}")  # noqa: S311 - invented data
        self._put(Walk(review, _plan(review, draw), draw), review.first_found_at.astimezone(_CHINA))

    def _put(self, walk: Walk, after: datetime) -> None:
        """The next step, where there is one, on one of the next working days, when its person sits down to it."""
        if not walk.goes_on:
            return
        day = self._calendar.after(after.date(), walk.draw.choice((1, 1, 2, 3)))
        hour, who = walk.draw.randint(*_OFFICE_HOURS), walk.next[0]
        begin = Random(f"{self._seed} {day} {hour} {who}").randint(0, 3599)  # noqa: S311 - invented data
        at = datetime.combine(day, time(hour), _CHINA) + timedelta(seconds=begin)
        heapq.heappush(self._due, (at, next(self._number), walk))

    async def _command(self, walk: Walk, by: Caller, action: ReviewAction, at: datetime) -> Command:
        reasons = [one for one in REASONS.get(action, {}) if one != "other"]
        reason = walk.draw.choice(reasons) if reasons else ""
        comment = walk.draw.choice(_WORDS[action]) if action in _WORDS else ""
        if action is not _A.REPORT_RECTIFIED:
            return Command(action=action, by=by, reason_code=reason, comment=comment)
        evidence = await self._evidence(walk.review, by, at)
        return Command(
            action=action, by=by, refund_cents=walk.review.amount_cents or 0, attachments=(evidence,), comment=comment
        )

    async def _evidence(self, review: Review, by: Caller, at: datetime) -> str:
        attachment = Attachment(
            id=time_ordered_id(at), review=review.id, at=at, by=by.id, type="text/plain",
            size=len(_EVIDENCE), digest=sha256(_EVIDENCE).digest(), name="整改说明.txt",
        )  # fmt: skip
        await self._store.reviews.attach(attachment, _EVIDENCE, Scope())
        return attachment.id


def _plan(review: Review, draw: Random) -> _Plan:
    if draw.random() < _LEFT:
        return []
    begin: _Plan = [(_STAFF, _A.TAKE_UP)]
    if draw.random() < 0.2:
        begin.append((_STAFF, _A.COMMENT))
    if draw.random() < _STUCK:
        return begin
    is_sure = review.severity is not Severity.SLIGHTLY_SUSPECT
    decision = draw.choices((_A.CONFIRM, _A.DISMISS, _A.EXCEPT), (78, 15, 7) if is_sure else (48, 38, 14))[0]
    decided: _Plan = [*begin, (_STAFF, decision)]
    if decision is not _A.CONFIRM:
        return decided
    plans, weights = zip(*_AFTERWARDS, strict=True)
    return [*decided, *draw.choices(plans, weights)[0]]
