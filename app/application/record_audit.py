"""Record an audit (记录审核) in time: in the database, or else in the local spool, from which it gets there later."""

import asyncio
import logging

import msgspec
from msgspec.structs import replace

from app.application.deadline import FAIR, Deadline
from app.application.spool_audits import Answer, AuditSpool
from app.domain.audit import Audit
from app.domain.finding import Finding
from app.store.audit_log import AuditLog, AuditRecord, FindingRow, NotRecorded, Unstorable
from app.store.breaker import Breaker

log = logging.getLogger("mingjian")

_LAST_RESORT = 1.0  # seconds that the local disk may take
_MOST_CENTS = 2**63 - 1  # what a database column holds; the answer that is stored beside it keeps the exact amount
_encode = msgspec.json.Encoder().encode


class AuditRecorder:
    def __init__(self, log: AuditLog, spool: AuditSpool | None = None, breaker: Breaker | None = None) -> None:
        """Without spool and breaker it waits for the database, however long that takes."""
        self._log, self._spool, self._breaker = log, spool, breaker
        self.count = 0  # records so far: whether anybody is being served

    async def record(self, record: AuditRecord, audit: Audit, deadline: Deadline | None = None) -> Answer:
        """The answer to give, and whether it is an earlier one. Raises IdempotencyConflict or NotRecorded."""
        self.count += 1
        if self._spool is None or self._breaker is None or deadline is None:
            return await self._log.append(record)
        if (earlier := self._spool.earlier(record)) is not None:
            return await earlier
        answer = await self._append(self._breaker, record, deadline.for_record())
        is_open = "history" in audit.degraded
        if answer is None:
            return await self._keep(self._spool, record, audit, deadline)
        if is_open and not answer[1]:
            await self._promise(self._spool, record.id)
        return answer

    async def _append(self, breaker: Breaker, record: AuditRecord, wait: float) -> Answer | None:
        """None where the database did not take it in time."""
        if not breaker.is_closed:
            return None
        try:
            async with asyncio.timeout(wait):
                answer = await self._log.append(record)
        except Unstorable:
            raise
        except TimeoutError as error:
            if wait >= FAIR:
                breaker.failed(error)
            return None
        except NotRecorded as error:
            breaker.failed(error)
            return None
        breaker.succeeded()
        return answer

    async def _keep(self, spool: AuditSpool, record: AuditRecord, audit: Audit, deadline: Deadline) -> Answer:
        if not deadline.may_spool:
            raise NotRecorded("the database does not take records now")
        told = _encode(replace(audit, degraded=(*audit.degraded, "record")))
        try:
            async with asyncio.timeout(_LAST_RESORT):
                return await spool.keep(replace(record, audit=told), is_open="history" in audit.degraded)
        except TimeoutError:
            raise NotRecorded("neither the database nor the local disk answers") from None

    async def _promise(self, spool: AuditSpool, audit_id: str) -> None:
        """That it is audited again, when the past can be read. The audit itself is recorded."""
        try:
            async with asyncio.timeout(_LAST_RESORT):
                await spool.keep_open(audit_id)
        except (TimeoutError, NotRecorded) as error:
            log.error("audit %s was made without history, and nothing remembers it: %s", audit_id, error)


def finding_row(finding: Finding) -> FindingRow:
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
