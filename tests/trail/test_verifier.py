"""The stand-alone verifier: run as a file of its own, it agrees with the rest, and refuses what was touched."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.trail import verifier
from app.trail.keys import Ed25519Signer
from app.trail.note import BadNote, Checkpoint, sign
from app.trail.proof_file import ProofFile, read_proof_file
from app.trail.tiles import LONGEST_ENTRY, TileWriter, tile_name
from app.trail.tree import Peaks, leaf_hash
from tests.trail.test_tree import LEAVES, MOST, TREE, entry

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
KEY = SIGNER.verifier_key


def proof_of(index: int, size: int) -> ProofFile:
    note = sign(Checkpoint(SIGNER.name, size, TREE.root(size)).encode(), [SIGNER])
    return ProofFile(entry(index), index, tuple(TREE.inclusion_proof(index, size)), note.encode())


def export(folder: Path, size: int) -> None:
    tiles = TileWriter(folder)
    tiles.add(entry(number) for number in range(size))
    tiles.finish()
    note = sign(Checkpoint(SIGNER.name, size, TREE.root(size)).encode(), [SIGNER])
    (folder / "checkpoint").write_text(note.encode(), "utf-8")


def run(path: Path, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """As an inspector runs it: the file alone, in a Python that sees nothing else of ours."""
    file = path.parent / "verifier.py"
    shutil.copy(Path(verifier.__file__), file)
    return subprocess.run([sys.executable, "-I", "-S", file, path, key], capture_output=True, text=True, check=False)


def test_it_is_short_and_stands_alone() -> None:
    source = Path(verifier.__file__).read_text("utf-8")
    assert len(source.splitlines()) <= 150
    assert "from app" not in source


@settings(max_examples=300)
@given(st.data())
def test_proofs_of_random_trees(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    proof = proof_of(index, size)
    assert read_proof_file(proof.encode()) == proof
    assert verifier.verify_proof(proof.encode(), KEY) == (index, entry(index), size)


@pytest.mark.parametrize("touch", [
    lambda one: one._replace(entry=one.entry + b"!"),
    lambda one: one._replace(number=one.number + 1),
    lambda one: one._replace(number=5000),
    lambda one: one._replace(hashes=one.hashes[:-1]),
    lambda one: one._replace(hashes=(*one.hashes, one.hashes[0])),
    lambda one: one._replace(hashes=one.hashes[::-1]),
    lambda one: one._replace(checkpoint=one.checkpoint.replace("\n700\n", "\n701\n")),
    lambda one: one._replace(checkpoint=one.checkpoint.replace("hospital-1 ", "hospital-2 ")),
    lambda one: one._replace(checkpoint=one.checkpoint[:-9] + "AAAAAA==\n"),
])  # fmt: skip
def test_a_touched_proof_is_refused(touch: object) -> None:
    touched = touch(proof_of(300, 700))  # type: ignore[operator]
    with pytest.raises((verifier.Refused, ValueError)):
        verifier.verify_proof(touched.encode(), KEY)


def test_another_key_is_refused() -> None:
    with pytest.raises(verifier.Refused, match="not signed by this key"):
        verifier.verify_proof(proof_of(3, 9).encode(), Ed25519Signer(SIGNER.name, bytes(32)).verifier_key)
    with pytest.raises(verifier.Refused, match="copied whole"):
        verifier.verify_proof(proof_of(3, 9).encode(), KEY.replace("hospital-1+", "hospital-9+"))


def test_run_as_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "one.tlog-proof").write_text(proof_of(7, 300).encode(), "utf-8")
    done = run(tmp_path / "one.tlog-proof")
    assert done.stdout == "OK: entry 7 of the signed log of 300 entries:\nentry 7\n"
    (tmp_path / "one.tlog-proof").write_text(proof_of(7, 300)._replace(entry=b"entry 8").encode(), "utf-8")
    done = run(tmp_path / "one.tlog-proof")
    assert done.returncode == 1
    assert done.stderr.startswith("REFUSED: the entry does not lead to the root")


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1024, MOST])
def test_an_export_is_checked_whole(tmp_path: Path, size: int) -> None:
    export(tmp_path / "log", size)
    assert run(tmp_path / "log").stdout == f"OK: all {size} entries lead to the signed root\n"


def test_a_touched_export_is_refused(tmp_path: Path) -> None:
    random = Random(7)
    export(tmp_path / "log", MOST)
    files = sorted((tmp_path / "log/tile/entries").rglob("*"))
    for _ in range(50):
        file = random.choice([one for one in files if one.is_file()])
        before = file.read_bytes()
        at = random.randrange(len(before))
        file.write_bytes(before[:at] + bytes([before[at] ^ (1 << random.randrange(8))]) + before[at + 1 :])
        with pytest.raises((verifier.Refused, ValueError)):
            verifier.verify_folder(tmp_path / "log", KEY)
        file.write_bytes(before)
    assert verifier.verify_folder(tmp_path / "log", KEY) == MOST
    files[-1].unlink()
    assert run(tmp_path / "log").stderr.startswith("REFUSED")


def test_signatures_agree_with_the_library() -> None:
    for number in range(20):
        signer = Ed25519Signer("a", bytes([number]) * 32)
        text = bytes([number]) * number
        signed = signer.sign(text)
        assert verifier.signs(signer.public, text, signed)
        assert not verifier.signs(signer.public, text + b"!", signed)
        assert not verifier.signs(signer.public, text, signed[:32] + bytes(32))


def test_tiles_are_named_by_their_number() -> None:
    named = {0: "000", 999: "999", 1000: "x001/000", 1234067: "x001/x234/067", 1000000: "x001/x000/000"}
    assert {number: tile_name(number) for number in named} == named
    assert tile_name(5, 3) == "005.p/3"


def test_tiles_hold_the_hashes(tmp_path: Path) -> None:
    export(tmp_path, MOST)
    assert (tmp_path / "tile/0/003").read_bytes() == b"".join(LEAVES[768:1024])
    peaks = Peaks()
    for number in range(256):
        peaks.append(leaf_hash(entry(number)))
    assert (tmp_path / "tile/1/000.p/4").read_bytes()[:32] == peaks.root()
    with pytest.raises(ValueError, match="at most"):
        TileWriter(tmp_path).add([bytes(LONGEST_ENTRY + 1)])


@pytest.mark.parametrize("content", [
    "", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nextra AAAA\nindex x\n\n",
    "c2sp.org/tlog-proof@v2\nextra \nindex 1\n\n",
    "c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\n", "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\nAAAA\n\n",
    f"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n{base64.b64encode(bytes(32)).decode()}\n\nnothing",
])  # fmt: skip
def test_what_is_no_proof_file(content: str) -> None:
    with pytest.raises(BadNote):
        read_proof_file(content)
