"""The work on findings put together (疑点办理): what makes reviews, decides them, and watches their deadlines."""

import asyncio
import logging
from collections.abc import Callable

from app.application.index_reviews import ReviewIndexer, ReviewLaw
from app.application.review_findings import ReviewDesk
from app.application.sightings import RuleFacts
from app.application.watch_deadlines import DeadlineWatch
from app.domain.review_policy import ReviewPolicy
from app.domain.working_days import WorkingCalendar
from app.engine.ruleset import Ruleset
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.store import Store

log = logging.getLogger("mingjian")

_ROUND = 600.0  # seconds between two looks at the deadlines
_SOON = 30.0


class Reviewing:
    """`calendar` and `policy` are what deadlines are counted by, everywhere."""

    def __init__(
        self,
        store: Store,
        ruleset: Callable[[], Ruleset],
        calendar: WorkingCalendar,
        policy: ReviewPolicy,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_busy`: requests wait for this process, and findings may."""
        self.calendar, self.policy = calendar, policy
        self.desk = ReviewDesk(store.reviews, calendar, policy)
        self._watch = DeadlineWatch(store.reviews, calendar, policy)
        law = ReviewLaw(calendar, policy)
        self.indexer = ReviewIndexer(
            store.intake, lambda rule: about_rule(ruleset(), rule), lambda: law, is_busy=is_busy
        )
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """The store is to be opened before."""
        self._tasks = [asyncio.create_task(self.indexer.follow()), asyncio.create_task(self._watch_on())]

    async def close(self) -> None:
        """The store is to be closed after."""
        for one in self._tasks:
            one.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch_on(self) -> None:
        await asyncio.sleep(_SOON)
        while True:
            try:
                await self._watch.run_once()
            except (NotRecorded, Unavailable) as error:
                log.warning("deadlines are not watched now: %s", error)
            except Exception:
                log.exception("deadlines are not watched now")
            await asyncio.sleep(_ROUND)


def about_rule(ruleset: Ruleset, rule: str) -> RuleFacts:
    """Of a rule that is no longer in force nothing is known."""
    head = ruleset.rules.get(rule)
    return RuleFacts() if head is None else RuleFacts(head.rule_class, head.second_person, head.stages)
