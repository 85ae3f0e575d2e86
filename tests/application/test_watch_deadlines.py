import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

from app.application.watch_deadlines import DeadlineWatch, Watched
from app.domain.access import EVERYWHERE
from app.domain.review import DeadlineStep, Review, ReviewAction, ReviewState
from app.domain.working_days import day_of
from app.store.store import Store
from tests.application.reviewing import with_reviews
from tests.domain.review_build import CALENDAR, review


class Clock:
    def __init__(self, day: date) -> None:
        self.now = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def due(name: str, day: int, step: DeadlineStep, state: ReviewState) -> Review:
    return review(id=name, state=state, deadline=date(2026, 3, day), deadline_step=step, decided_by="staff-1")


REVIEWS = [
    due("right", 9, DeadlineStep.APPEAL, ReviewState.CONFIRMED),
    due("round", 9, DeadlineStep.APPEAL, ReviewState.FIRST_REJECTED),
    due("task", 11, DeadlineStep.RECTIFY, ReviewState.RECTIFYING),
    due("far", 30, DeadlineStep.REVIEW, ReviewState.OPEN),
    review(id="none", state=ReviewState.CONFIRMED),
]


def test_each_day_has_its_work_once(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        clock = Clock(date(2026, 3, 4))
        watch = DeadlineWatch(store.reviews, CALENDAR, now=clock)
        told = {}
        for day in (4, 5, 6, 9, 10, 11, 12, 13):
            clock.now = Clock(date(2026, 3, day)).now
            told[day] = await watch.run_once()
            assert await watch.run_once() == Watched(0, 0, 0)
        assert {day: (one.expired, one.escalated) for day, one in told.items()} == {
            4: (0, 0),
            5: (0, 2),  # two working days before the 9th, a Monday
            6: (0, 0),
            9: (0, 3),  # the lead for both appeals, and the department for its task
            10: (2, 0),
            11: (0, 1),
            12: (0, 0),
            13: (0, 0),
        }
        found = await store.reviews.get([one.id for one in REVIEWS], EVERYWHERE)
        assert {name: (one.state.value, one.escalation) for name, one in found.items()} == {
            "right": ("confirmed", 0),
            "round": ("confirmed", 0),
            "task": ("rectifying", 2),
            "far": ("open", 0),
            "none": ("confirmed", 0),
        }
        kept = await store.reviews.steps("task", EVERYWHERE)
        assert [(step.by, step.role, step.data["told"]) for step in kept] == [
            ("system", "system", "department_head"),
            ("system", "system", "audit_lead"),
        ]
        assert [day_of(step.at).day for step in kept] == [9, 11]

    with_reviews(tmp_path, REVIEWS, steps)


def test_what_came_due_while_nobody_watched_is_made_up(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        watch = DeadlineWatch(store.reviews, CALENDAR, now=Clock(date(2026, 3, 25)))
        assert await watch.run_once() == Watched(expired=2, escalated=1, left=0)

    with_reviews(tmp_path, REVIEWS, steps)


def test_two_workers_do_each_thing_once(tmp_path: Path) -> None:
    reviews = [due(f"F{n:03}", 9, DeadlineStep.APPEAL, ReviewState.CONFIRMED) for n in range(250)]

    async def steps(store: Store) -> None:
        watches = [DeadlineWatch(store.reviews, CALENDAR, now=Clock(date(2026, 3, 10))) for _ in range(2)]
        first, second = await asyncio.gather(*[watch.run_once() for watch in watches])
        assert first.expired + second.expired == 250
        for one in ("F000", "F249"):
            kept = await store.reviews.steps(one, EVERYWHERE)
            assert [step.action for step in kept] == [ReviewAction.EXPIRE]

    with_reviews(tmp_path, reviews, steps)
