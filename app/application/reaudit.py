"""Audit again (补审): what was answered without the patient's past, time or room is judged anew when there is.

The new audit names the one that it follows and is recorded like any other. Nobody is shown it unasked: the moment in
which it could have changed an order has passed.
"""

import logging
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from app.application.audit_encounter import EncounterAuditor
from app.application.facts import read_facts
from app.domain.audit import is_incomplete
from app.store.audit_log import AuditRecord, StoredAudit
from app.store.history import Unavailable

log = logging.getLogger("mingjian")


def following_id(audit_id: str) -> str:
    """The id of the audit that follows: always the same, so that it is made once, however often that is tried."""
    random = int.from_bytes(blake2b(audit_id.encode(), digest_size=10, person=b"follows").digest())
    random = random & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62  # laid out as ids.py does
    return f"{audit_id[:12]}{random:020x}"


def is_to_be_made_again(stored: StoredAudit) -> bool:
    """Or was made again."""
    return b'"degraded":["' in stored.audit and is_incomplete(_degraded(stored.audit).degraded)


class _Degraded(msgspec.Struct):
    degraded: tuple[str, ...] = ()


_degraded = msgspec.json.Decoder(_Degraded).decode


class Reauditor:
    def __init__(self, auditor: EncounterAuditor) -> None:
        self._auditor = auditor

    async def audit_again(self, stored: StoredAudit) -> AuditRecord | None:
        """The record to store; None where the old one cannot be read. Raises Unavailable where the past cannot be."""
        try:
            facts = read_facts(stored.facts)
            request = facts.judged(stored.request)
        except msgspec.MsgspecError as error:
            log.error("audit %s cannot be made again, its record cannot be read: %s", stored.id, error)
            return None
        judged = await self._auditor.judge(
            request,
            facts.issues,
            is_body=facts.request is None,
            follows=stored.id,
            audit_id=following_id(stored.id),
            is_aside="time" in _degraded(stored.audit).degraded,
        )
        if judged.audit.degraded:
            raise Unavailable("the past still cannot be read")
        # Its lines became history with the first audit, and what was said of them since must stand.
        return replace(self._auditor.to_record(judged, stored.request, caller=stored.caller), history=None)
