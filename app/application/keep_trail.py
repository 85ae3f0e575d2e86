"""Keep the trail (维护存证): sign checkpoints over what was appended, in time, and have witnesses cosign them.

A checkpoint is never signed unless the log as it stands still leads to the last one: whoever changed the past is told
on at the next checkpoint, and no further one is signed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from app.application.read_trail import TrailReader
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.trail import Advance, StoredCheckpoint, TrailStore
from app.trail.entry import Details, Kind, TrailEntry, seal
from app.trail.note import Checkpoint, Note, Signature, Signer, read_note, sign
from app.trail.tree import TILE_HEIGHT, TILE_WIDTH, fold

log = logging.getLogger("mingjian")

MOST_ENTRIES = 1_000  # that may wait for a checkpoint
_MOST_SECONDS = 8.0  # that an entry may wait; the promise is ten
_LOOK_EVERY = 1.0


class Cosigning(Protocol):
    """A witness, over HTTP."""

    name: str

    async def cosign(self, note: Note, prove: "Prove") -> Signature | None:
        """Its signature under this checkpoint; None where it does not answer or refuses, which it logs."""
        ...


Prove = Callable[[int, int], Awaitable[list[bytes]]]  # the consistency proof between two sizes


class Inconsistent(Exception):
    """The log does not lead to its last checkpoint any more: the past was changed."""


class TrailKeeper:
    """`broken` tells, where it is not blank, why nothing is signed any more."""

    def __init__(
        self,
        store: TrailStore,
        origin: str,
        signers: Sequence[Signer],
        witnesses: Sequence[Cosigning] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._origin, self._signers, self._witnesses = store, origin, tuple(signers), tuple(witnesses)
        self._now, self._reader = now, TrailReader(store)
        self._waiting_since: float | None = None
        self._lock = asyncio.Lock()
        self.broken = ""

    async def open(self, audits_before: int = 0, configuration: Details | None = None) -> None:
        """Begin the trail where there is none; say which keys sign, where that is new, and how all is set up."""
        entries = []
        if await self._store.size() == 0:
            details: Details = {"origin": self._origin, "audits_before": audits_before}
            entries.append(TrailEntry(kind=Kind.TRAIL_STARTED, subject=self._origin, at=self._now(), details=details))
        for signer in self._signers:
            key = getattr(signer, "verifier_key", "")
            subject = f"{signer.name}+{signer.key_id.hex()}"
            if not await self._store.find(subject):
                details = {"key": key}
                entries.append(TrailEntry(kind=Kind.KEY_USED, subject=subject, at=self._now(), details=details))
        if configuration:
            entries.append(TrailEntry(kind=Kind.CONFIGURED, subject="service", at=self._now(), details=configuration))
        if entries:
            await self._store.append([seal(one) for one in entries])

    async def follow(self) -> None:
        """Sign in time, for ever; call it as a task."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self.look(asyncio.get_running_loop().time())
            except (NotRecorded, Unavailable) as error:
                log.warning("no checkpoint now: %s", error)
            except Exception:
                log.exception("no checkpoint now")

    async def close(self) -> None:
        """Sign what is not signed yet."""
        try:
            await self.checkpoint()
        except Exception:  # whatever it is, the service goes on to close; the next start signs
            log.exception("no last checkpoint")

    async def look(self, clock: float) -> StoredCheckpoint | None:
        """Sign where it is time to; `clock` are seconds that never go back."""
        size, latest = await self._store.size(), await self._store.checkpoint()
        waiting = size - (0 if latest is None else latest.size)
        if not waiting:
            self._waiting_since = None
            return None
        if self._waiting_since is None:
            self._waiting_since = clock
        if waiting < MOST_ENTRIES and clock - self._waiting_since < _MOST_SECONDS - _LOOK_EVERY:
            return None
        return await self.checkpoint()

    async def checkpoint(self) -> StoredCheckpoint | None:
        """Sign what there is now; None where nothing was added, or another worker has signed it.

        Raises NotRecorded or Unavailable. Where the past was changed nothing is signed, and `broken` says so.
        """
        async with self._lock:
            if self.broken:
                return None
            try:
                advance = await self._advance()
            except Inconsistent as error:
                self.broken = str(error)
                log.critical("the trail was tampered with: %s", error)
                return None
            if advance is None or not await self._store.advance(advance):
                return None
            self._waiting_since = None
        await self._have_cosigned(advance.checkpoint)
        return advance.checkpoint

    async def _advance(self) -> Advance | None:
        size, latest = await self._store.size(), await self._store.checkpoint()
        old = 0 if latest is None else latest.size
        if size < old:
            raise Inconsistent(f"it has {size} entries, and the last checkpoint was signed over {old}")
        if size == old:
            return None
        nodes = await self._new_nodes(old, size)
        known = {(height, number): hash_ for height, number, hash_ in nodes}
        try:
            before, root = await self._reader.computed(lambda tree: (tree.root(old), tree.root(size)), known)
        except ValueError as error:
            raise Inconsistent(str(error)) from error
        if latest is not None and before != latest.root:
            raise Inconsistent(f"its first {old} entries do not lead to the root that was signed over them")
        note = sign(Checkpoint(self._origin, size, root).encode(), self._signers)
        at = max(int(self._now().timestamp() * 1_000_000), 0 if latest is None else latest.at)
        return Advance(nodes, StoredCheckpoint(size, root, note.encode(), at))

    async def _new_nodes(self, old: int, size: int) -> list[tuple[int, int, bytes]]:
        """Hashes of the tiles that became full since the last checkpoint, level by level."""
        found: list[tuple[int, int, bytes]] = []
        made: dict[int, bytes] = {}
        height = 0
        while True:
            first, last = old >> (height + TILE_HEIGHT), size >> (height + TILE_HEIGHT)
            above: dict[int, bytes] = {}
            for number in range(first, last):
                start = number * TILE_WIDTH
                hashes = [made[one] for one in range(start, start + TILE_WIDTH) if one in made]
                if len(hashes) < TILE_WIDTH:
                    hashes = [*await self._store.hashes(height, start, TILE_WIDTH - len(hashes)), *hashes]
                if len(hashes) != TILE_WIDTH:
                    raise Inconsistent(f"entries below {(number + 1) << (height + TILE_HEIGHT)} are missing")
                above[number] = fold(hashes)
            if not above:
                return found
            height += TILE_HEIGHT
            found += [(height, number, hash_) for number, hash_ in above.items()]
            made = above

    async def _have_cosigned(self, checkpoint: StoredCheckpoint) -> None:
        if not self._witnesses:
            return
        note = read_note(checkpoint.note)
        answers = await asyncio.gather(*[one.cosign(note, self._prove) for one in self._witnesses])
        signatures = (*note.signatures, *[one for one in answers if one is not None])
        if len(signatures) > len(note.signatures):
            await self._store.cosigned(checkpoint.size, Note(note.text, signatures).encode())

    async def _prove(self, old: int, size: int) -> list[bytes]:
        return await self._reader.consistency_proof(old, size)
