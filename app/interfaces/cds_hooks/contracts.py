"""What the services ask of others (接口约定): who calls, which findings deserve a card, and where answers go.

`app/main.py` gives them; the shapes are protocols, so that the layers below need not know this one.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from app.application.audit_encounter import Judged
from app.application.deadline import Deadline
from app.domain.access import Caller
from app.domain.disposition import Disposition
from app.domain.finding import Finding
from app.interfaces.asgi import Scope

Authenticate = Callable[[Scope], Awaitable[Caller]]  # the caller; raises Problem (401) for nobody known
Indicator = Literal["info", "warning", "critical"]


class ShownCard(Protocol):
    """Findings of one cause, told as one card. The first leads: the card's uuid is its id."""

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def indicator(self) -> Indicator:
        """`critical` only where the order may not go on as it is."""
        ...


class Shown(Protocol):
    """The cards of one answer in their order, the most pressing first, and what was kept from the doctor."""

    @property
    def cards(self) -> Sequence[ShownCard]: ...

    @property
    def suppressed(self) -> Sequence[Finding]: ...


class Answered(NamedTuple):
    """What a doctor did about one finding; `reason_code` blank where the client sent none."""

    disposition: Disposition
    reason_code: str
    comment: str
    answered_at: datetime | None


class Fatigue(Protocol):
    """Which findings deserve the doctor's attention now (提醒疲劳)."""

    async def choose(
        self,
        judged: Judged,
        hook: str,
        order_ids: frozenset[str],
        most: int | None = None,
        deadline: Deadline | None = None,
    ) -> Shown:
        """`order_ids`: the lines that the hook asks about; `most`: as many cards as the client wants at most."""
        ...

    async def members(self, findings: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """All findings that the card led by each of these held; a card unknown here is absent."""
        ...

    async def answered(self, answers: Sequence[Answered], hook: str, caller: str) -> None:
        """The doctor's answers, after they were recorded as dispositions."""
        ...
