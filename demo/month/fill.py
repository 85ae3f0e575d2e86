"""Fill a database (填充数据): each visit is audited as if it came in then; doctors answer, and some mend it.

All goes through the service's own use cases, so that what is stored is what the service would have stored.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import msgspec

from app.application.audit_encounter import EncounterAuditor, Judged
from app.application.patient_history import FacilityGroups, PatientHistory
from app.application.record_disposition import DispositionRecorder
from app.domain.alert import AlertOutcome, Answer, Tier
from app.domain.audit import AuditRequest
from app.domain.decision import Decision, DecisionPolicy
from app.domain.disposition import Action, Disposition
from app.engine.ruleset import Ruleset
from app.store.alerts import Alert, Answered
from app.store.store import Store
from demo.month.visits import Visit

_CHINA = timezone(timedelta(hours=8))
_AT_ONCE = 128  # audits that wait for the same commit
_HOOK = "order-sign"
_REASONS = ("病情需要，已告知患者", "已有会诊意见", "同类药品缺货", "患者要求")
_CODES = ("clinical-need", "already-done", "not-applicable", "other")
_encode = msgspec.json.encode


class Clock:
    """The time as it was then."""

    def __init__(self) -> None:
        self.at = datetime.now(_CHINA)

    def __call__(self) -> datetime:
        return self.at


class Filler:
    def __init__(self, store: Store, ruleset: Ruleset, draw: Random) -> None:
        self._store, self._draw, self._clock = store, draw, Clock()
        self._recorder = DispositionRecorder(store.dispositions, self._clock)
        self._auditor = EncounterAuditor(
            lambda: ruleset,
            store.log,
            DecisionPolicy({}),
            now=self._clock,
            history=PatientHistory(store.history, FacilityGroups([])),
        )
        self._waiting: list[asyncio.Task[Any]] = []

    async def fill(self, visits: Iterable[Visit], told: Callable[[int], None]) -> int:
        """How many audits there are now."""
        count = 0
        for number, visit in enumerate(visits, 1):
            if visit.rule:
                count += await self._ordered(visit)
            else:
                count += await self._audit(visit.encounter, visit.history, "settling", visit.settled_at) is not None
            told(number)
        await self._commit()
        return count

    async def _ordered(self, visit: Visit) -> int:
        """Where a doctor is reminded: some mend it, some have a reason, some say nothing."""
        first = await self._audit(visit.encounter, visit.history, "ordering", visit.settled_at - timedelta(minutes=8))
        await self._commit()
        encounter, shown = visit.encounter, [one.id for one in first.audit.findings]
        if shown:
            choice = self._draw.choices((Action.REVISE, Action.PROCEED, None), (46, 34, 20))[0]
            await self._reminded(first, visit, choice)
            if choice is Action.REVISE:
                faulty = {line for one in first.audit.findings for line in one.lines}
                kept = [line for line in encounter["charge_lines"] if line["id"] not in faulty]
                encounter = {**encounter, "charge_lines": kept}
        await self._audit(encounter, visit.history, "settling", visit.settled_at)
        await self._commit()
        return 2

    async def _audit(self, encounter: dict[str, Any], past: list[dict[str, Any]], stage: str, at: datetime) -> Judged:
        told: dict[str, Any] = {"stage": stage, "encounter": encounter, **({"history": past} if past else {})}
        request = msgspec.convert(told, AuditRequest, strict=False)
        self._clock.at = at.replace(tzinfo=_CHINA)
        judged = await self._auditor.judge(request)
        self._waiting.append(asyncio.create_task(self._auditor.record(judged, _encode(request), caller="demo")))
        if len(self._waiting) >= _AT_ONCE:
            await self._commit()
        return judged

    async def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        await asyncio.gather(*waiting)

    async def _reminded(self, first: Judged, visit: Visit, choice: Action | None) -> None:
        """The cards that were shown, and the answer after a while."""
        shown = first.audit.findings
        alerts = [
            Alert(
                audit=first.audit.id, finding=one.id, lead=shown[0].id, rule=one.rule,
                facility=visit.encounter["facility"]["id"], encounter=visit.encounter["id"], hook=_HOOK,
                tier=Tier.BLOCK if one.decision is Decision.BLOCK else Tier.POPUP, outcome=AlertOutcome.SHOWN,
                recorded_at=self._clock.at,
            )
            for one in shown
        ]  # fmt: skip
        await self._store.alerts.append(alerts)
        if choice is None:
            return
        self._clock.at += timedelta(seconds=self._draw.randint(4, 75))
        is_accepted = choice is Action.REVISE
        answer = Answer.ACCEPTED if is_accepted else Answer.OVERRIDDEN
        code = "" if is_accepted else self._draw.choice(_CODES)
        await self._store.alerts.answer(
            [Answered(one.id, answer, code, self._clock.at) for one in shown], self._clock.at
        )
        reason = "" if is_accepted else self._draw.choice(_REASONS)
        given = [
            Disposition(finding=one.id, action=choice, reason=reason, practitioner=visit.physician.code)
            for one in shown
        ]
        await self._recorder.record(given, caller="demo")
