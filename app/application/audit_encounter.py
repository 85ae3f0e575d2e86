"""Audit an encounter (审核一次就诊): judge it by the rules in force, record the answer, give it back."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.application.audit_coding import CodingJudge
from app.application.deadline import Deadline
from app.application.facts import AskedFeeds, facts_of
from app.application.ids import time_ordered_id
from app.application.patient_history import PatientHistory, to_keep_of
from app.application.reach_history import TimelyHistory
from app.application.record_audit import AuditRecorder, finding_row
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.case import Case
from app.domain.data_quality import inspect
from app.domain.decision import Decision, DecisionPolicy
from app.domain.encounter import Encounter
from app.domain.feeds import Feeds
from app.domain.finding import DataIssue, Visibility
from app.engine.ruleset import Ruleset
from app.store.audit_log import AuditLog, AuditRecord, IdempotencyKey
from app.store.breaker import Breaker

_encode = msgspec.json.Encoder().encode


def judge(
    ruleset: Ruleset,
    request: AuditRequest,
    *,
    policy: DecisionPolicy,
    audited_at: datetime,
    audit_id: str,
    issues: tuple[DataIssue, ...] = (),
    feeds: Feeds | None = None,
    added: frozenset[str] = frozenset(),
    degraded: tuple[str, ...] = (),
    follows: str | UnsetType = UNSET,
    coding: CodingJudge | None = None,
) -> tuple[Audit, Judgement]:
    """The answer to show and everything that was found. Pure: time and identity come in as arguments.

    `issues` are what an interface noticed of the data before it was an encounter; `feeds` is what no request carries;
    `added` are lines of the encounter that nobody asked about now; `degraded` is what could not be used;
    `follows` is the audit that is made again; `coding` looks at the coding of stays that are settled.
    """
    encounter = request.encounter
    judgement = ruleset.audit(Case(encounter, request.stage, request.history, feeds), policy)
    if added:
        judgement = _about_what_was_sent(judgement, added)
    if coding is not None:
        judgement = coding.added(judgement, request, policy)
    shown = tuple([one for one in judgement.findings if one.is_current and one.visibility is Visibility.SHOWN])
    audit = Audit(
        id=audit_id,
        audited_at=audited_at,
        stage=request.stage,
        encounter=encounter.id,
        ruleset=judgement.ruleset,
        decision=max([one.decision for one in shown], key=lambda decision: decision.strictness, default=Decision.PASS),
        findings=shown,
        not_evaluated=judgement.not_evaluated,
        data_issues=(*issues, *inspect(_as_sent(encounter, added), audited_at.date())),
        lines_without_rules=judgement.lines_without_rules,
        degraded=degraded,
        follows=follows,
    )
    return audit, judgement


def _as_sent(encounter: Encounter, added: frozenset[str]) -> Encounter:
    if not added:
        return encounter
    return replace(
        encounter,
        order_lines=tuple([line for line in encounter.order_lines if line.id not in added]),
        charge_lines=tuple([line for line in encounter.charge_lines if line.id not in added]),
    )


def _about_what_was_sent(judgement: Judgement, added: frozenset[str]) -> Judgement:
    """Without what is said only of stored lines: it was said when they were sent."""
    open_points = []
    for one in judgement.not_evaluated:
        lines = tuple([line for line in one.lines if line not in added])
        if lines or not one.lines:
            open_points.append(replace(one, lines=lines))
    return replace(
        judgement,
        findings=tuple([one for one in judgement.findings if one.is_current or not added.issuperset(one.lines)]),
        not_evaluated=tuple(open_points),
        lines_without_rules=tuple([line for line in judgement.lines_without_rules if line not in added]),
    )


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
    ) -> None:
        """`history` None: nothing is known of the past but what a request tells, and nothing is kept for later."""
        self.ruleset, self._policy, self._now, self._feeds = ruleset, policy, now, feeds
        self._keeps_history, self._past = history is not None, TimelyHistory(history, history_breaker)
        self._recorder, self._coding = recorder or AuditRecorder(log), coding

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
    ) -> Judged:
        """Judge now, by the given ruleset or the one in force, from start to end; nothing is stored yet.

        `is_body`: what came over the wire is the request itself as JSON, so that its facts need not hold it too.
        """
        ruleset, audited_at = ruleset or self.ruleset(), self._now()
        gathered = await self._past.gather(request, ruleset, deadline)
        feeds = None if (given := self._feeds()) is None else AskedFeeds(given)
        audit, judgement = judge(
            ruleset,
            gathered.request,
            policy=self._policy,
            audited_at=audited_at,
            audit_id=audit_id or time_ordered_id(audited_at),
            issues=issues,
            feeds=feeds,
            added=gathered.added,
            degraded=() if gathered.is_complete else ("history",),
            follows=follows,
            coding=self._coding,
        )
        facts = facts_of(
            request,
            gathered.request,
            added=gathered.added,
            is_body=is_body,
            policy=self._policy,
            issues=issues,
            feeds=feeds,
            coding="" if self._coding is None else self._coding.revision,
        )
        return Judged(request, gathered.request, audit, judgement, _encode(audit), ruleset, facts)

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
    ) -> tuple[bytes, bool]:
        """Make it durable. `sent` is the answer of an interface that does not answer the audit as it is."""
        record = self.to_record(judged, body, caller=caller, key=key, sent=sent, passing=passing)
        return await self._recorder.record(record, judged.audit, deadline)

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
