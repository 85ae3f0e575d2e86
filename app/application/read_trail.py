"""Read the trail (查询存证): checkpoints, entries and proofs, made from the hashes that are kept."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from app.store.trail import StoredCheckpoint, StoredEntry, TrailStore
from app.trail.proof_file import ProofFile
from app.trail.tree import Tree

T = TypeVar("T")
Place = tuple[int, int, int]  # height, first, count


class NotYet(LookupError):
    """There is no checkpoint over that entry yet, or no such entry; the text says which."""


class _Missing(Exception):
    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class TrailReader:
    def __init__(self, store: TrailStore) -> None:
        self._store = store

    async def computed(self, make: Callable[[Tree], T], known: Mapping[tuple[int, int], bytes] | None = None) -> T:
        """What `make` gets out of the tree, whose hashes are fetched as they are asked for; it may be called often.

        `known` are hashes by height and number that are not kept yet. Raises what `make` raises, and ValueError where
        hashes are not there.
        """
        fetched: dict[Place, list[bytes]] = {}
        new = known or {}

        def read(height: int, first: int, count: int) -> list[bytes]:
            place = (height, first, count)
            if all((height, number) in new for number in range(first, first + count)):
                return [new[height, number] for number in range(first, first + count)]
            if place not in fetched:
                raise _Missing(place)
            stored = fetched[place]
            return stored + [
                new[height, number] for number in range(first + len(stored), first + count) if (height, number) in new
            ]

        while True:
            try:
                return make(Tree(read))
            except _Missing as missing:
                fetched[missing.place] = await self._store.hashes(*missing.place)

    async def inclusion_proof(self, seq: int, size: int) -> list[bytes]:
        """Raises ValueError for an entry that a tree of this size does not have."""
        return await self.computed(lambda tree: tree.inclusion_proof(seq, size))

    async def consistency_proof(self, old: int, size: int) -> list[bytes]:
        return await self.computed(lambda tree: tree.consistency_proof(old, size))

    async def proof_file(self, seq: int) -> ProofFile:
        """The entry with its proof under the first checkpoint over it. Raises NotYet."""
        found = await self._store.entries(seq, 1)
        if not found or found[0].seq != seq:
            raise NotYet(f"there is no entry {seq}")
        checkpoint = await self._store.checkpoint(at_least=seq + 1)
        if checkpoint is None:
            raise NotYet(f"entry {seq} waits for its checkpoint; ask again in ten seconds")
        hashes = await self.inclusion_proof(seq, checkpoint.size)
        return ProofFile(found[0].body, seq, tuple(hashes), checkpoint.note)

    async def entry(self, seq: int) -> StoredEntry | None:
        found = await self._store.entries(seq, 1)
        return found[0] if found and found[0].seq == seq else None

    async def about(self, subject: str) -> list[StoredEntry]:
        return await self._store.find(subject)

    async def checkpoint(self) -> StoredCheckpoint | None:
        return await self._store.checkpoint()
