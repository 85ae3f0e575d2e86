"""Signed notes (签名文书) and checkpoints (检查点), as C2SP signed-note, tlog-checkpoint, tlog-cosignature.

A note is text and signature lines; whoever knows only some of the keys ignores the other lines. So one checkpoint may
carry an Ed25519 line that every C2SP verifier reads, a second line by SM2/SM3, and cosignatures of witnesses.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

ED25519, COSIGNATURE, OTHER = 0x01, 0x04, 0xFF
_DASH = "— "


class BadNote(ValueError):
    """What is wrong with a note, a checkpoint or a key, for those who look into it."""


class Signature(NamedTuple):
    name: str
    key_id: bytes  # 4 bytes
    signature: bytes


class Note(NamedTuple):
    """`text` ends in a newline."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> str:
        return f"{self.text}\n{''.join(map(signature_line, self.signatures))}"


class Signer(Protocol):
    name: str
    key_id: bytes

    def sign(self, text: bytes) -> bytes: ...


class Verifier(Protocol):
    name: str
    key_id: bytes

    def verify(self, text: bytes, signature: bytes) -> bool: ...


class Checkpoint(NamedTuple):
    """How the log of this origin looked when it had `size` entries."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def encode(self) -> str:
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def key_id_of(name: str, kind: bytes, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def signature_line(one: Signature) -> str:
    return f"{_DASH}{one.name} {base64.b64encode(one.key_id + one.signature).decode()}\n"


def sign(text: str, signers: Iterable[Signer]) -> Note:
    return Note(text, tuple(Signature(one.name, one.key_id, one.sign(text.encode())) for one in signers))


def read_note(content: str) -> Note:
    """Raises BadNote for what is none."""
    text, blank, lines = content.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise BadNote("a note is text, an empty line, and signature lines")
    if any(ord(letter) < 0x20 and letter != "\n" for letter in content):
        raise BadNote("a note holds no control characters")
    return Note(text + "\n", tuple(map(_read_line, lines[:-1].split("\n"))))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Signature lines alone, as a witness answers them. Raises BadNote."""
    return tuple(map(_read_line, lines.removesuffix("\n").split("\n"))) if lines.strip() else ()


def _read_line(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_key_name(name):
        raise BadNote(f"not a signature line: {line[:80]!r}")
    content = decode(encoded)
    if len(content) < 5:
        raise BadNote(f"the signature of {name} is too short")
    return Signature(name, content[:4], content[4:])


def is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


def verified_by(note: Note, verifiers: Sequence[Verifier]) -> tuple[str, ...]:
    """Names of the known keys that signed it. Raises BadNote where a line of a known key does not verify."""
    found, known = [], {(one.name, one.key_id): one for one in verifiers}
    for one in note.signatures:
        verifier = known.get((one.name, one.key_id))
        if verifier is None:
            continue
        if not verifier.verify(note.text.encode(), one.signature):
            raise BadNote(f"the signature of {one.name} is not valid")
        found.append(one.name)
    return tuple(found)


def read_checkpoint(text: str) -> Checkpoint:
    """The text of a note as a checkpoint. Raises BadNote."""
    origin, *rest = text.removesuffix("\n").split("\n")
    if not origin or len(rest) < 2 or not all(rest) or not text.endswith("\n"):
        raise BadNote("a checkpoint has a line each for origin, size and root")
    size, root, *extensions = rest
    if not (size.isascii() and size.isdecimal()) or len(size) > 20 or str(int(size)) != size:
        raise BadNote(f"{size[:40]!r} is not the size of a log")
    found = decode(root)
    if len(found) != 32:
        raise BadNote("the root of a checkpoint has 32 bytes")
    return Checkpoint(origin, int(size), found, tuple(extensions))


def decode(text: str) -> bytes:
    """Standard base64, nothing else. Raises BadNote."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote(f"{text[:40]!r} is not base64") from None
    if base64.b64encode(content).decode() != text:
        raise BadNote(f"{text[:40]!r} is not canonical base64")
    return content
