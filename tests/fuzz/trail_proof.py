"""Proofs of the trail (存证证明): proof files and signed checkpoints, which come from whoever hands them over."""

from random import Random

from app.trail import verifier
from app.trail.keys import read_verifier
from app.trail.note import BadNote, read_checkpoint, read_note, read_signatures, verified_by
from app.trail.proof_file import read_proof_file
from tests.fuzz.mutate import mutate_text
from tests.fuzz.target import Target, refused
from tests.trail.test_tree import entry
from tests.trail.test_verifier import KEY, proof_of

_KNOWN = [read_verifier(KEY)]
_PIECES = (KEY.encode(), "— ".encode(), b"index 1", b"extra ", b"=", b"AAAA", b"\n700\n", b"c2sp.org/tlog-proof@v1\n")


def seeds() -> list[bytes]:
    proofs = [proof_of(300, 700), proof_of(0, 1), proof_of(5, 6)]
    long = proofs[0].checkpoint.replace("\n700\n", "\n" + "9" * 5000 + "\n")
    texts = [
        *[one.encode() for one in proofs],
        proofs[0].checkpoint,
        KEY,
        long,
        proofs[0]._replace(checkpoint=long).encode(),
    ]
    return [one.encode() for one in texts]


def examine(data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    try:
        number, proved, size = verifier.verify_proof(text, KEY)
    except (verifier.Refused, ValueError) as error:
        refused(error)
    else:
        assert (size, proved) in {(700, entry(300)), (1, entry(0)), (6, entry(5))}, "a proof was forged"
        assert proved == entry(number)
    for read in (_note, read_signatures, read_checkpoint, read_proof_file, read_verifier):
        try:
            read(text)
        except BadNote as error:
            refused(error)


def _note(text: str) -> None:
    note = read_note(text)
    if verified_by(note, _KNOWN):
        assert read_checkpoint(note.text).size in (700, 1, 6), "a checkpoint was forged"


def mutate(data: bytes, random: Random) -> bytes:
    return mutate_text(data, random, _PIECES)


TARGET = Target(seeds, examine, mutate)
