"""A ward whose audits go in one after another, and are taken in as reviews."""

from datetime import timedelta
from typing import Any

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.application.index_reviews import ReviewIndexer, ReviewLaw
from app.application.sightings import RuleFacts
from app.domain.access import EVERYWHERE
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.review import Review
from app.domain.review_policy import ReviewPolicy
from app.domain.working_days import WEEKENDS_ONLY
from app.engine.ruleset import Ruleset
from app.store.reviews import ReviewFilter
from app.store.store import Store
from tests.store.reviewing import FOUND

LAW = ReviewLaw(WEEKENDS_ONLY, ReviewPolicy())
EVERY = ReviewFilter(is_trial=None)


class Ward:
    """Audits go in at a moment that the test sets; `index` takes them in."""

    def __init__(self, store: Store, ruleset: Ruleset) -> None:
        self.store, self.at = store, FOUND
        self.auditor = EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy(), now=lambda: self.at)
        self.indexer = self.new_indexer(ruleset)

    def new_indexer(self, ruleset: Ruleset) -> ReviewIndexer:
        def about(rule: str) -> RuleFacts:
            head = ruleset.rules.get(rule)
            return RuleFacts() if head is None else RuleFacts(head.rule_class, head.second_person, head.stages)

        return ReviewIndexer(self.store.intake, about, lambda: LAW, now=lambda: self.at)

    async def audit(self, told: AuditRequest, minutes: float = 1.0, *, late: bool = False) -> None:
        """`late`: it was made that long before, and is recorded only now."""
        self.at += timedelta(minutes=-minutes if late else minutes)
        await self.auditor.audit(told, msgspec.json.encode(told), caller="his")
        self.at += timedelta(minutes=minutes if late else 0)

    async def reviews(self) -> list[Review]:
        await self.indexer.catch_up()
        page = await self.store.reviews.page(EVERY, EVERYWHERE, size=1000)
        return sorted(page.reviews, key=lambda one: one.lines)

    async def only(self) -> Review:
        (one,) = await self.reviews()
        return one


def placed(told: AuditRequest, **fields: Any) -> AuditRequest:
    return msgspec.structs.replace(told, encounter=msgspec.structs.replace(told.encounter, **fields))
