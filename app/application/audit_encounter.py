"""Audit an encounter (审核一次就诊): judge it by the rules in force, record the answer, give it back."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from app.application.audit_coding import CodingJudge
from app.application.deadline import Deadline
from app.application.facts import AskedFeeds, facts_of
from app.application.ids import time_ordered_id
from app.application.judge_encounter import OVERLOAD, judge
from app.application.observe_audits import AuditObserver, Unobserved
from app.application.pass_unjudged import UNRECORDED, passed
from app.application.patient_history import Gathered, PatientHistory, to_keep_of
from app.application.reach_history import TimelyHistory
from app.application.record_audit import AuditRecorder, finding_row
from app.domain.access import Caller
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.decision import DecisionPolicy
from app.domain.feeds import Feeds
from app.domain.finding import DataIssue, Visibility
from app.engine.ruleset import Ruleset
from app.engine.stop import Stop
from app.store.audit_log import AuditLog, AuditRecord, IdempotencyKey
from app.store.breaker import Breaker

_encode = msgspec.json.Encoder().encode


class Judged(NamedTuple):
    """One audit before it is recorded; `encoded` is the audit as REST answers it, `ruleset` the one it was judged by.

    `asked` is the request as it came, `request` the same with what was known of the past.
    """

    asked: AuditRequest
    request: AuditRequest
    audit: Audit
    judgement: Judgement
    encoded: bytes
    ruleset: Ruleset
    facts: bytes = b""


class EncounterAuditor:
    """Audits with the ruleset in force and answers only when the record is durable."""

    def __init__(
        self,
        ruleset: Callable[[], Ruleset],
        log: AuditLog,
        policy: DecisionPolicy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        feeds: Callable[[], Feeds | None] = lambda: None,
        history: PatientHistory | None = None,
        recorder: AuditRecorder | None = None,
        history_breaker: Breaker | None = None,
        coding: CodingJudge | None = None,
        observer: AuditObserver | None = None,
    ) -> None:
        """`history` None: nothing is known of the past but what a request tells, and nothing is kept for later."""
        self.ruleset, self._policy, self._now, self._feeds = ruleset, policy, now, feeds
        self._judge = partial(judge, policy=policy, coding=coding)
        self._keeps_history, self._past = history is not None, TimelyHistory(history, history_breaker)
        self._recorder, self._coding = recorder or AuditRecorder(log), coding
        self._observer = observer or Unobserved()

    async def audit(
        self,
        request: AuditRequest,
        body: bytes,
        *,
        caller: str,
        key: str | None = None,
        deadline: Deadline | None = None,
    ) -> tuple[bytes, bool]:
        """The answer's bytes, and whether it is the first answer to an earlier request with the same key.

        Raises IdempotencyConflict for another body under the same key, NotRecorded where nothing could be stored.
        """
        judged = await self.judge(request, deadline=deadline)
        return await self.record(judged, body, caller=caller, key=key, deadline=deadline)

    async def judge(
        self,
        request: AuditRequest,
        issues: tuple[DataIssue, ...] = (),
        ruleset: Ruleset | None = None,
        *,
        is_body: bool = True,
        deadline: Deadline | None = None,
        follows: str | UnsetType = UNSET,
        audit_id: str = "",
        is_aside: bool = False,
    ) -> Judged:
        """Judge now, by the given ruleset or the one in force; nothing is stored yet. `is_body`: what came over the
        wire is the request itself as JSON, so that its facts need not hold it too. `is_aside`: nobody waits for it,
        and it may take long: others are served meanwhile.
        """
        ruleset, audited_at, began = ruleset or self.ruleset(), self._now(), perf_counter()
        is_shed = deadline is not None and deadline.is_shed
        gathered = Gathered(request) if is_shed else await self._past.gather(request, ruleset, deadline)
        reached = perf_counter()
        feeds = None if is_shed or (given := self._feeds()) is None else AskedFeeds(given)
        stop = None if deadline is None else Stop(deadline.for_judging())
        judging = partial(
            self._judge,
            ruleset,
            gathered.request,
            audited_at=audited_at,
            audit_id=audit_id or time_ordered_id(audited_at),
            issues=issues,
            feeds=feeds,
            added=gathered.added,
            degraded=self._lacking(gathered, deadline),
            follows=follows,
            stop=stop,
        )
        audit, judgement = await asyncio.to_thread(judging) if is_aside else judging()
        self._observer.judged(request, gathered, audit, judgement, (reached - began, perf_counter() - reached))
        is_kept = UNRECORDED not in audit.degraded
        facts = self._facts(request, gathered, issues, feeds, stop, is_body=is_body) if is_kept else b""
        return Judged(request, gathered.request, audit, judgement, _encode(audit), ruleset, facts)

    def _facts(
        self,
        request: AuditRequest,
        gathered: Gathered,
        issues: tuple[DataIssue, ...],
        feeds: AskedFeeds | None,
        stop: Stop | None,
        *,
        is_body: bool,
    ) -> bytes:
        return facts_of(
            request,
            gathered.request,
            added=gathered.added,
            is_body=is_body,
            policy=self._policy,
            issues=issues,
            feeds=feeds,
            coding="" if self._coding is None else self._coding.revision,
            steps=stop.steps if stop is not None and stop.is_reached else None,
        )

    def pass_unjudged(self, body: bytes, caller: Caller) -> bytes | None:
        """The answer to a check that was shed, where nothing can remember it; None where all of it must be read."""
        if not self._recorder.is_full:
            return None
        audit = passed(body, caller, self.ruleset().revision, self._now())
        if audit is None:
            return None
        self._recorder.takes_shed()
        self._observer.passed(audit.stage)
        return _encode(audit)

    def _lacking(self, gathered: Gathered, deadline: Deadline | None) -> tuple[str, ...]:
        """What is known to be missing before it is judged, so that nothing blocks that should not."""
        history = () if gathered.is_complete else ("history",)
        if deadline is None:
            return history
        if deadline.is_shed:
            return (OVERLOAD,) if self._recorder.takes_shed() else (OVERLOAD, UNRECORDED)
        return history if self._recorder.is_ready else (*history, "record")

    async def record(
        self,
        judged: Judged,
        body: bytes,
        *,
        caller: str,
        key: str | None = None,
        sent: bytes = b"",
        deadline: Deadline | None = None,
        passing: frozenset[str] = frozenset(),
        told: Callable[[Audit], bytes] | None = None,
    ) -> tuple[bytes, bool]:
        """Make it durable. `sent` is the answer of an interface that does not answer the audit as it is; `told` makes
        it anew where it turns out that the audit may not block. One that is not to be remembered is only given back.
        """
        if UNRECORDED in judged.audit.degraded:
            return sent or judged.encoded, False
        record = self.to_record(judged, body, caller=caller, key=key, sent=sent, passing=passing)
        began = perf_counter()
        answer = await self._recorder.record(record, judged.audit, deadline, told)
        self._observer.recorded(judged.audit, perf_counter() - began, deadline)
        return answer

    def to_record(
        self,
        judged: Judged,
        body: bytes,
        *,
        caller: str,
        key: str | None = None,
        sent: bytes = b"",
        passing: frozenset[str] = frozenset(),
    ) -> AuditRecord:
        audit, judgement = judged.audit, judged.judgement
        encounter = judged.asked.encounter
        return AuditRecord(
            id=audit.id,
            recorded_at=audit.audited_at,
            caller=caller,
            facility=encounter.facility.id,
            encounter=audit.encounter,
            stage=audit.stage,
            decision=audit.decision,
            ruleset=audit.ruleset,
            request=body,
            request_digest=sha256(body).digest(),
            audit=judged.encoded,
            hidden=encode_hidden(audit, judgement),
            findings=[finding_row(one) for one in judgement.findings],
            sent=sent,
            facts=judged.facts,
            key=None if key is None else IdempotencyKey(caller, key),
            history=to_keep_of(encounter, audit.audited_at.date(), passing) if self._keeps_history else None,
        )


def encode_hidden(audit: Audit, judgement: Judgement) -> bytes:
    """Findings that are stored but not shown: on trial, excepted, or only about context; blank where there are none."""
    if len(audit.findings) == len(judgement.findings):
        return b""
    return _encode(
        tuple([one for one in judgement.findings if not one.is_current or one.visibility is not Visibility.SHOWN])
    )
