"""Keys of the trail (存证密钥): Ed25519 for checkpoints and witnesses; a second line by SM2 where it is asked for."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.trail.note import COSIGNATURE, ED25519, OTHER, BadNote, decode, is_key_name, key_id_of
from app.trail.sm2 import SM2, Sm2Verifier


class Ed25519Signer:
    """Signs notes. `seed` are the 32 bytes of the private key (RFC 8032)."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not is_key_name(name):
            raise BadNote(f"{name!r} cannot name a key: no spaces, no +")
        self.name, self._key = name, Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = key_id_of(name, bytes([ED25519]), self.public)

    @property
    def verifier_key(self) -> str:
        """The public key as others are given it: name+id+base64 (C2SP signed-note)."""
        return verifier_key(self.name, ED25519, self.public)

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)


class Cosigner:
    """A witness's key: signs what it saw, and when (C2SP tlog-cosignature v1)."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not is_key_name(name):
            raise BadNote(f"{name!r} cannot name a key: no spaces, no +")
        self.name, self._key = name, Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = key_id_of(name, bytes([COSIGNATURE]), self.public)

    @property
    def verifier_key(self) -> str:
        return verifier_key(self.name, COSIGNATURE, self.public)

    def cosign(self, text: str, at: int) -> bytes:
        """`at`: seconds since 1970."""
        return at.to_bytes(8) + self._key.sign(_cosigned(text.encode(), at))


class Ed25519Verifier:
    """Verifies note signatures, or with `is_cosigner` those of a witness."""

    def __init__(self, name: str, public: bytes, *, is_cosigner: bool = False) -> None:
        self.name, self._key, self._is_cosigner = name, Ed25519PublicKey.from_public_bytes(public), is_cosigner
        self.key_id = key_id_of(name, bytes([COSIGNATURE if is_cosigner else ED25519]), public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        if self._is_cosigner:
            if len(signature) != 72:
                return False
            at, signature = int.from_bytes(signature[:8]), signature[8:]
            text = _cosigned(text, at)
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


def verifier_key(name: str, kind: int, public: bytes) -> str:
    key_id = key_id_of(name, bytes([kind]), public)
    return f"{name}+{key_id.hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def read_verifier(key: str) -> "Ed25519Verifier | Sm2Verifier":
    """A public key as `verifier_key` writes it. Raises BadNote for anything else."""
    name, _, rest = key.strip().partition("+")
    key_id, plus, encoded = rest.partition("+")
    if not plus or not is_key_name(name):
        raise BadNote("a public key is written name+id+base64")
    content = decode(encoded)
    found: Ed25519Verifier | Sm2Verifier
    if len(content) == 33 and content[0] in (ED25519, COSIGNATURE):
        found = Ed25519Verifier(name, content[1:], is_cosigner=content[0] == COSIGNATURE)
    elif content.startswith(bytes([OTHER]) + SM2):
        found = Sm2Verifier(name, content[1 + len(SM2) :])
    else:
        raise BadNote(f"the key of {name} is of an unknown kind")
    if found.key_id.hex() != key_id:
        raise BadNote(f"the id of the key of {name} is not that of the key: it was not copied whole")
    return found


def _cosigned(text: bytes, at: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % at + text
