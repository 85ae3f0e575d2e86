"""The witness cosigns only what extends what it saw, answers as tlog-witness says, and does not forget."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.trail.keys import Cosigner, Ed25519Signer, read_verifier
from app.trail.note import Checkpoint, Note, read_signatures, sign, verified_by
from app.trail.proof_file import proof_lines
from app.trail.tree import EMPTY_ROOT
from app.trail.witness import SIZE_TYPE, SeenFile, Witness, trusted
from tests.trail.test_tree import MOST, TREE

LOG = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
KEY = Cosigner("witness.example/office", bytes(range(1, 33)))


def witness(folder: Path) -> Witness:
    logs = trusted([read_verifier(LOG.verifier_key)])
    return Witness(KEY, logs, SeenFile(folder / "seen.json"), lambda: 1_700_000_000.5)


def note(size: int, root: bytes | None = None, origin: str = LOG.name, signer: Ed25519Signer = LOG) -> Note:
    return sign(Checkpoint(origin, size, TREE.root(size) if root is None else root).encode(), [signer])


def body(old: int, size: int, **of: object) -> str:
    proof = TREE.consistency_proof(old, size) if old <= size else []
    return f"old {old}\n{proof_lines(proof)}\n{note(size, **of).encode()}"  # type: ignore[arg-type]


def test_it_cosigns_a_log_that_grows(tmp_path: Path) -> None:
    here = witness(tmp_path)
    for old, size in ((0, 5), (5, 5), (5, 300), (300, 1000)):
        reply = here.add_checkpoint(body(old, size))
        assert reply.status == 200, reply.body
        whole = Note(note(size).text, read_signatures(reply.body))
        assert verified_by(whole, [read_verifier(KEY.verifier_key)]) == (KEY.name,)
        here = witness(tmp_path)  # started anew, it remembers


@pytest.mark.parametrize(
    ("request_body", "status"),
    [
        (body(0, 700), 409),  # says that nothing was seen
        (body(400, 700), 409),
        (body(600, 500), 400),
        (body(500, 400), 400),
        (body(500, 500, root=EMPTY_ROOT), 409),  # another log of the same size
        (body(500, 700, root=EMPTY_ROOT), 422),  # rewritten
        (f"old 500\n\n{note(700).encode()}", 422),  # without proof
        (body(500, 700, origin="other.example", signer=LOG), 404),
        (body(500, 700, signer=Ed25519Signer(LOG.name, bytes(32))), 403),
        ("", 400), ("old 05\n\n", 400), ("old -1\n\n", 400), ("old 500\nx\n\n" + note(700).encode(), 400),
        ("old 500\n" + "AAAA\n" * 64 + "\n" + note(700).encode(), 400),
    ],
)  # fmt: skip
def test_what_it_does_not_cosign(tmp_path: Path, request_body: str, status: int) -> None:
    assert witness(tmp_path).add_checkpoint(body(0, 500)).status == 200
    reply = witness(tmp_path).add_checkpoint(request_body)
    assert reply.status == status
    if status == 409:
        assert reply.body == "500\n"
        assert reply.media_type == SIZE_TYPE
    assert witness(tmp_path).add_checkpoint(body(500, 501)).status == 200  # nothing was forgotten over it


@settings(max_examples=200)
@given(st.lists(st.integers(1, MOST), min_size=1, max_size=6))
def test_never_backwards(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    here, seen = witness(tmp_path_factory.mktemp("witness")), 0
    for size in sizes:
        reply = here.add_checkpoint(body(min(seen, size), size))
        if size >= seen:
            assert reply.status == 200
            seen = size
        else:
            assert reply.status == 409


def test_a_memory_that_is_none_stops_it(tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text('{"a": 1}')
    with pytest.raises(ValueError, match="does not hold what a witness saw"):
        witness(tmp_path)
