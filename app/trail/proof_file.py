"""Proof files (证明文件, C2SP tlog-proof): an entry, its number, the way to the root, the checkpoint that signs it."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

from app.trail.note import BadNote, decode, read_checkpoint, read_note

_HEAD = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"


class ProofFile(NamedTuple):
    """`checkpoint` is the whole signed note."""

    entry: bytes
    number: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def encode(self) -> str:
        lines = [
            _HEAD,
            f"extra {base64.b64encode(self.entry).decode()}",
            f"index {self.number}",
            *[base64.b64encode(one).decode() for one in self.hashes],
        ]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def read_proof_file(content: str) -> ProofFile:
    """Raises BadNote for what is none; whether it proves anything is for app.trail.verifier to say."""
    head, blank, note = content.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or lines[0] != _HEAD:
        raise BadNote(f"a proof file begins with {_HEAD}")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise BadNote("a proof file of ours has the entry (extra) and its place (index) in lines 2 and 3")
    number = lines[2].removeprefix("index ")
    if not (number.isascii() and number.isdecimal()) or len(number) > 20:
        raise BadNote(f"{number[:40]!r} is not the place of an entry")
    hashes = tuple(map(_hash, lines[3:]))
    read_checkpoint(read_note(note).text)
    return ProofFile(decode(lines[1].removeprefix("extra ")), int(number), hashes, note)


def _hash(line: str) -> bytes:
    found = decode(line)
    if len(found) != 32:
        raise BadNote(f"{line[:50]!r} is not a hash of 32 bytes")
    return found


def proof_lines(hashes: Sequence[bytes]) -> str:
    """Hashes one to a line, as witnesses are sent them."""
    return "".join(f"{base64.b64encode(one).decode()}\n" for one in hashes)
