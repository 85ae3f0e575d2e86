"""Sealing audits and what else is stored (入链): the trail's entry for a row, and what it commits to.

An entry names no patient. It commits, under a salt that is kept with the row's content, to all that could: erase the
content with its salt, and the entry tells nothing any more, while the tree stays whole.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from app.store.audit_log import AuditRecord, FindingRow
from app.store.packing import microseconds, pack
from app.store.vault import Changed, Vault
from app.trail.entry import SALT_SIZE, Kind, Sealed, commitment, new_salt

_encode = msgspec.json.Encoder().encode
_NOTHING_COMMITTED = b"changed"


class AuditBody(msgspec.Struct, frozen=True):
    """The entry of an audit; the names are those of app.trail.entry.Body."""

    kind: str
    at: str
    subject: str
    actor: str
    details: dict[str, str]
    private: str


def seal_audit(record: AuditRecord, kind: Kind = Kind.AUDIT) -> tuple[bytes, Sealed]:
    """What the row's content is, and the entry that commits to the row."""
    salt, packed = new_salt(), pack(record)
    private = commitment(salt, evidence(packed, record.encounter, record.request_digest, record.findings))
    at = record.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
    details = {
        "facility": record.facility,
        "stage": str(record.stage),
        "decision": str(record.decision),
        "ruleset": record.ruleset,
    }
    body = _encode(AuditBody(kind, at, record.id, record.caller, details, private))
    return salt + packed, Sealed(kind, record.id, microseconds(record.recorded_at), body)


def evidence(packed: bytes, encounter: str, request_digest: bytes, findings: Sequence[FindingRow]) -> bytes:
    """Everything of an audit's rows that the entry itself does not say, in one row of bytes."""
    rows = [(*one[:7], int(one[7]), *one[8:]) for one in findings]
    return b"\x00".join((packed, request_digest, encounter.encode(), _encode(rows)))


def parted(content: bytes) -> tuple[bytes, bytes]:
    """Salt and packed content of an audit's row; both blank where it was erased."""
    return content[:SALT_SIZE], content[SALT_SIZE:]


def sealed_private(vault: Vault, seq: int, entry: Sealed) -> tuple[int, bytes, bytes]:
    """The row of an entry's private part: encrypted together with its salt, without which little can be guessed."""
    if vault.ring is None:
        return seq, entry.salt, entry.private
    return seq, b"", vault.seal("trail_private", (seq,), entry.salt + entry.private)


def opened_private(vault: Vault, seq: int, salt: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Salt and private part; what was changed is such that no entry commits to it. Raises CannotOpen without a key."""
    if salt:
        return salt, content
    try:
        return parted(vault.open("trail_private", (seq,), content))
    except Changed:
        return _NOTHING_COMMITTED, b""


def moment(microseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(microseconds_since_1970 / 1_000_000, UTC)
