"""Checking proofs (证明验证), after RFC 9162 sections 2.1.3.2 and 2.1.4.2: independent of how they are made."""

from collections.abc import Sequence

from app.trail.tree import EMPTY_ROOT, node_hash


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root of the tree of `size` entries in which this leaf stands at `index`; None for no such proof."""
    if not 0 <= index < size:
        return None
    number, last, found = index, size - 1, leaf
    for hash_ in proof:
        if last == 0:
            return None
        if number & 1 or number == last:
            found = node_hash(hash_, found)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            found = node_hash(found, hash_)
        number >>= 1
        last >>= 1
    return found if last == 0 else None


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    return root_of_inclusion(leaf, index, size, proof) == root


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `size` entries only appended to the tree of `old` entries."""
    if not 0 <= old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    first, second = old - 1, size - 1
    while first & 1:
        first >>= 1
        second >>= 1
    found_old = found = path[0]
    for hash_ in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            found_old, found = node_hash(hash_, found_old), node_hash(hash_, found)
            while not first & 1 and first:
                first >>= 1
                second >>= 1
        else:
            found = node_hash(found, hash_)
        first >>= 1
        second >>= 1
    return second == 0 and found_old == old_root and found == root
