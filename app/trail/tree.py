"""Merkle tree (默克尔树) over the entries of the trail, as RFC 6962 section 2.1 defines it, with SHA-256.

Kept as tiles (C2SP tlog-tiles): the hashes of complete subtrees of height 0, 8, 16, …; all others are made from those
when they are asked for.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from hashlib import sha256

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256(b"").digest()

ReadHashes = Callable[[int, int, int], Sequence[bytes]]
# (height, first, count): hashes of complete subtrees of that height, a multiple of TILE_HEIGHT; 0 are the leaves


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes of neighbouring complete subtrees of one height; their number is a power of two."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


class Peaks:
    """The roots of the complete subtrees that make up a tree, the largest first: all that appending needs."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Raises ValueError where the number of hashes is not that of a tree of this size."""
        self.size, self.hashes = size, list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} entries has {size.bit_count()} peaks, not {len(self.hashes)}")

    def append(self, leaf: bytes) -> None:
        """`leaf` is the leaf hash of the next entry."""
        full = self.size
        while full & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            full >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.hashes))


class Tree:
    """Roots and proofs of any size up to what is kept, read tile by tile; nothing is kept between two questions."""

    def __init__(self, read: ReadHashes) -> None:
        self._read = read

    def peaks(self, size: int) -> Peaks:
        found, start = [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                found.append(self._complete(height, start >> height))
                start += 1 << height
        return Peaks(size, found)

    def root(self, size: int) -> bytes:
        return self.peaks(size).root()

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """RFC 6962 section 2.1.1. Raises ValueError for an entry that a tree of this size does not have."""
        if not 0 <= index < size:
            raise ValueError(f"a tree of {size} entries has no entry {index}")
        proof, start, end = [], 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start = middle
        return proof[::-1]

    def consistency_proof(self, old: int, size: int) -> list[bytes]:
        """RFC 6962 section 2.1.2; empty for equal sizes, and for the empty tree, which is part of any."""
        if not 0 <= old <= size:
            raise ValueError(f"a tree of {size} entries does not extend one of {old}")
        if old in (0, size):
            return []
        proof, start, end, is_whole = [], 0, size, True
        while old < end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start, is_whole = middle, False
        if not is_whole:
            proof.append(self._range(start, end))
        return proof[::-1]

    def _range(self, start: int, end: int) -> bytes:
        """The root over the entries from `start` to before `end`; `start` is a multiple of the next power of two."""
        count = end - start
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._complete(height, start >> height)
        middle = start + _split(count)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _complete(self, height: int, number: int) -> bytes:
        """The root of the complete subtree of this height with this number, the first being 0."""
        tile = height // TILE_HEIGHT * TILE_HEIGHT
        count = 1 << (height - tile)
        hashes = self._read(tile, number * count, count)
        if len(hashes) != count:
            raise ValueError(f"the hashes of height {tile} from {number * count} on are not all there")
        return fold(hashes)


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)
