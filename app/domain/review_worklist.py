"""Worklists (任务分派): who gets which review; evenly, the same for the same input, and nobody what they may not do."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from app.domain.access import Caller, Permission
from app.domain.review import Review
from app.domain.review_guards import apart_from


class Worker(Struct, frozen=True, kw_only=True):
    """Who works through reviews. `load` is how many they have already; `doctor` their own code, where they are one;
    `departments` are those they look after.
    """

    caller: Caller
    load: int = 0
    doctor: str = ""
    departments: frozenset[str] = frozenset()

    def may_have(self, review: Review) -> bool:
        where = (review.facility, review.campus, review.department, review.practitioner)
        return (
            self.caller.may(Permission.FINDING_REVIEW)
            and self.caller.scope.covers(*where)
            and self.caller.id not in apart_from(review)
            and not (self.doctor and self.doctor == review.practitioner)
        )


Suits = Callable[[Worker, Review], bool]


def round_robin(reviews: Sequence[Review], workers: Sequence[Worker]) -> dict[str, str]:
    """The account for each review: whoever has least, and of those the first. What nobody may have is absent."""
    return _deal(reviews, workers, lambda _worker, _review: True)


def by_department(reviews: Sequence[Review], workers: Sequence[Worker]) -> dict[str, str]:
    """As round_robin, but among those who look after the department, where anybody does."""
    return _deal(reviews, workers, lambda worker, review: review.department in worker.departments)


def _deal(reviews: Sequence[Review], workers: Sequence[Worker], suits: Suits) -> dict[str, str]:
    loads: dict[str, int] = {worker.caller.id: worker.load for worker in workers}
    dealt: dict[str, str] = {}
    for review in sorted(reviews, key=_urgency):
        able = [worker for worker in workers if worker.may_have(review)]
        best = [worker for worker in able if suits(worker, review)] or able
        if best:
            chosen = _least(best, loads)
            loads[chosen] += 1
            dealt[review.id] = chosen
    return dealt


def _least(workers: Sequence[Worker], loads: Mapping[str, int]) -> str:
    return min([worker.caller.id for worker in workers], key=lambda account: loads[account])


def _urgency(review: Review) -> tuple[date, str]:
    return review.deadline or date.max, review.id
