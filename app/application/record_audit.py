"""Record an audit (记录审核) in time: in the database, or else in the local spool, from which it gets there later."""

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from app.application.deadline import FAIR, Deadline
from app.application.spool_audits import Answer, AuditSpool
from app.domain.audit import Audit, is_incomplete
from app.domain.block import INSTEAD, without_block
from app.domain.decision import Decision
from app.domain.finding import Finding
from app.store.audit_log import AuditLog, AuditRecord, FindingRow, NotRecorded, Unstorable
from app.store.breaker import Breaker

log = logging.getLogger("mingjian")

_LAST_RESORT = 1.0  # seconds that the local disk may take
_MOST_CENTS = 2**63 - 1  # what a database column holds; the answer that is stored beside it keeps the exact amount
MOST_SHED = 20_000  # records in the spool, above which requests that are shed are not remembered
MOST_SHED_A_SECOND = 100  # to remember more would cost those that are served
_DECISION = 5  # in a FindingRow
Told = Callable[[Audit], bytes]
_encode = msgspec.json.Encoder().encode


class AuditRecorder:
    def __init__(self, log: AuditLog, spool: AuditSpool | None = None, breaker: Breaker | None = None) -> None:
        """Without spool and breaker it waits for the database, however long that takes."""
        self._log, self._spool, self._breaker = log, spool, breaker
        self.count = 0  # records so far: whether anybody is being served
        self.unrecorded = 0  # requests that were shed and are not remembered
        self._shed_second, self._shed_in_second = 0.0, 0

    @property
    def is_ready(self) -> bool:
        """Whether the database is thought to take records."""
        return self._breaker is None or self._breaker.is_closed

    def takes_shed(self) -> bool:
        """Whether one more request for which there was no room can be remembered, to be audited later; it then is."""
        if self.is_full:
            self.unrecorded += 1
            return False
        self._shed_in_second += 1
        return True

    @property
    def is_full(self) -> bool:
        """Whether one more request for which there was no room can be answered, but not remembered."""
        if self._spool is None:
            return True
        now = time.monotonic()
        if now - self._shed_second >= 1:
            self._shed_second, self._shed_in_second = now, 0
        return self._shed_in_second >= MOST_SHED_A_SECOND or self._spool.record_count >= MOST_SHED

    async def record(
        self, record: AuditRecord, audit: Audit, deadline: Deadline | None = None, told: Told | None = None
    ) -> Answer:
        """The answer to give, and whether it is an earlier one. Raises IdempotencyConflict or NotRecorded.

        `told` makes the answer of an interface anew, where the audit that it was made of blocks and may not.
        """
        self.count += 1
        if self._spool is None or self._breaker is None or deadline is None:
            return await self._log.append(record)
        if (earlier := self._spool.earlier(record)) is not None:
            return await earlier
        if deadline.is_shed:
            return await self._keep(self._spool, record, audit, deadline, told)
        answer = await self._append(self._breaker, record, deadline.for_record())
        if answer is None:
            return await self._keep(self._spool, record, audit, deadline, told)
        if is_incomplete(audit.degraded) and not answer[1]:
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

    async def _keep(
        self, spool: AuditSpool, record: AuditRecord, audit: Audit, deadline: Deadline, told: Told | None
    ) -> Answer:
        if not deadline.may_spool:
            raise NotRecorded("the database does not take records now")
        record = _as_spooled(record, audit, told)
        try:
            async with asyncio.timeout(_LAST_RESORT):
                return await spool.keep(record, is_open=is_incomplete(audit.degraded))
        except TimeoutError:
            raise NotRecorded("neither the database nor the local disk answers") from None

    async def _promise(self, spool: AuditSpool, audit_id: str) -> None:
        """That it is audited again, when the past can be read. The audit itself is recorded."""
        try:
            async with asyncio.timeout(_LAST_RESORT):
                await spool.keep_open(audit_id)
        except (TimeoutError, NotRecorded) as error:
            log.error("audit %s was made without history, and nothing remembers it: %s", audit_id, error)


def _as_spooled(record: AuditRecord, audit: Audit, told: Told | None) -> AuditRecord:
    """Nothing blocks while the database takes no records."""
    if "record" not in audit.degraded:
        audit = replace(audit, degraded=(*audit.degraded, "record"))
    if audit.decision is not Decision.BLOCK:
        return replace(record, audit=_encode(audit))
    audit = without_block(audit)
    rows = [
        (*row[:_DECISION], INSTEAD, *row[_DECISION + 1 :]) if row[_DECISION] is Decision.BLOCK else row
        for row in record.findings
    ]
    sent = record.sent if told is None else told(audit)
    return replace(record, audit=_encode(audit), decision=audit.decision, findings=rows, sent=sent)


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
