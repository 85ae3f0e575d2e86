"""Unmask (查看身份信息): show who a patient is, to a person who may know and says why, and never without an entry."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from app.application.authorise import may_read
from app.application.stored_identity import IdentityNames, identity_in
from app.domain.access import Caller, Permission
from app.domain.identity import Identity, IdentityKind
from app.store.audit_log import StoredAudit
from app.store.trail import TrailStore
from app.trail.entry import Details, Kind, TrailEntry, seal

LEAST_REASON = 5  # characters
MOST_REASON = 500
_PERSON = "session"  # how people come, and machines do not


class NotForThem(Exception):
    """Whoever asks is no person who signed in, or may not see who patients are."""


class NoReason(ValueError):
    """No reason was given, or none that says anything."""


class Audits(Protocol):
    async def find(self, audit_id: str) -> StoredAudit | None: ...


class Unmasker:
    def __init__(
        self,
        audits: Audits,
        trail: TrailStore,
        lookup: Callable[[str], str],
        interfaces: Sequence[IdentityNames],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`lookup` gives what stands for a patient."""
        self._audits, self._trail, self._lookup, self._interfaces = audits, trail, lookup, tuple(interfaces)
        self._now = now

    async def unmask(self, audit_id: str, caller: Caller, reason: str) -> Identity | None:
        """Who the patient of this audit is; None where there is no such audit for the caller. It is told only once the
        entry is durable. Raises NotForThem, NoReason, NotRecorded, Unavailable.
        """
        if caller.kind != _PERSON or not caller.may(Permission.PATIENT_UNMASK):
            raise NotForThem
        reason = reason.strip()
        if not LEAST_REASON <= len(reason) <= MOST_REASON:
            raise NoReason(f"a reason has {LEAST_REASON} to {MOST_REASON} characters")
        stored = await self._audits.find(audit_id)
        if stored is None or not may_read(caller, stored):
            return None
        identity = identity_in(stored.request, self._interfaces)
        await self._trail.append([seal(self._entry(stored, caller, reason, identity))])
        return identity

    def _entry(self, stored: StoredAudit, caller: Caller, reason: str, identity: Identity) -> TrailEntry:
        """A reason may name the patient: it is committed to, not told."""
        patients = [self._lookup(one.value) for one in identity if one.kind is IdentityKind.PATIENT]
        kinds = dict.fromkeys([str(one.kind) for one in identity])
        details: Details = {"facility": stored.facility, "fields": ",".join(kinds)}
        return TrailEntry(
            kind=Kind.UNMASKED,
            subject=stored.id,
            at=self._now(),
            actor=caller.id,
            details=details,
            private=msgspec.json.encode({"reason": reason, "patients": patients}),
        )
