"""What the trail's entries tell of (存证所指的记录): rows as they stand, to be held against what was committed to."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.store.audit_log import FindingRow


class AuditRow(NamedTuple):
    """An audit's row with its findings; `content` is blank where it was erased."""

    id: str
    recorded_at: int
    caller: str
    facility: str
    encounter: str
    stage: str
    decision: str
    ruleset: str
    request_digest: bytes
    content: bytes
    findings: tuple[FindingRow, ...]


class DispositionRow(NamedTuple):
    finding: str
    is_known: bool
    recorded_at: int
    caller: str
    practitioner: str
    action: str
    reason: str


class StepRow(NamedTuple):
    """`content` is JSON: what of a step has no column."""

    review: str
    number: int
    recorded_at: int
    actor: str
    action: str
    comment: str
    content: str


class AttachmentRow(NamedTuple):
    """Without its content, which is large."""

    id: str
    review: str
    recorded_at: int
    actor: str
    type: str
    size: int
    digest: bytes
    name: str


class Counts(NamedTuple):
    """How many there are of each: of rows, or of entries that tell of such rows. Reviewed: steps and attachments."""

    audits: int
    dispositions: int
    withdrawals: int
    feed_loads: int
    rulesets: int
    ruleset_moves: int
    reviewed: int


class TrailEffects(Protocol):
    async def audits(self, ids: Sequence[str]) -> dict[str, AuditRow]: ...

    async def dispositions(self, first: int, count: int) -> list[DispositionRow]:
        """In the order in which they were stored."""
        ...

    async def moves(self) -> list[tuple[int, str, str, str, str, int]]:
        """seq, revision, action, caller, reason, recorded_at of every ruleset move."""
        ...

    async def loads(self) -> list[tuple[int, str, int, str, bytes, int]]:
        """seq, feed, recorded_at, caller, digest, row_count of every feed load."""
        ...

    async def rulesets(self) -> list[tuple[str, str, int, int, str, bytes]]:
        """revision, format, size, stored_at, stored_by, content of every stored ruleset."""
        ...

    async def withdrawals(self) -> list[tuple[str, str, str, str, int]]:
        """facility, encounter, line, caller, recorded_at of every withdrawal."""
        ...

    async def review_steps(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], StepRow]:
        """By review and number; there may be others among them."""
        ...

    async def review_attachments(self, ids: Sequence[str]) -> dict[str, AttachmentRow]: ...

    async def attached(self, attachment: str) -> bytes:
        """Its content; blank where it was erased, or there is none."""
        ...

    async def counts(self) -> tuple[Counts, Counts, int]:
        """Rows, the entries about them, and findings without an audit: all at one moment, whoever writes meanwhile."""
        ...
