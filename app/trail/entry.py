"""Entries (存证条目): what happened, when, to what; its exact bytes are what is hashed and kept.

Whatever identifies a person is not in the entry: the entry commits to it by a salted hash, and it lives where it can be
erased. Without its salt the hash tells nothing, and the tree stays whole.
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

SALT_SIZE = 16


class Kind(StrEnum):
    TRAIL_STARTED = "trail.started"
    KEY_USED = "trail.key_used"  # a checkpoint key is used for the first time
    AUDIT = "audit"
    AUDIT_COMPLETED = "audit.completed"  # stored already, and then answered otherwise than stored
    DISPOSITION = "disposition"
    HISTORY_IMPORTED = "history.imported"
    LINE_WITHDRAWN = "history.withdrawn"
    FEED_LOADED = "feed.loaded"
    RULESET_STORED = "ruleset.stored"
    RULESET_MOVED = "ruleset.moved"
    CONFIGURED = "configuration"
    DEGRADED = "degraded"  # a window opens or closes
    ERASED = "erased"
    EXPORTED = "exported"
    BACKED_UP = "backup.made"
    RESTORED = "backup.restored"
    UNMASKED = "unmasked"
    READ = "read"
    SIGNED_IN = "signed_in"
    REVIEWED = "reviewed"
    RIGHTS_CHANGED = "rights.changed"
    KEY_CHANGED = "key.changed"


Details = Mapping[str, str | int | bool | None]


class TrailEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` is the id of what it is about; `details` name nobody. `private` is committed to, and kept apart."""

    kind: Kind
    subject: str
    at: datetime
    actor: str = ""
    details: Details = {}
    private: bytes = b""


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """An entry as it is kept: `body` is hashed as it is; `salt` goes where the private part goes."""

    kind: str
    subject: str
    at: int  # microseconds since 1970
    body: bytes
    salt: bytes = b""
    private: bytes = b""


_encode = msgspec.json.Encoder().encode


def commitment(salt: bytes, private: bytes) -> str:
    """HMAC-SHA-256 of what is private, under its salt, as hex."""
    return hmac.digest(salt, private, "sha256").hex()


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_SIZE)


def seal(entry: TrailEntry) -> Sealed:
    salt = new_salt() if entry.private else b""
    body: dict[str, object] = {"kind": entry.kind, "at": _moment(entry.at), "subject": entry.subject}
    if entry.actor:
        body["actor"] = entry.actor
    if entry.details:
        body["details"] = entry.details
    if entry.private:
        body["private"] = commitment(salt, entry.private)
    at = int(entry.at.timestamp() * 1_000_000)
    return Sealed(entry.kind, entry.subject, at, _encode(body), salt, entry.private)


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Body(msgspec.Struct, frozen=True):
    """What an entry's bytes say."""

    kind: str
    at: datetime
    subject: str
    actor: str = ""
    details: dict[str, str | int | bool | None] = {}
    private: str = ""


read_body = msgspec.json.Decoder(Body).decode
