"""Try an audit (试一试): what the rules in force say of an encounter: nothing is read, nothing is stored.

Of the patient's past it knows what the request tells, and no more.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from app.application.audit_coding import CodingJudge
from app.application.judge_encounter import judge
from app.domain.audit import Audit, AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.feeds import Feeds
from app.domain.finding import DataIssue, Finding, Visibility
from app.engine.ruleset import Ruleset
from app.engine.stop import Stop

_SECONDS = 2.0
_ID = "try"  # it is no audit that could be looked up


class Tried(NamedTuple):
    """`trial`: what rules on trial found, which no doctor is shown."""

    audit: Audit
    trial: tuple[Finding, ...]
    ruleset: Ruleset


class Trial:
    def __init__(
        self,
        ruleset: Callable[[], Ruleset],
        policy: DecisionPolicy,
        feeds: Callable[[], Feeds | None],
        coding: CodingJudge | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ruleset, self._policy, self._feeds, self._coding, self._now = ruleset, policy, feeds, coding, now

    async def judge(self, request: AuditRequest, issues: tuple[DataIssue, ...] = ()) -> Tried:
        return await asyncio.to_thread(self._judge, self._ruleset(), request, issues)

    def _judge(self, ruleset: Ruleset, request: AuditRequest, issues: tuple[DataIssue, ...]) -> Tried:
        audit, judgement = judge(
            ruleset,
            request,
            policy=self._policy,
            audited_at=self._now(),
            audit_id=_ID,
            issues=issues,
            feeds=self._feeds(),
            coding=self._coding,
            stop=Stop(time.monotonic() + _SECONDS),
        )
        trial = tuple([one for one in judgement.findings if one.visibility is Visibility.TRIAL and one.is_current])
        return Tried(audit, trial, ruleset)
