"""Every finding a card (逐条提醒): how cards are chosen where nothing is known of earlier answers."""

from collections.abc import Sequence
from typing import NamedTuple

from app.application.audit_encounter import Judged
from app.application.deadline import Deadline
from app.domain.decision import Decision
from app.domain.finding import Finding
from app.interfaces.cds_hooks.contracts import Answered, Indicator

_INDICATORS: dict[Decision, Indicator] = {
    Decision.INFORM: "info",
    Decision.REQUIRE_REASON: "warning",
    Decision.BLOCK: "critical",
}


class OneCard(NamedTuple):
    findings: tuple[Finding, ...]
    indicator: Indicator


class AllShown(NamedTuple):
    cards: tuple[OneCard, ...]
    suppressed: tuple[Finding, ...] = ()


class EveryFinding:
    async def choose(
        self,
        judged: Judged,
        hook: str,  # noqa: ARG002 - as the contract asks
        order_ids: frozenset[str],  # noqa: ARG002
        most: int | None = None,
        deadline: Deadline | None = None,  # noqa: ARG002
    ) -> AllShown:
        """The strictest first; what passes silently gets no card."""
        told = [one for one in judged.audit.findings if one.decision in _INDICATORS]
        told.sort(key=lambda one: -one.decision.strictness)
        kept = told if most is None else told[:most]
        return AllShown(tuple(OneCard((one,), _INDICATORS[one.decision]) for one in kept), tuple(told[len(kept) :]))

    async def members(self, findings: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {one: (one,) for one in findings}

    async def answered(self, answers: Sequence[Answered], hook: str, caller: str) -> None:
        """Nothing depends on it here."""
