"""Keys of staff accounts (账号密钥): what is derived from the secret of the installation, each for one purpose."""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class BadSeal(ValueError):
    """What was to be opened was not sealed here, or for something else."""


class StaffKeys:
    """All workers on one database derive the same, once `tell` has told them the secret."""

    def __init__(self) -> None:
        self._made: tuple[bytes, AESGCM] | None = None

    def tell(self, secret: bytes) -> None:
        self._made = _derived(secret, b"staff digests"), AESGCM(_derived(secret, b"staff box"))

    @property
    def _keys(self) -> tuple[bytes, AESGCM]:
        if self._made is None:
            raise RuntimeError("the store is not open")
        return self._made

    def digest(self, purpose: str, told: str) -> str:
        """64 letters that stand for a login name, an address, a code, where it is not to be read."""
        return hmac.digest(self._keys[0], f"{purpose}\0{told}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def seal(self, purpose: str, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[1].encrypt(nonce, content, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Raises BadSeal."""
        try:
            return self._keys[1].decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise BadSeal(purpose) from error


def token_digest(token: str) -> bytes:
    """What the store holds of a random token: of 256 bits, so that a plain hash is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"mingjian " + purpose).derive(secret)
