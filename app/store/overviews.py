"""Overviews (全院概览): what dashboards and lists ask of the store beside the sums of reviews.

Whoever asks gives the scope of the caller; nothing beyond it is counted or shown. Everything raises Unavailable where
the database does not answer.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from app.domain.access import Scope
from app.domain.alert import AlertOutcome, Tier
from app.domain.disposition import Action
from app.store.reviews import Overview


class AppealSums(NamedTuple):
    """Steps of appeals within the days asked: each round counts for itself."""

    lodged: int = 0
    granted: int = 0
    rejected: int = 0


class AuditSums(NamedTuple):
    """`blocked` are those whose answer stopped an order or a charge."""

    total: int
    blocked: int


class FeeSums(NamedTuple):
    """What charges of a month (YYYYMM) add up to, in cents; `unclassed` are those that tell no formulary class."""

    month: int
    total_cents: int
    off_formulary_cents: int
    unclassed_cents: int


class Told(NamedTuple):
    """What a doctor was told of a finding, and what they answered. `outcome` None: it went through an interface that
    shows all of its findings. `wait_ms`: from the reminder to the answer.
    """

    outcome: AlertOutcome | None = None
    tier: Tier | None = None
    times_shown: int = 0
    action: Action | None = None
    reason: str = ""
    answered_at: datetime | None = None
    wait_ms: int | None = None


class KeptBack(NamedTuple):
    """A finding that a doctor was not shown, and why."""

    seq: int
    finding: str
    rule: str
    facility: str
    encounter: str
    department: str
    practitioner: str
    patient_key: str
    tier: Tier
    why: AlertOutcome
    at: datetime


class OverviewStore(Protocol):
    async def appeals(self, wanted: Overview, scope: Scope) -> AppealSums:
        """Those that were lodged or decided on these days, whenever the finding was made."""
        ...

    async def audits(self, since: datetime, scope: Scope) -> AuditSums | None:
        """Those recorded since then; None for a caller who is limited to a part of a facility."""
        ...

    async def last_hits(self, rules: Sequence[str], scope: Scope) -> dict[str, str]:
        """When each rule found something anew for the last time: the day (2026-03-01), or the month (2026-03) where the
        caller is limited to places; those that never did are absent.
        """
        ...

    async def told(self, findings: Sequence[str], scope: Scope) -> dict[str, Told]:
        """Of findings that the caller may see."""
        ...

    async def kept_back(self, scope: Scope, *, rule: str = "", before: int | None = None, size: int) -> list[KeptBack]:
        """Of the latest alerts, the latest first; `before` is the last of the page before."""
        ...

    async def fees(self, first: date, last: date, facilities: Sequence[str], scope: Scope) -> list[FeeSums]:
        """By month, of charges that count. A caller who is limited to a part of a facility is shown none."""
        ...
