"""Authenticated ciphers (认证加密): AES-256-GCM, and SM4-GCM (国密), each with a key of its own for each table.

A nonce is either random, or made from what is encrypted (steady), so that the same content of the same row stays the
same bytes, and a row that says nothing new need not be written.
"""

import os
import threading
from hashlib import blake2b
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_SIZE = 12
_AT_ONCE = 256
_TAG_SIZE = 16
NUMBERS = {"aes": 1, "sm4": 2}  # as ciphertexts name them
_KEY_SIZES = {1: 32, 2: 16}


_RANDOM = threading.local()  # no two threads may draw the same nonce, nor two processes
os.register_at_fork(after_in_child=lambda: _RANDOM.__dict__.clear())


def _random_nonce() -> bytes:
    """Drawn many at a time: the kernel is asked seldom."""
    nonces: list[bytes] = _RANDOM.__dict__.setdefault("nonces", [])
    if not nonces:
        drawn = os.urandom(NONCE_SIZE * _AT_ONCE)
        nonces += [drawn[at : at + NONCE_SIZE] for at in range(0, len(drawn), NONCE_SIZE)]
    return nonces.pop()


class WrongSeal(Exception):
    """The bytes are not what was encrypted, or not for this row."""


class Aead(Protocol):
    def encrypt(self, nonce: bytes, content: bytes, bound: bytes, /) -> bytes: ...
    def decrypt(self, nonce: bytes, content: bytes, bound: bytes, /) -> bytes: ...


class Sm4Gcm:
    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, content: bytes, bound: bytes, /) -> bytes:
        work = Cipher(self._key, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(bound)
        return work.update(content) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, content: bytes, bound: bytes, /) -> bytes:
        if len(content) < _TAG_SIZE:
            raise InvalidTag
        work = Cipher(self._key, modes.GCM(nonce, content[-_TAG_SIZE:])).decryptor()
        work.authenticate_additional_data(bound)
        return work.update(content[:-_TAG_SIZE]) + work.finalize()


class RowCipher:
    """One key and one cipher, for the rows of one table."""

    def __init__(self, secret: bytes, number: int, table: str) -> None:
        """Raises WrongSeal for the number of a cipher that there is not."""
        if number not in _KEY_SIZES:
            raise WrongSeal(f"there is no cipher {number}")
        key = derived(secret, f"mingjian rows {number} {table}", _KEY_SIZES[number])
        self._aead: Aead = AESGCM(key) if number == NUMBERS["aes"] else Sm4Gcm(key)
        self._nonce_key = derived(secret, f"mingjian nonces {number} {table}", 32)

    def encrypt(self, content: bytes, bound: bytes, *, is_steady: bool) -> bytes:
        """Nonce and ciphertext."""
        if is_steady:
            told = len(bound).to_bytes(4, "big") + bound + content
            nonce = blake2b(told, digest_size=NONCE_SIZE, key=self._nonce_key).digest()
        else:
            nonce = _random_nonce()
        return nonce + self._aead.encrypt(nonce, content, bound)

    def decrypt(self, sealed: bytes, bound: bytes) -> bytes:
        """Raises WrongSeal."""
        try:
            return self._aead.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound)
        except (InvalidTag, ValueError) as error:
            raise WrongSeal("the bytes are not those that were encrypted for this row") from error


def derived(secret: bytes, purpose: str, size: int = 32) -> bytes:
    """A key for one purpose (HKDF-SHA-256)."""
    return HKDF(SHA256(), size, None, purpose.encode()).derive(secret)
