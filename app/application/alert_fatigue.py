"""Alert fatigue (提醒疲劳): which findings deserve the doctor's attention now, and a record of all that were kept back.

Whatever cannot be looked up or recorded in time is shown: to hide needs a reason that is on record.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from app.application.alert_cards import Card, Kept, Ranked, limited, merged, ranked
from app.application.audit_encounter import Judged
from app.application.deadline import Deadline
from app.domain.alert import AlertOutcome, Answer, Tier, TierPolicy
from app.domain.disposition import Action, Disposition
from app.domain.finding import Finding
from app.store.alerts import Alert, AlertStore, Answered
from app.store.audit_log import NotRecorded
from app.store.breaker import Breaker
from app.store.history import Unavailable

log = logging.getLogger("mingjian")

CHOOSING = "order-select"  # the hook that fires while the doctor still chooses
_PATIENCE = 0.5  # seconds, where nobody gave a deadline
_SHARE = 0.3  # of the whole time that remains for the record of the audit, at least


class Chosen(NamedTuple):
    cards: tuple[Card, ...]
    suppressed: tuple[Finding, ...] = ()


class Told(Protocol):
    """What a doctor said of one finding; `reason_code` blank where there is none."""

    @property
    def disposition(self) -> Disposition: ...

    @property
    def reason_code(self) -> str: ...

    @property
    def answered_at(self) -> datetime | None: ...


class AlertFatigue:
    def __init__(
        self,
        store: AlertStore,
        policy: TierPolicy | None = None,
        *,
        most_cards: int = 5,
        silence: timedelta = timedelta(hours=24),
        breaker: Breaker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`silence`: how long an answer with a reason holds. `breaker`: of the database's reads, if there is one."""
        self._store, self._policy, self._now = store, policy or TierPolicy(), now
        self._most, self._silence, self._breaker = most_cards, silence, breaker
        self._writing: set[asyncio.Task[bool]] = set()

    async def choose(
        self,
        judged: Judged,
        hook: str,
        order_ids: frozenset[str],
        most: int | None = None,
        deadline: Deadline | None = None,
    ) -> Chosen:
        """The cards, the most pressing first. `most`: as many as the client wants, if fewer than the setting says."""
        findings: Sequence[Finding] = judged.audit.findings
        if hook == CHOOSING:
            findings = [one for one in findings if order_ids.intersection((*one.lines, *one.related_lines))]
        speaking, silent = ranked(findings, self._policy, is_choosing=hook == CHOOSING)
        answered = await self._answered_before(speaking, deadline)
        repeated = [Kept(*one, AlertOutcome.REPEATED) for one in speaking if one.finding.id in answered]
        left = [one for one in speaking if one.finding.id not in answered]
        cards, beyond = limited(merged(left), self._most if most is None else min(most, self._most))
        back = [*repeated, *_kept(beyond)]
        alerts = self._alerts(judged, hook, cards, [*silent, *back])
        if await self._record(alerts, deadline, must_wait=bool(back)):
            return Chosen(tuple(cards), tuple([one.finding for one in (*silent, *back)]))
        everything = merged(speaking)
        cards, beyond = limited(everything, len(everything) if most is None else most)
        self._write_later(self._alerts(judged, hook, cards, []))
        return Chosen(tuple(cards), tuple([one.finding for one in (*silent, *_kept(beyond))]))

    async def _answered_before(self, speaking: Sequence[Ranked], deadline: Deadline | None) -> frozenset[str]:
        """Those with a reason that still holds; none where that cannot be known in time."""
        asked = [one.finding.id for one in speaking if one.may_be_kept_back]
        if not asked or (self._breaker is not None and not self._breaker.is_closed):
            return frozenset()
        try:
            async with asyncio.timeout(_seconds(deadline)):
                return await self._store.standing(asked, self._now() - self._silence)
        except (TimeoutError, Unavailable) as error:
            log.warning("earlier answers cannot be looked up, everything is shown: %s", type(error).__name__)
            return frozenset()

    async def _record(self, alerts: list[Alert], deadline: Deadline | None, *, must_wait: bool) -> bool:
        """Whether all that is kept back is on record; where nothing is, the record may come after the answer."""
        writing = self._write_later(alerts)
        if writing is None or not must_wait:
            return True
        try:
            async with asyncio.timeout(_seconds(deadline)):
                return await asyncio.shield(writing)
        except TimeoutError:
            log.warning("what is kept back cannot be recorded in time: everything is shown")
            return False

    def _write_later(self, alerts: list[Alert]) -> "asyncio.Task[bool] | None":
        if not alerts:
            return None
        task = asyncio.create_task(self._write(alerts))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return task

    async def _write(self, alerts: list[Alert]) -> bool:
        try:
            await self._store.append(alerts)
        except NotRecorded as error:
            log.warning("%d alerts could not be recorded: %s", len(alerts), type(error).__name__)
            return False
        return True

    def _alerts(self, judged: Judged, hook: str, cards: Sequence[Card], back: Sequence[Kept]) -> list[Alert]:
        audit, facility, now = judged.audit, judged.asked.encounter.facility.id, self._now()

        def alert(one: Finding, lead: str, tier: Tier, outcome: AlertOutcome) -> Alert:
            return Alert(audit.id, one.id, lead, one.rule, facility, audit.encounter, hook, tier, outcome, now)

        shown = [
            alert(one, card.findings[0].id, card.tier, AlertOutcome.SHOWN) for card in cards for one in card.findings
        ]
        return [*shown, *[alert(one.finding, "", one.tier, one.outcome) for one in back]]

    async def members(self, findings: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """All findings of the latest card that each of these led; a card that is not known, or not now, is absent."""
        await self._settle()
        try:
            return await self._store.members(findings)
        except Unavailable as error:
            log.warning("the members of %d cards cannot be looked up: %s", len(findings), type(error).__name__)
            return {}

    async def answered(self, answers: Sequence[Told], hook: str, caller: str) -> None:  # noqa: ARG002 - as the contract asks
        """Note answers that were recorded as dispositions. Raises NotRecorded."""
        await self._settle()
        now = self._now()
        noted = [
            Answered(
                one.disposition.finding,
                Answer.ACCEPTED if one.disposition.action is Action.REVISE else Answer.OVERRIDDEN,
                one.reason_code[:64],
                None if one.answered_at is None else min(one.answered_at, now),
            )
            for one in answers
        ]
        if noted:
            await self._store.answer(noted, now)

    async def _settle(self) -> None:
        """Let what was shown just now be on record before it is asked for."""
        if self._writing:
            await asyncio.wait(list(self._writing), timeout=_PATIENCE)

    async def close(self) -> None:
        """Write what is still to be written. The store is to be closed after."""
        await asyncio.gather(*self._writing)


def _kept(cards: Sequence[Card]) -> list[Kept]:
    return [Kept(one, card.tier, AlertOutcome.LIMIT) for card in cards for one in card.findings]


def _seconds(deadline: Deadline | None) -> float:
    """How long a step may take, so that time is left to record the audit itself."""
    if deadline is None:
        return _PATIENCE
    return deadline.due - deadline.seconds * _SHARE - time.monotonic()
