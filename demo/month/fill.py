"""Fill a database (填充数据): each visit is audited as if it came in then; doctors answer, and some mend it.

All goes through the service's own use cases, so that what is stored is what the service would have stored.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
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
_AT_ONCE = 256  # visits that are in the house, so that what they write waits for the same commits
_HOOK = "order-sign"
_REASONS = ("病情需要，已告知患者", "已有会诊意见", "同类药品缺货", "患者要求")
_CODES = ("clinical-need", "already-done", "not-applicable", "other")
_encode = msgspec.json.encode


class Clock:
    """The time as it was then, for each visit its own."""

    def __init__(self) -> None:
        self._at = ContextVar[datetime]("at")

    def set(self, at: datetime) -> None:
        self._at.set(at)

    def __call__(self) -> datetime:
        return self._at.get()


class Filler:
    def __init__(self, store: Store, ruleset: Ruleset, seed: int, told: Callable[[int], None]) -> None:
        self._told, self.count = told, 0  # audits so far
        self._store, self._seed, self._clock = store, seed, Clock()
        self._recorder = DispositionRecorder(store.dispositions, self._clock)
        self._auditor = EncounterAuditor(
            lambda: ruleset,
            store.log,
            DecisionPolicy({}),
            now=self._clock,
            history=PatientHistory(store.history, FacilityGroups([])),
        )

    async def fill(self, visits: Iterable[Visit]) -> None:
        running = deque[asyncio.Task[None]]()
        latest: dict[str, asyncio.Task[None]] = {}  # by patient
        for visit in visits:
            patient = visit.encounter["patient"]["id"]
            latest[patient] = asyncio.create_task(self._visit(visit, latest.get(patient)))
            running.append(latest[patient])
            if len(running) >= _AT_ONCE:
                await running.popleft()
        await asyncio.gather(*running)

    async def _visit(self, visit: Visit, before: asyncio.Task[None] | None) -> None:
        """What the patient was charged before is known by then."""
        if before is not None:
            await asyncio.wait([before])
        if visit.rule:
            await self._ordered(visit)
        else:
            await self._audit(visit.encounter, visit.history, "settling", visit.settled_at)

    async def _ordered(self, visit: Visit) -> None:
        """Where a doctor is reminded: some mend it, some have a reason, some say nothing."""
        first = await self._audit(visit.encounter, visit.history, "ordering", visit.settled_at - timedelta(minutes=8))
        encounter, shown = visit.encounter, [one.id for one in first.audit.findings]
        draw = Random(f"{self._seed} {visit.number}")  # noqa: S311 - invented data
        if shown:
            choice = draw.choices((Action.REVISE, Action.PROCEED, None), (46, 34, 20))[0]
            await self._reminded(first, visit, choice, draw)
            if choice is Action.REVISE:
                faulty = {line for one in first.audit.findings for line in one.lines}
                kept = [line for line in encounter["charge_lines"] if line["id"] not in faulty]
                encounter = {**encounter, "charge_lines": kept}
        await self._audit(encounter, visit.history, "settling", visit.settled_at)

    async def _audit(self, encounter: dict[str, Any], past: list[dict[str, Any]], stage: str, at: datetime) -> Judged:
        told: dict[str, Any] = {"stage": stage, "encounter": encounter, **({"history": past} if past else {})}
        request = msgspec.convert(told, AuditRequest, strict=False)
        self._clock.set(at.replace(tzinfo=_CHINA))
        judged = await self._auditor.judge(request)
        await self._auditor.record(judged, _encode(request), caller="demo")
        self.count += 1
        self._told(self.count)
        return judged

    async def _reminded(self, first: Judged, visit: Visit, choice: Action | None, draw: Random) -> None:
        """The cards that were shown, and the answer after a while."""
        shown, at = first.audit.findings, self._clock()
        alerts = [
            Alert(
                audit=first.audit.id, finding=one.id, lead=shown[0].id, rule=one.rule,
                facility=visit.encounter["facility"]["id"], encounter=visit.encounter["id"], hook=_HOOK,
                tier=Tier.BLOCK if one.decision is Decision.BLOCK else Tier.POPUP, outcome=AlertOutcome.SHOWN,
                recorded_at=at,
            )
            for one in shown
        ]  # fmt: skip
        await self._store.alerts.append(alerts)
        if choice is None:
            return
        at += timedelta(seconds=draw.randint(4, 75))
        self._clock.set(at)
        is_accepted = choice is Action.REVISE
        answer = Answer.ACCEPTED if is_accepted else Answer.OVERRIDDEN
        code = "" if is_accepted else draw.choice(_CODES)
        await self._store.alerts.answer([Answered(one.id, answer, code, at) for one in shown], at)
        reason = "" if is_accepted else draw.choice(_REASONS)
        given = [
            Disposition(finding=one.id, action=choice, reason=reason, practitioner=visit.physician.code)
            for one in shown
        ]
        await self._recorder.record(given, caller="demo")
