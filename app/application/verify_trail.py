"""Verify the trail (验证存证): every entry, every checkpoint, and every row that an entry commits to.

Whoever can write to the database can change anything in it, but not what was signed: a change shows as a hash that does
not fit, a row without entry, an entry without row, or a root that was never signed. Who can also sign is found out by a
witness, or by any older checkpoint that somebody kept (`against`).
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec

from app.application.read_trail import TrailReader
from app.application.verify_reviews import check_reviews
from app.application.verify_rows import (
    Withdrawal,
    check_audits,
    check_counts,
    check_dispositions,
    check_others,
    check_withdrawals,
    check_withdrawn_rows,
)
from app.store.packing import microseconds
from app.store.trail import StoredCheckpoint, StoredEntry, TrailStore
from app.store.trail_effects import TrailEffects
from app.trail.entry import Body, Kind, read_body
from app.trail.note import BadNote, Checkpoint, Verifier, read_checkpoint, read_note, verified_by
from app.trail.tree import Peaks

_PAGE = 1_000


class Fault(NamedTuple):
    """What does not hold; `entry` is None where it is about no entry in particular."""

    entry: int | None
    what: str


class Verified(NamedTuple):
    """`size` entries were looked at, `checkpoints` signed roots reached; sound where there are no faults."""

    size: int
    checkpoints: int
    faults: tuple[Fault, ...]

    @property
    def is_sound(self) -> bool:
        return not self.faults


class TrailVerifier:
    def __init__(self, store: TrailStore, effects: TrailEffects, keys: Sequence[Verifier]) -> None:
        """`keys` are the log's own, from where no database administrator can change them."""
        self._store, self._effects, self._keys = store, effects, tuple(keys)

    async def verify(self, *, since: int = 0, against: Sequence[Checkpoint] = (), most_faults: int = 100) -> Verified:
        """Look at everything from entry `since` on; at the whole where that is 0. At most so many faults are told.

        `against`: checkpoints that were kept elsewhere and that this log must still lead to.
        """
        walk = _Walk(self._store, self._effects, self._keys, since)
        faults: list[Fault] = []
        async for fault in walk.faults(against):
            faults.append(fault)
            if len(faults) >= most_faults:
                break
        return Verified(walk.size - since, walk.checkpoints, tuple(faults))


class _Walk:
    def __init__(self, store: TrailStore, effects: TrailEffects, keys: tuple[Verifier, ...], since: int) -> None:
        self._store, self._effects, self._keys, self._since = store, effects, keys, since
        self.size = since
        self.checkpoints = 0
        self._kinds: Counter[str] = Counter()
        self._withdrawn: Counter[Withdrawal] = Counter()
        self._peaks = Peaks()
        self._before = 0  # audits that are older than the trail
        self._kept: dict[int, Checkpoint] = {}
        self._upcoming: StoredCheckpoint | None = None

    async def faults(self, against: Sequence[Checkpoint]) -> AsyncIterator[Fault]:
        self._kept = {one.size: one for one in against}
        try:
            self._peaks = await TrailReader(self._store).computed(lambda tree: tree.peaks(self._since))
        except ValueError as error:
            yield Fault(None, f"the entries before {self._since} are not all there: {error}")
            return
        if self._since:
            self._kinds[Kind.DISPOSITION] = await self._store.count(Kind.DISPOSITION, self._since)
        self._upcoming = await self._store.checkpoint(at_least=self._since + 1)
        while page := await self._store.entries(self.size, _PAGE):
            for one in page:
                async for fault in self._step(one):
                    yield fault
                if one.seq >= self.size:
                    return  # what is missing was told; nothing after it can be placed
            async for fault in self._rows(page):
                yield fault
        async for fault in self._end():
            yield fault

    async def _step(self, one: StoredEntry) -> AsyncIterator[Fault]:
        async for fault in self._entry(one):
            yield fault
        if one.seq != self.size:
            return
        self._peaks.append(sha256(b"\x00" + one.body).digest())
        self.size += 1
        kept = self._kept.pop(self.size, None)
        if kept is not None and kept.root != self._peaks.root():
            yield Fault(one.seq, f"the log does not lead to the checkpoint of size {kept.size} that was kept elsewhere")
        if self._upcoming is not None and self._upcoming.size == self.size:
            async for fault in self._checkpoint(self._upcoming):
                yield fault
            self._upcoming = await self._store.checkpoint(at_least=self.size + 1)

    async def _end(self) -> AsyncIterator[Fault]:
        if self._upcoming is not None:
            yield Fault(None, f"a checkpoint was signed over {self._upcoming.size} entries, and there are {self.size}")
        for kept in self._kept.values():
            if kept.size > self.size:
                yield Fault(None, f"a checkpoint kept elsewhere has {kept.size} entries, and there are {self.size}")
        if not self._since:
            async for what in check_withdrawn_rows(self._effects, self._withdrawn):
                yield Fault(None, what)
            async for what in check_counts(self._effects, self._before):
                yield Fault(None, what)

    async def _entry(self, one: StoredEntry) -> AsyncIterator[Fault]:
        if one.seq != self.size:
            yield Fault(self.size, f"entries {self.size} to {one.seq - 1} are missing")
            return
        if one.leaf != sha256(b"\x00" + one.body).digest():
            yield Fault(one.seq, "the bytes of the entry are not those that were hashed")
        body = told_by(one)
        if body is None or (body.kind, body.subject, microseconds(body.at)) != (one.kind, one.subject, one.at):
            yield Fault(one.seq, "kind, subject or time are not those of the entry")
            return
        self._kinds[one.kind] += 1
        if one.kind == Kind.TRAIL_STARTED:
            self._before = int(body.details.get("audits_before") or 0)
            if one.seq != 0:
                yield Fault(one.seq, "the trail begins a second time")

    async def _checkpoint(self, one: StoredCheckpoint) -> AsyncIterator[Fault]:
        try:
            note = read_note(one.note)
            signed, told = verified_by(note, self._keys), read_checkpoint(note.text)
        except BadNote as error:
            yield Fault(None, f"the checkpoint of size {one.size}: {error}")
            return
        if not signed:
            yield Fault(None, f"the checkpoint of size {one.size} is not signed by a key that is known")
        if (told.size, told.root) != (one.size, self._peaks.root()) or one.root != told.root:
            yield Fault(None, f"the entries do not lead to the root signed at size {one.size}: they were changed")
        self.checkpoints += 1

    async def _rows(self, page: list[StoredEntry]) -> AsyncIterator[Fault]:
        """What the page's entries commit to."""
        bodies = [(one, body) for one in page if (body := told_by(one)) is not None]
        async for seq, what in check_audits(self._effects, self._store, bodies):
            yield Fault(seq, what)
        async for seq, what in check_dispositions(self._effects, self._store, bodies, self._kinds):
            yield Fault(seq, what)
        async for seq, what in check_withdrawals(self._store, bodies, self._withdrawn):
            yield Fault(seq, what)
        async for seq, what in check_reviews(self._effects, self._store, bodies):
            yield Fault(seq, what)
        async for seq, what in check_others(self._effects, bodies):
            yield Fault(seq, what)


def told_by(one: StoredEntry) -> Body | None:
    try:
        return read_body(one.body)
    except msgspec.MsgspecError:
        return None
