"""The trail in the store (存证存储): entries that are only ever added, the hashes over them, and signed checkpoints.

An entry is appended in the transaction of what it tells of. Numbers have no gaps, whoever writes.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.trail.entry import Sealed


class StoredEntry(NamedTuple):
    """`seq` is its place in the tree, the first being 0; `leaf` its hash as it was stored."""

    seq: int
    kind: str
    subject: str
    at: int  # microseconds since 1970, as in the body
    body: bytes
    leaf: bytes


class StoredCheckpoint(NamedTuple):
    """`note` is the signed note with every signature line that came in so far."""

    size: int
    root: bytes
    note: str
    at: int  # microseconds since 1970


class Advance(NamedTuple):
    """What a new checkpoint adds: hashes of complete subtrees (height, number, hash), and itself."""

    nodes: list[tuple[int, int, bytes]]
    checkpoint: StoredCheckpoint


class TrailStore(Protocol):
    async def append(self, entries: Sequence[Sealed]) -> None:
        """All or none, durably, one after the other. Raises NotRecorded."""
        ...

    async def size(self) -> int: ...

    async def entries(self, first: int, count: int) -> list[StoredEntry]: ...

    async def find(self, subject: str) -> list[StoredEntry]:
        """Every entry about the subject, in order."""
        ...

    async def count(self, kind: str, before: int) -> int:
        """How many entries of the kind there are before the one with this number."""
        ...

    async def private_of(self, seqs: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        """Salt and private part by the number of the entry; what was erased is absent."""
        ...

    async def hashes(self, height: int, first: int, count: int) -> list[bytes]:
        """Hashes of complete subtrees of that height (0: leaves, 8, 16, …), as far as they are kept."""
        ...

    async def checkpoint(self, at_least: int | None = None) -> StoredCheckpoint | None:
        """The latest, or the first whose size is at least that."""
        ...

    async def advance(self, advance: Advance) -> bool:
        """Keep a checkpoint; False where another worker has kept one of that size or larger. Raises NotRecorded."""
        ...

    async def cosigned(self, size: int, note: str) -> None:
        """The checkpoint's note has a signature line more. Raises NotRecorded."""
        ...
