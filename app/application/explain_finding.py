"""Explain a finding (疑点说明): its file, the rule that judged it, which audits found it, what doctors answered, what
became of its like, and what the caller may do now.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

from msgspec import Struct

from app.application.finding_file import FindingFile, FindingFiles
from app.application.review_findings import ReviewDesk
from app.application.rule_texts import RuleText, RuleTexts
from app.domain.access import Caller
from app.domain.review import Review, ReviewAction
from app.domain.working_days import WorkingCalendar, day_of
from app.store.finding_past import GivenAnswer, PastFinding
from app.store.review_counts import Axis
from app.store.reviews import Facet, Overview, ReviewFilter, ReviewStore

_MOST_ALIKE = 20
_LATELY = timedelta(days=365)


class Past(Protocol):
    async def sightings(self, finding: str, most: int = 200) -> list[PastFinding]: ...

    async def answers(self, finding: str) -> list[GivenAnswer]: ...


class TimeLeft(NamedTuple):
    """Working days from today up to and with the deadline, below zero when it is over. `is_sure`: the holiday notices
    of all the years between are known.
    """

    working_days: int
    is_sure: bool


class Explanation(Struct, frozen=True, kw_only=True):
    """`file` holds the review, its steps, attachments, lines and related findings of the encounter. `rule` is that of
    the ruleset that judged it; None: that ruleset cannot be read here. `sightings` are all audits that found it, the
    latest first; `answers` what doctors said, likewise. `alike` are the latest findings of the same rule in the same
    department within a year, `outcomes` what became of all of those; None: there are none. `actions` is what the caller
    may do now.
    """

    file: FindingFile
    rule: RuleText | None
    sightings: tuple[PastFinding, ...]
    answers: tuple[GivenAnswer, ...]
    alike: tuple[Review, ...]
    outcomes: Facet | None
    actions: tuple[ReviewAction, ...]
    time_left: TimeLeft | None

    @property
    def review(self) -> Review:
        return self.file.review


class FindingExplainer:
    def __init__(
        self,
        files: FindingFiles,
        reviews: ReviewStore,
        past: Past,
        rules: RuleTexts,
        desk: ReviewDesk,
        calendar: WorkingCalendar,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._files, self._reviews, self._past, self._rules = files, reviews, past, rules
        self._desk, self._calendar, self._now = desk, calendar, now

    async def explain(self, finding: str, caller: Caller, what: str) -> Explanation | None:
        """None where there is none for this caller. That it was read is recorded first. `what`: the operation.

        Raises Unavailable, NotRecorded.
        """
        file = await self._files.read(finding, caller, what)
        if file is None:
            return None
        review = file.review
        alike, outcomes = await self._alike(review, caller)
        return Explanation(
            file=file,
            rule=await self._rule(file),
            sightings=tuple(await self._past.sightings(finding)),
            answers=tuple(await self._past.answers(finding)),
            alike=alike,
            outcomes=outcomes,
            actions=self._desk.options(review, caller),
            time_left=self._time_left(review),
        )

    async def _rule(self, file: FindingFile) -> RuleText | None:
        content = file.content
        if content is None or content.finding is None:
            return self._rules.in_force(file.review.rule)
        found = content.finding
        days = [one.line.service_date for one in content.lines if one.is_at_fault]
        return await self._rules.of(found.ruleset, found.rule, found.point, max(days, default=None))

    async def _alike(self, review: Review, caller: Caller) -> tuple[tuple[Review, ...], Facet | None]:
        now = self._now()
        wanted = ReviewFilter(
            facilities=(review.facility,), departments=(review.department,), rules=(review.rule,),
            found_from=now - _LATELY, is_trial=review.is_trial,
        )  # fmt: skip
        page = await self._reviews.page(wanted, caller.scope, size=_MOST_ALIKE + 1)
        alike = [one for one in page.reviews if one.id != review.id][:_MOST_ALIKE]
        if caller.scope.practitioner:
            return tuple(alike), None  # the sums are of the department
        asked = Overview(
            first=day_of(now - _LATELY), last=day_of(now), facilities=(review.facility,),
            departments=(review.department,), rules=(review.rule,), is_trial=review.is_trial,
        )  # fmt: skip
        sums = await self._reviews.facets(asked, caller.scope, Axis.RULE, 1)
        return tuple(alike), next(iter(sums), None)

    def _time_left(self, review: Review) -> TimeLeft | None:
        if review.deadline is None:
            return None
        today: date = day_of(self._now())
        left = self._calendar.left(today, review.deadline)
        return TimeLeft(left, self._calendar.is_sure(min(today, review.deadline), max(today, review.deadline)))
