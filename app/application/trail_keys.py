"""The keys that sign checkpoints (检查点签名密钥): made at the first start, in a file that only its owner can read."""

import base64
import os
import secrets
from pathlib import Path

from app.trail.keys import Cosigner, Ed25519Signer
from app.trail.note import ED25519, BadNote, Signer, decode, is_key_name
from app.trail.sm2 import Sm2Signer

_HEAD = "PRIVATE+KEY"
_SEED = 32


def trail_signers(
    folder: Path, origin: str = "", key_file: Path | None = None, sm2_file: Path | None = None
) -> list[Signer]:
    """The Ed25519 key of `key_file`, or the one kept in the folder, which is made where there is none; and an SM2 key.

    `origin` names a new key, and so the log; blank: a name of its own. Raises BadNote for a file that holds no key.
    """
    file = key_file or folder / "checkpoint-key"
    if key_file is None and not file.exists():
        _make(file, origin or f"mingjian.local/{secrets.token_hex(6)}")
    signer, _ = _read(file)
    signers: list[Signer] = [signer]
    if sm2_file is not None:
        signers.append(Sm2Signer(signer.name, sm2_file))
    public = folder / "checkpoint-key.pub"
    if folder.is_dir():
        public.write_text("".join(f"{getattr(one, 'verifier_key', '')}\n" for one in signers), "ascii")
    return signers


def witness_key(file: Path, name: str) -> Cosigner:
    """The witness's key, made where there is none. Raises BadNote for a file that holds no key."""
    if not file.exists():
        _make(file, name)
    found, seed = _read(file)
    return Cosigner(found.name, seed)


def _make(file: Path, name: str) -> None:
    if not is_key_name(name):
        raise BadNote(f"{name!r} cannot name a log: no spaces, no +")
    seed = secrets.token_bytes(_SEED)
    signer = Ed25519Signer(name, seed)
    content = base64.b64encode(bytes([ED25519]) + seed).decode()
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
        out.write(f"{_HEAD}+{name}+{signer.key_id.hex()}+{content}\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(temporary, file)  # of several workers that start at once, one makes the key
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _read(file: Path) -> tuple[Ed25519Signer, bytes]:
    try:
        text = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadNote(f"{file}: the key of the trail cannot be read: {error}") from error
    parts = text.removeprefix(f"{_HEAD}+").split("+", 2)
    if not text.startswith(f"{_HEAD}+") or len(parts) != 3:
        raise BadNote(f"{file} holds no key of a trail: it begins with {_HEAD}+")
    name, key_id, encoded = parts
    content = decode(encoded)
    if len(content) != 1 + _SEED or content[0] != ED25519:
        raise BadNote(f"{file} holds no Ed25519 key")
    signer = Ed25519Signer(name, content[1:])
    if signer.key_id.hex() != key_id:
        raise BadNote(f"{file}: the key was not copied whole")
    return signer, content[1:]
