"""Roots and proofs against pymerkle, which shares no code with ours, on thousands of random trees."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from app.trail.proof import is_consistent, is_included, root_of_inclusion
from app.trail.tree import EMPTY_ROOT, TILE_HEIGHT, Peaks, Tree, leaf_hash, node_hash

MOST = 1100


def entry(number: int) -> bytes:
    return f"entry {number}".encode()


def tiles(leaves: list[bytes]) -> dict[int, list[bytes]]:
    """The hashes of complete subtrees of height 0, 8, 16 made in the plainest way."""
    found, height = {0: leaves}, 0
    while len(found[height]) >= 256:
        row = found[height]
        for _ in range(TILE_HEIGHT):
            row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        height += TILE_HEIGHT
        found[height] = row
    return found


LEAVES = [leaf_hash(entry(number)) for number in range(MOST)]
TILES = tiles(LEAVES)
TREE = Tree(lambda height, first, count: TILES.get(height, [])[first : first + count])
ORACLE = InmemoryTree(algorithm="sha256")
for one in range(MOST):
    ORACLE.append_entry(entry(one))

sizes = st.integers(1, MOST)


@pytest.mark.parametrize(
    ("size", "root"),
    [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_the_known_roots_of_certificate_transparency(size: int, root: str) -> None:
    entries = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)),
               bytes(range(0x60, 0x70))]  # fmt: skip
    peaks = Peaks()
    for content in entries[:size]:
        peaks.append(leaf_hash(content))
    assert peaks.root().hex() == root


@given(sizes)
def test_roots_agree(size: int) -> None:
    peaks = Peaks()
    for leaf in LEAVES[:size]:
        peaks.append(leaf)
    assert peaks.root() == TREE.root(size) == ORACLE.get_root(size)
    assert TREE.peaks(size).hashes == peaks.hashes


@settings(max_examples=5_000)
@given(st.data())
def test_inclusion_proofs_agree(data: st.DataObject) -> None:
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    proof, root = TREE.inclusion_proof(index, size), TREE.root(size)
    assert is_included(LEAVES[index], index, size, proof, root)
    theirs = ORACLE.prove_inclusion(index + 1, size)
    verify_inclusion(LEAVES[index], root, theirs)
    assert [bytes.fromhex(one) for one in theirs.serialize()["path"]][1:] == proof
    wrong = data.draw(st.integers(0, size))
    assert wrong == index or not is_included(LEAVES[index], wrong, size, proof, root)
    if proof:
        assert not is_included(LEAVES[index], index, size, proof[:-1], root)
        assert not is_included(LEAVES[index], index, size, [*proof, EMPTY_ROOT], root)
        broken = [sha256(one).digest() if at == len(proof) // 2 else one for at, one in enumerate(proof)]
        assert not is_included(LEAVES[index], index, size, broken, root)


@settings(max_examples=5_000)
@given(st.data())
def test_consistency_proofs_agree(data: st.DataObject) -> None:
    size = data.draw(sizes)
    old = data.draw(st.integers(1, size))
    proof, old_root, root = TREE.consistency_proof(old, size), TREE.root(old), TREE.root(size)
    assert is_consistent(old, old_root, size, root, proof)
    verify_consistency(old_root, root, ORACLE.prove_consistency(old, size))
    forged = sha256(old_root).digest()
    assert not is_consistent(old, forged, size, root, proof)
    assert not is_consistent(old, old_root, size, forged, proof)
    if proof:
        assert not is_consistent(old, old_root, size, root, proof[:-1])
        assert not is_consistent(old, old_root, size, root, [*proof, root])


def test_the_empty_tree_is_part_of_any() -> None:
    assert TREE.root(0) == EMPTY_ROOT
    assert TREE.consistency_proof(0, 9) == []
    assert is_consistent(0, EMPTY_ROOT, 9, TREE.root(9), [])
    assert not is_consistent(0, TREE.root(1), 9, TREE.root(9), [])
    assert not is_consistent(9, TREE.root(9), 8, TREE.root(8), [])


def test_what_a_tree_does_not_have() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="has no entry"):
            TREE.inclusion_proof(index, size)
        assert root_of_inclusion(LEAVES[0], index, size, []) is None
    with pytest.raises(ValueError, match="does not extend"):
        TREE.consistency_proof(6, 5)
    with pytest.raises(ValueError, match="not all there"):
        TREE.root(MOST + 1)
    with pytest.raises(ValueError, match="peaks"):
        Peaks(3, [EMPTY_ROOT])
