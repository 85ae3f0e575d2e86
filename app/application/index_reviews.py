"""Index reviews (疑点建档): what audits find becomes reviews that staff work through, moments after it was recorded.

It follows the trail, in which every audit and every doctor's answer stands once and in order, and keeps its place in
the same transaction as the reviews. Any worker may take a turn; of two that take the same one, one does nothing. Orders
wait for none of it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from app.application.sightings import AboutRule, Seen, Sighting, read_audit
from app.domain.review import Review, ReviewAction, ReviewState, ReviewStep
from app.domain.review_command import SYSTEM, Command
from app.domain.review_deadlines import opened
from app.domain.review_policy import ReviewPolicy
from app.domain.review_steps import apply
from app.domain.working_days import WorkingCalendar
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.review_intake import Intaken, Item, Pending, ReviewIntake, SeenAudit, ToldAnswer, ToldAudit
from app.store.review_rows import StoredReview

log = logging.getLogger("mingjian")

_MOST = 200  # entries of one turn: few enough that nobody waits for them
_IDLE = 0.5  # seconds until it looks again, where it has come to the end: a turn costs much the same for few entries
_BREATH = 0.005  # between two turns, at least
_RESTS = 3  # times as long as a turn took
_LOOK = 0.1  # seconds between two looks whether others still need the process more
_PATIENCE = 5.0  # seconds for which it gives way to them
_TROUBLE = 5.0


class ReviewLaw(NamedTuple):
    """What deadlines are counted by."""

    calendar: WorkingCalendar
    policy: ReviewPolicy


class ReviewIndexer:
    def __init__(
        self,
        intake: ReviewIntake,
        about: AboutRule,
        law: Callable[[], ReviewLaw],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_busy`: somebody waits for this process."""
        self._intake, self._about, self._law, self._now = intake, about, law, now
        self._is_busy = is_busy

    async def follow(self) -> None:
        """For ever; call it as a task."""
        while True:
            await self._give_way()
            started = time.monotonic()
            try:
                count = await self.take_turn()
            except (NotRecorded, Unavailable) as error:
                log.warning("findings are not indexed now: %s", error)
                await asyncio.sleep(_TROUBLE)
            except Exception:
                log.exception("findings are not indexed now")
                await asyncio.sleep(_TROUBLE)
            else:
                rest = max(_RESTS * (time.monotonic() - started), _BREATH)
                await asyncio.sleep(rest if count >= _MOST else max(rest, _IDLE))

    async def _give_way(self) -> None:
        """Not for ever: who works on findings should see them, however busy the process is."""
        until = time.monotonic() + _PATIENCE
        while self._is_busy() and time.monotonic() < until:
            await asyncio.sleep(_LOOK)

    async def catch_up(self) -> int:
        """All that waits; how many entries there were."""
        done = 0
        while count := await self.take_turn():
            done += count
        return done

    async def take_turn(self, most: int = _MOST) -> int:
        """How many entries of the trail it looked at, whoever took them in."""
        pending = await self._intake.pending(most)
        count = pending.following - pending.first
        if not count:
            return 0
        audits = await self._intake.audits(pending)
        answered = [one.finding for one in pending.told if isinstance(one, ToldAnswer)]
        ids = {name for one in audits.values() for name, *_ in one.findings}.union(answered)
        places = {(one.facility, one.encounter) for one in audits.values()}
        standing = await self._intake.standing(sorted(ids), sorted(places))
        work = _Work(self._about, self._law(), self._now(), standing, self._intake.patient_key)
        await asyncio.to_thread(work.do, pending, audits)
        await self._intake.take_in(pending, work.changed(), work.titles)
        return count


class _Work:
    """One turn: what the audits and answers make of the reviews that stand."""

    def __init__(
        self,
        about: AboutRule,
        law: ReviewLaw,
        now: datetime,
        standing: dict[str, StoredReview],
        patient_key: Callable[[str], str],
    ) -> None:
        self._about, self._law, self._now, self._before = about, law, now, standing
        self._patient_key = patient_key
        self._after = {name: one.review for name, one in standing.items()}
        self._by_place: dict[tuple[str, str], set[str]] = {}
        for name, one in self._after.items():
            self._by_place.setdefault((one.facility, one.encounter), set()).add(name)
        self._steps: dict[str, list[ReviewStep]] = {}
        self._items: dict[str, tuple[Item, ...]] = {}
        self.titles: dict[str, str] = {}

    def do(self, pending: Pending, audits: dict[str, SeenAudit]) -> None:
        for one in pending.told:
            if isinstance(one, ToldAudit):
                if (audit := audits.get(one.id)) is not None:
                    self._look(audit, is_news=not one.is_completion)
            elif (review := self._after.get(one.finding)) is not None:
                self._after[one.finding] = replace(review, doctor_answer=one.action)

    def changed(self) -> list[Intaken]:
        return [
            Intaken(before, after, tuple(self._steps.get(name, ())), self._items.get(name, ()))
            for name, after in self._after.items()
            if (before := self._before.get(name)) is None or before.review != after
        ]

    def _look(self, audit: SeenAudit, *, is_news: bool) -> None:
        here = self._by_place.setdefault((audit.facility, audit.encounter), set())
        may_lapse = [name for name in here if self._after[name].state is ReviewState.OPEN]
        if audit.content is None or not (audit.findings or may_lapse):
            return  # erased, or it has nothing to say
        try:
            seen = read_audit(audit, audit.content, self._about, self._patient_key)
        except msgspec.MsgspecError as error:
            log.warning("audit %s cannot be read, its findings are not indexed: %s", audit.id, error)
            return
        for one in seen.sightings:
            self._sight(one, is_news=is_news)
            if one.review.id in self._after:
                here.add(one.review.id)
        found = {one.review.id for one in seen.sightings}
        self._lapse([name for name in may_lapse if name not in found], seen, audit)

    def _sight(self, one: Sighting, *, is_news: bool) -> None:
        told = one.review
        stands = self._after.get(told.id)
        if stands is None:
            if one.is_current:
                self._after[told.id] = opened(told, *self._law)
                self._items[told.id] = one.items
                self.titles[told.rule] = told.title
            return
        times = stands.times_found + (is_news and told.last_audit != stands.last_audit)
        if told.last_found_at < stands.last_found_at:  # it was recorded late: what came after it holds
            first = min(stands.first_found_at, told.first_found_at)
            self._after[told.id] = replace(stands, times_found=times, first_found_at=first)
            return
        self._after[told.id] = replace(
            stands,
            times_found=times,
            last_found_at=told.last_found_at,
            last_audit=told.last_audit,
            amount_cents=told.amount_cents,
            stage=told.stage,
            severity=told.severity,
            rule_version=told.rule_version,
            title=told.title,
            message=told.message,
            is_trial=told.is_trial,
        )
        if stands.state is ReviewState.LAPSED:
            self._step(told.id, ReviewAction.REAPPEAR)

    def _lapse(self, names: Iterable[str], seen: Seen, audit: SeenAudit) -> None:
        for name in names:
            one = self._after[name]
            if _is_earlier(one, audit) and seen.has_judged(one, self._about(one.rule).stages, audit.stage):
                self._step(name, ReviewAction.VANISH)

    def _step(self, name: str, action: ReviewAction) -> None:
        after, step = apply(self._after[name], Command(action=action, by=SYSTEM), self._now, *self._law)
        self._after[name] = after
        self._steps.setdefault(name, []).append(step)


def _is_earlier(one: Review, audit: SeenAudit) -> bool:
    return one.last_found_at.timestamp() * 1_000_000 < audit.at
