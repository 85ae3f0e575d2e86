"""Secrets in a backup (备份中的密钥): sealed under a passphrase, by scrypt and AES-256-GCM."""

import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.application.backup_manifest import BadBackup

SHORTEST = 12  # characters of a passphrase
_HEAD = b"mingjian-secrets-1\n"
_SALT, _NONCE = 16, 12
_WORK, _BLOCK = 2**17, 8  # scrypt: 128 MiB and a third of a second for each attempt


def seal_secrets(files: Mapping[str, Path], passphrase: str, bound: bytes) -> bytes:
    """The files by their names in one sealed archive, which opens only beside what it is bound to."""
    if len(passphrase) < SHORTEST:
        raise BadBackup(f"the passphrase is too short: {SHORTEST} characters at the least")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, path in sorted(files.items()):
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    return _HEAD + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, archive.getvalue(), bound)


def open_secrets(sealed: bytes, passphrase: str, bound: bytes) -> dict[str, bytes]:
    """Contents by name. Raises BadBackup for another passphrase, or where what it is bound to was changed."""
    salt, nonce = sealed[len(_HEAD) :][:_SALT], sealed[len(_HEAD) + _SALT :][:_NONCE]
    if not sealed.startswith(_HEAD) or len(nonce) != _NONCE:
        raise BadBackup("the sealed secrets are of a form that this program does not know")
    try:
        opened = AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed[len(_HEAD) + _SALT + _NONCE :], bound)
    except InvalidTag:
        raise BadBackup(
            "the secrets do not open: either the passphrase is another one, or the backup was changed since it was made"
        ) from None
    with tarfile.open(fileobj=io.BytesIO(opened)) as tar:
        return {one.name: file.read() for one in tar if (file := tar.extractfile(one)) is not None}


def _key(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=_WORK, r=_BLOCK, p=1, maxmem=2 * 128 * _WORK * _BLOCK, dklen=32
    )
