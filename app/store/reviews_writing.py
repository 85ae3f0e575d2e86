"""Writes reviews (复核写入), in either database: the change, its step, what it does to the sums, and the trail's entry,
all or nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import insert

from app.domain.access import EVERYWHERE, Scope
from app.domain.review import Review
from app.store.acts import Act, Step
from app.store.audit_log import NotRecorded
from app.store.notices import rows_of
from app.store.packing import microseconds
from app.store.review_counts import appeal_changes
from app.store.review_counts import changes as count_changes
from app.store.review_rows import StoredReview, content_of, review_entry, row_of, step_row
from app.store.review_search import SeqAmong
from app.store.review_statements import Outdated, Statement, Statements, lookups_of
from app.store.review_tables import review_attachments
from app.store.reviews import LARGEST_ATTACHMENT, Attachment, Change, LostUpdate
from app.store.reviews_query import Ask, ReviewsQuery
from app.store.vault import Vault
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

# Does all of them in one transaction, with the entries, durably. Raises Outdated, or NotRecorded.
Run = Callable[[Sequence[Statement], Sequence[Sealed]], Awaitable[None]]

_ATTEMPTS = 8
_OF_AUDITS = (
    "first_found_at", "last_found_at", "times_found", "last_audit", "last_audit_seq", "amount_cents", "stage",
    "severity", "rule_version", "title", "message", "doctor_answer", "is_trial",
)  # fmt: skip


class StoredReviews(ReviewsQuery):
    def __init__(self, ask: Ask, run: Run, act: Act, statements: Statements, seq_among: SeqAmong, vault: Vault) -> None:
        super().__init__(ask, seq_among, vault)
        self._run, self._act, self._statements = run, act, statements
        self._known: set[tuple[Any, ...]] = set()  # kinds, topics and places that are stored

    async def save(self, changes: Sequence[Change], scope: Scope) -> None:
        """Raises LostUpdate, LookupError, NotRecorded."""
        if len({one.review.id for one in changes}) < len(changes):
            raise ValueError("a review can be changed once at a time")
        more = [self._statements.put_steps([step_row(one.step, self._vault) for one in changes])]
        if sums := appeal_changes(changes):
            more.append(self._statements.add_counts(sums))
        entries = [review_entry(one.step) for one in changes]
        for _ in range(_ATTEMPTS):
            pairs = await self._current(changes, scope)
            try:
                await self.store(pairs, more, entries)
            except Outdated:
                continue  # it was found again meanwhile, or somebody else was quicker: look
            return
        raise NotRecorded("the reviews were changed again and again")

    async def _current(self, changes: Sequence[Change], scope: Scope) -> list[tuple[StoredReview | None, Review]]:
        """Each as it is stored, and as it will be: audits go on finding it while staff decide."""
        found = await self.stored([one.review.id for one in changes], scope)
        if missing := [one.review.id for one in changes if one.review.id not in found]:
            raise LookupError(missing[0])
        lost = [one.review.id for one in changes if found[one.review.id].review.version != one.review.version - 1]
        if lost:
            raise LostUpdate(lost)
        return [(found[one.review.id], _with_sightings(one.review, found[one.review.id].review)) for one in changes]

    async def store(
        self,
        pairs: Sequence[tuple[StoredReview | None, Review]],
        more: Sequence[Statement],
        entries: Sequence[Sealed],
        first: Sequence[Statement] = (),
    ) -> None:
        """Each second review in the place of the first; None: it is new. Raises Outdated, NotRecorded."""
        rows = [row_of(after, 1 if before is None else before.touched + 1) for before, after in pairs]
        contents = [{"id": after.id, "content": content_of(after)} for _, after in pairs]
        changes = [(None if before is None else before.review, after) for before, after in pairs]
        sums, notices = count_changes(changes), self._statements.queue_notices(rows_of(changes))
        new, told = self._statements, lookups_of(rows) - self._known
        statements = [new.put_reviews(rows), new.put_contents(contents), new.add_counts(sums)] if rows else []
        await self._run([*first, *statements, *new.put_lookups(told), *more, *notices], entries)
        self._known |= told

    async def attach(self, attachment: Attachment, content: bytes, scope: Scope) -> None:
        """Raises LookupError, ValueError, NotRecorded."""
        if len(content) > LARGEST_ATTACHMENT or len(content) != attachment.size:
            raise ValueError(f"an attachment has {LARGEST_ATTACHMENT} bytes at most")
        if sha256(content).digest() != attachment.digest:
            raise ValueError("the digest is not that of the content")
        if attachment.review not in await self.get([attachment.review], scope):
            raise LookupError(attachment.review)
        row = insert(review_attachments).values(
            id=attachment.id,
            review=attachment.review,
            recorded_at=microseconds(attachment.at),
            actor=attachment.by,
            type=attachment.type,
            size=attachment.size,
            digest=attachment.digest,
            name=self._vault.seal_text("review_attachments", (attachment.id,), attachment.name),
            content=self._vault.seal("review_attachments", (attachment.id,), content),
        )
        await self._act([Step(row)], [_attached(attachment)])

    async def everywhere(self, test: Any) -> dict[str, StoredReview]:
        return await self.found(test, EVERYWHERE)


def _attached(one: Attachment) -> Sealed:
    """Its name may name somebody: that is committed to, not told."""
    details: Details = {"attachment": one.id, "type": one.type, "size": one.size, "digest": one.digest.hex()}
    private = msgspec.json.encode(one.name)
    return seal(
        TrailEntry(kind=Kind.REVIEWED, subject=one.review, at=one.at, actor=one.by, details=details, private=private)
    )


def _with_sightings(decided: Review, stored: Review) -> Review:
    return replace(decided, **{name: getattr(stored, name) for name in _OF_AUDITS})
