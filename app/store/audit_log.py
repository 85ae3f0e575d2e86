"""The audit log (审核记录): what is stored of each audit, and the promise that goes with it.

`append` returns only when the record is durable. Two requests with the same idempotency key get one record and one
answer, whichever worker they reach.
"""

from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from app.store.history import HistoryWrite

FindingRow = tuple[str, str, int, str, str, str, str, bool, int | None, str]
# id, rule, rule_version, point, severity, decision, visibility, is_current, amount in cents (分), lines


class IdempotencyKey(NamedTuple):
    caller: str
    key: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One audit. `request` is the exact body; `audit` is the audit as REST answers it; `sent` is what another interface
    answered instead; `hidden` holds findings that are stored but not shown; `facts` is what was judged beyond the body
    (application/facts.py), so that the audit can be made again. `history` becomes part of the patient's history
    together with the record, or not at all.
    """

    id: str
    recorded_at: datetime
    caller: str
    facility: str
    encounter: str
    stage: str
    decision: str
    ruleset: str
    request: bytes
    request_digest: bytes
    audit: bytes
    hidden: bytes
    findings: list[FindingRow]
    sent: bytes = b""
    facts: bytes = b""
    key: IdempotencyKey | None = None
    history: HistoryWrite | None = None


class StoredAudit(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    caller: str
    facility: str
    ruleset: str
    request: bytes
    audit: bytes
    sent: bytes
    hidden: bytes
    facts: bytes


class NotRecorded(Exception):
    """The record could not be written, so nothing may be acknowledged."""


class Unstorable(NotRecorded):
    """The database answers, and does not take this record: to try again is of no use."""


class IdempotencyConflict(Exception):
    """The key was used before with another body."""


class AuditLog(Protocol):
    async def append(self, record: AuditRecord) -> tuple[bytes, bool]:
        """Store, durably. The answer to give, and whether it is an earlier one to the same key and body.

        Raises IdempotencyConflict or NotRecorded.
        """
        ...

    async def restore(self, records: list[AuditRecord]) -> None:
        """Store what was acknowledged elsewhere (spool.py), durably, in order, each once, all of them or none.

        An attempt to `append` that nobody waited for may have stored one already, without what its answer says of that:
        where the id is there, its content becomes the given one, what blocked and was then told otherwise blocks no
        longer, and nothing else changes. Where its idempotency key belongs to another audit by now, it is stored
        without. What was told of an encounter or of a line later than `recorded_at` is not undone by its history.
        Raises NotRecorded; Unstorable where one of them is at fault.
        """
        ...

    async def find(self, audit_id: str) -> StoredAudit | None: ...

    async def latest_ids(self, limit: int, *, before: str | None = None) -> list[str]:
        """Ids of the latest audits, the newest first; with `before`, of those recorded before that one."""
        ...
