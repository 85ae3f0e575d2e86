"""Alerts (提醒记录): every finding for which a card was chosen or kept back, and what doctors answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from app.domain.alert import AlertOutcome, Answer, Tier


class Alert(NamedTuple):
    """One finding in one call. `lead` is the finding that leads its card; blank where it got none."""

    audit: str
    finding: str
    lead: str
    rule: str
    facility: str
    encounter: str
    hook: str
    tier: Tier
    outcome: AlertOutcome
    recorded_at: datetime


class Answered(NamedTuple):
    """`answered_at` None: when, the client did not say."""

    finding: str
    answer: Answer
    reason: str  # a code, or blank
    answered_at: datetime | None


class RuleAlerts(NamedTuple):
    """What became of the alerts of one rule. `waits` are milliseconds from the card to the answer, of the latest."""

    outcomes: dict[str, int]
    accepted: int
    overridden: dict[str, int]  # by reason code; blank where none was told
    waits: list[int]


class AlertStore(Protocol):
    async def append(self, alerts: Sequence[Alert]) -> None:
        """Store all or none, durably. Raises NotRecorded."""
        ...

    async def answer(self, answers: Sequence[Answered], at: datetime) -> None:
        """Note each at the latest showing of its finding, in the place of what was answered there before; a finding
        that was never shown is passed over. Raises NotRecorded.
        """
        ...

    async def standing(self, findings: Sequence[str], since: datetime) -> frozenset[str]:
        """Those whose latest disposition, through whatever interface, gives a reason to go on, and is not older. It is
        asked while a doctor waits. Raises Unavailable.
        """
        ...

    async def members(self, leads: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The findings of the latest card that each led. Raises Unavailable."""
        ...

    async def shown(self, facility: str, encounter: str, audit: str) -> list[str]:
        """The findings of an audit that got a card. Raises Unavailable."""
        ...

    async def kept_back(self, facility: str, encounter: str, limit: int) -> list[Alert]:
        """What doctors were not shown of an encounter, the latest first. Raises Unavailable."""
        ...

    async def of_rule(self, rule: str, since: datetime) -> RuleAlerts:
        """Raises Unavailable."""
        ...
