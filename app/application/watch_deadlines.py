"""Watch deadlines (期限监控): rights that have run out, and steps that fall due, each done once whoever does it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from app.domain.access import EVERYWHERE
from app.domain.review import Review, ReviewAction, ReviewState
from app.domain.review_command import SYSTEM, Command, NotAllowed
from app.domain.review_policy import DEFAULT_POLICY, ReviewPolicy
from app.domain.review_steps import apply
from app.domain.working_days import WorkingCalendar, day_of
from app.store.reviews import Change, LostUpdate, Order, ReviewFilter, ReviewStore, Sorting

_SLICE = 100
_LOOK_BACK = timedelta(days=31)  # deadlines that came while nobody watched
_MAY_RUN_OUT = (ReviewState.CONFIRMED, ReviewState.FIRST_REJECTED, ReviewState.SECOND_REJECTED)
_BY_DEADLINE = Order(Sorting.DEADLINE, is_descending=False)


class Watched(NamedTuple):
    """What one round did. `left` were changed by somebody else meanwhile, and are looked at in the next round."""

    expired: int
    escalated: int
    left: int


class DeadlineWatch:
    """A round may be run at any time by any worker: what is done already is refused, or lost to whoever was first."""

    def __init__(
        self,
        store: ReviewStore,
        calendar: WorkingCalendar,
        policy: ReviewPolicy = DEFAULT_POLICY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._calendar, self._policy, self._now = store, calendar, policy, now
        self._done_until: date | None = None

    async def run_once(self) -> Watched:
        """Raises Unavailable or NotRecorded where the database does not answer; the next round goes on from there."""
        today = day_of(self._now())
        over = ReviewFilter(states=_MAY_RUN_OUT, deadline_to=today - timedelta(days=1))
        expired, left = await self._each(over, ReviewAction.EXPIRE)
        first = self._done_until or today - _LOOK_BACK
        ahead = self._calendar.after(today, self._policy.warn_days)
        # A deadline may lie on the eve of a long holiday: none is nearer than the working days say.
        due = ReviewFilter(deadline_from=min(first, today), deadline_to=max(ahead, today))
        escalated, also_left = await self._each(due, ReviewAction.ESCALATE)
        if not left and not also_left:
            self._done_until = today
        return Watched(expired, escalated, left + also_left)

    async def _each(self, wanted: ReviewFilter, action: ReviewAction) -> tuple[int, int]:
        done = left = 0
        cursor = ""
        while True:
            page = await self._store.page(wanted, EVERYWHERE, _BY_DEADLINE, cursor, _SLICE)
            changes = [change for review in page.reviews if (change := self._change(review, action))]
            lost = await self._save(changes)
            done, left = done + len(changes) - lost, left + lost
            if not page.following:
                return done, left
            cursor = page.following
            await asyncio.sleep(0)

    def _change(self, review: Review, action: ReviewAction) -> Change | None:
        try:
            return Change(*apply(review, Command(action=action, by=SYSTEM), self._now(), self._calendar, self._policy))
        except NotAllowed:
            return None

    async def _save(self, changes: list[Change]) -> int:
        """How many were lost to somebody else."""
        lost = 0
        while changes:
            try:
                await self._store.save(changes, EVERYWHERE)
            except LostUpdate as error:
                remaining = [change for change in changes if change.review.id not in error.ids]
                if len(remaining) == len(changes):
                    raise
                lost += len(changes) - len(remaining)
                changes = remaining
            else:
                break
        return lost
