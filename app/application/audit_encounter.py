"""Audit an encounter (审核一次就诊): judge it by the rules in force, record the answer, give it back."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from app.application.ids import time_ordered_id
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.case import Case
from app.domain.data_quality import inspect
from app.domain.decision import Decision, DecisionPolicy
from app.domain.feeds import Feeds
from app.domain.finding import DataIssue, Finding, Visibility
from app.engine.ruleset import Ruleset
from app.store.audit_log import AuditLog, AuditRecord, FindingRow, IdempotencyKey

_encode = msgspec.json.Encoder().encode
_MOST_CENTS = 2**63 - 1  # what a database column holds; the answer that is stored beside it keeps the exact amount


def judge(
    ruleset: Ruleset,
    request: AuditRequest,
    *,
    policy: DecisionPolicy,
    audited_at: datetime,
    audit_id: str,
    issues: tuple[DataIssue, ...] = (),
    feeds: Feeds | None = None,
) -> tuple[Audit, Judgement]:
    """The answer to show and everything that was found. Pure: time and identity come in as arguments.

    `issues` are what an interface noticed of the data before it was an encounter; `feeds` is what no request carries.
    """
    encounter = request.encounter
    judgement = ruleset.audit(Case(encounter, request.stage, request.history, feeds), policy)
    shown = tuple([one for one in judgement.findings if one.is_current and one.visibility is Visibility.SHOWN])
    audit = Audit(
        id=audit_id,
        audited_at=audited_at,
        stage=request.stage,
        encounter=encounter.id,
        ruleset=judgement.ruleset,
        decision=max([one.decision for one in shown], key=_strictness, default=Decision.PASS),
        findings=shown,
        not_evaluated=judgement.not_evaluated,
        data_issues=(*issues, *inspect(encounter, audited_at.date())),
        lines_without_rules=judgement.lines_without_rules,
    )
    return audit, judgement


def _strictness(decision: Decision) -> int:
    return decision.strictness


class Judged(NamedTuple):
    """One audit before it is recorded; `encoded` is the audit as REST answers it."""

    request: AuditRequest
    audit: Audit
    judgement: Judgement
    encoded: bytes


class EncounterAuditor:
    """Audits with the ruleset in force and answers only when the record is durable."""

    def __init__(
        self,
        ruleset: Callable[[], Ruleset],
        log: AuditLog,
        policy: DecisionPolicy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        feeds: Callable[[], Feeds | None] = lambda: None,
    ) -> None:
        self.ruleset, self._log, self._policy, self._now, self._feeds = ruleset, log, policy, now, feeds

    async def audit(
        self, request: AuditRequest, body: bytes, *, caller: str, key: str | None = None
    ) -> tuple[bytes, bool]:
        """The answer's bytes, and whether it is the first answer to an earlier request with the same key.

        Raises IdempotencyConflict for another body under the same key, NotRecorded where nothing could be stored.
        """
        return await self.record(self.judge(request), body, caller=caller, key=key)

    def judge(self, request: AuditRequest, issues: tuple[DataIssue, ...] = ()) -> Judged:
        """Judge now, by the rules in force; nothing is stored yet."""
        audited_at = self._now()
        audit, judgement = judge(
            self.ruleset(),
            request,
            policy=self._policy,
            audited_at=audited_at,
            audit_id=time_ordered_id(audited_at),
            issues=issues,
            feeds=self._feeds(),
        )
        return Judged(request, audit, judgement, _encode(audit))

    async def record(
        self, judged: Judged, body: bytes, *, caller: str, key: str | None = None, sent: bytes = b""
    ) -> tuple[bytes, bool]:
        """Make it durable. `sent` is the answer of an interface that does not answer the audit as it is."""
        audit, judgement = judged.audit, judged.judgement
        hidden = _hidden(judgement) if len(audit.findings) < len(judgement.findings) else ()
        record = AuditRecord(
            id=audit.id,
            recorded_at=audit.audited_at,
            caller=caller,
            facility=judged.request.encounter.facility.id,
            encounter=audit.encounter,
            stage=audit.stage,
            decision=audit.decision,
            ruleset=audit.ruleset,
            request=body,
            request_digest=sha256(body).digest(),
            audit=judged.encoded,
            hidden=_encode(hidden) if hidden else b"",
            findings=[_row(one) for one in judgement.findings],
            sent=sent,
            key=None if key is None else IdempotencyKey(caller, key),
        )
        return await self._log.append(record)


def _hidden(judgement: Judgement) -> tuple[Finding, ...]:
    """Findings that are stored but not shown: on trial, excepted, or only about context."""
    return tuple(one for one in judgement.findings if not one.is_current or one.visibility is not Visibility.SHOWN)


def _row(finding: Finding) -> FindingRow:
    amount = finding.amount_at_issue
    return (
        finding.id,
        finding.rule,
        finding.rule_version,
        finding.point,
        finding.severity,
        finding.decision,
        finding.visibility,
        finding.is_current,
        None if amount is None else min(int(amount * 100), _MOST_CENTS),
        "|".join(finding.lines),
    )
