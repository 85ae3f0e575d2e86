"""What other effects than audits leave in the trail (其他事项入链), the same whatever database keeps them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from app.domain.disposition import Disposition
from app.store.feeds import Load
from app.store.history import HistoryWrite
from app.store.rulesets import Move
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

_encode = msgspec.json.Encoder().encode


def disposition_entry(one: Disposition, *, is_known: bool, caller: str, at: datetime) -> Sealed:
    """Who acted and why may name people: it is committed to, not told."""
    private = _encode({"practitioner": one.practitioner, "reason": one.reason})
    details: Details = {"action": str(one.action), "is_known": is_known}
    return seal(
        TrailEntry(kind=Kind.DISPOSITION, subject=one.finding, at=at, actor=caller, details=details, private=private)
    )


def feed_entry(load: Load, seq: int) -> Sealed:
    details: Details = {"load": seq, "rows": load.row_count, "digest": load.digest.hex()}
    return seal(TrailEntry(kind=Kind.FEED_LOADED, subject=load.feed, at=load.at, actor=load.caller, details=details))


def import_entry(writes: Sequence[HistoryWrite]) -> Sealed:
    """One for all that is stored together; it commits to every byte of it."""
    details: Details = {"encounters": len(writes), "lines": sum(len(one.lines) for one in writes)}
    facilities = sorted({one.facility for one in writes})
    private = sha256(_encode(writes)).digest()
    subject = facilities[0] if len(facilities) == 1 else ""
    at = datetime.now(UTC)
    return seal(TrailEntry(kind=Kind.HISTORY_IMPORTED, subject=subject, at=at, details=details, private=private))


def withdrawal_entry(facility: str, encounter: str, line: str, *, caller: str, at: datetime) -> Sealed:
    private = _encode([encounter, line])
    return seal(TrailEntry(kind=Kind.LINE_WITHDRAWN, subject=facility, at=at, actor=caller, private=private))


def ruleset_entry(revision: str, mark: str, size: int, packed: bytes, *, caller: str, at: datetime) -> Sealed:
    """`packed` is the content as it is stored."""
    details: Details = {"format": mark, "size": size, "digest": sha256(packed).hexdigest()}
    return seal(TrailEntry(kind=Kind.RULESET_STORED, subject=revision, at=at, actor=caller, details=details))


def move_entry(one: Move) -> Sealed:
    details: Details = {"move": one.seq, "action": one.action, "reason": one.reason}
    return seal(TrailEntry(kind=Kind.RULESET_MOVED, subject=one.revision, at=one.at, actor=one.caller, details=details))
