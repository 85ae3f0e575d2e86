"""The past of a finding (疑点历次记录), from either database: which audits found it, and what doctors answered."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from app.domain.decision import Decision, Severity, Stage
from app.domain.disposition import Action
from app.store.sealing import moment
from app.store.tables import audits, dispositions, findings
from app.store.vault import Vault

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]
_MOST_ANSWERS = 200


class PastFinding(NamedTuple):
    """The finding as one audit told it. `amount_cents` None: it told none."""

    audit: str
    at: datetime
    stage: Stage
    ruleset: str
    rule_version: int
    severity: Severity
    decision: Decision
    amount_cents: int | None


class GivenAnswer(NamedTuple):
    """What a doctor said of it (处理方式)."""

    at: datetime
    by: str  # the caller that sent it
    practitioner: str
    action: Action
    reason: str


class FindingPast:
    def __init__(self, rows: Rows, vault: Vault) -> None:
        self._rows, self._vault = rows, vault

    async def sightings(self, finding: str, most: int = 200) -> list[PastFinding]:
        """The latest first. Raises Unavailable."""
        one, audit = findings.c, audits.c
        asked = (
            select(
                audit.id, audit.recorded_at, audit.stage, audit.ruleset, one.rule_version, one.severity, one.decision,
                one.amount_cents,
            )
            .join(audits, (audit.seq == one.audit_seq) & (audit.recorded_at == one.recorded_at))
            .where(one.id == finding)
            .order_by(one.recorded_at.desc(), one.audit_seq.desc())
            .limit(most)
        )  # fmt: skip
        return [
            PastFinding(name, moment(at), Stage(stage), ruleset, version, Severity(severity), Decision(decision), cents)
            for name, at, stage, ruleset, version, severity, decision, cents in await self._rows(asked)
        ]

    async def answers(self, finding: str) -> list[GivenAnswer]:
        """The latest first. Raises Unavailable."""
        one = dispositions.c
        asked = select(one.recorded_at, one.caller, one.practitioner, one.action, one.reason)
        asked = asked.where(one.finding == finding).order_by(one.seq.desc()).limit(_MOST_ANSWERS)
        return [
            GivenAnswer(moment(at), caller, practitioner, Action(action), self._reason(finding, caller, reason))
            for at, caller, practitioner, action, reason in await self._rows(asked)
        ]

    def _reason(self, finding: str, caller: str, reason: str) -> str:
        return self._vault.open_text("dispositions", (finding, caller), reason)
