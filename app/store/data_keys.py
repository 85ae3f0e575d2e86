"""Data keys (数据密钥): what all that identifies people is encrypted with, where they come from, which is newest.

Several may be in use: the newest encrypts, all of them decrypt. A key is named by four bytes that follow from it, so
that no name can be given to the wrong key.
"""

import base64
import binascii
import hmac
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_SIZE = 32
_LOOK_EVERY = 5.0  # seconds: so soon every worker encrypts with a key that was added to the file


class BadKeys(Exception):
    """The keys that were given, or those in the file, cannot be used; the text says why, and holds no key."""


class UnknownKey(LookupError):
    """There is no such key here."""


class KeySource(NamedTuple):
    """Keys as they were given (base64 of 32 bytes, parted by commas, the newest last), else those of a file, which has
    one to a line. `cipher` is `aes` (AES-256-GCM) or `sm4` (SM4-GCM, 国密).
    """

    file: Path
    given: str = ""
    cipher: str = "aes"


class DataKey(NamedTuple):
    id: bytes
    secret: bytes

    @property
    def name(self) -> str:
        return self.id.hex()


class KeyRing:
    def __init__(self, source: KeySource) -> None:
        """Raises BadKeys."""
        self._source = source
        self._keys: dict[bytes, DataKey] = {}
        self._newest: DataKey | None = None
        self._seen: tuple[int, int] | None = None  # of the file: when it was changed, which one it is
        self._next_look = 0.0
        self.read_again()

    @property
    def cipher(self) -> str:
        return self._source.cipher

    @property
    def keys(self) -> Sequence[DataKey]:
        """The newest last."""
        return list(self._keys.values())

    @property
    def newest(self) -> DataKey:
        """Raises UnknownKey where there is none."""
        if time.monotonic() >= self._next_look:
            self.read_again()
        if self._newest is None:
            raise UnknownKey("there is no data key")
        return self._newest

    def find(self, key_id: bytes) -> DataKey:
        """Raises UnknownKey."""
        if key_id not in self._keys:
            self._seen = None
            self.read_again()
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKey(
                f"data key {key_id.hex()} is not here: give it in MINGJIAN_DATA_KEYS, or in {self._source.file.name}"
            ) from None

    def read_again(self) -> None:
        """Take up what was added to the file since. Raises BadKeys."""
        self._next_look = time.monotonic() + _LOOK_EVERY
        if self._source.given:
            keys = read_keys(self._source.given.replace(",", "\n"), "MINGJIAN_DATA_KEYS")
        else:
            seen = _state(self._source.file)
            if seen is None or seen == self._seen:
                return
            keys, self._seen = read_keys(_text(self._source.file), str(self._source.file)), seen
        self._keys = {one.id: one for one in keys}
        self._newest = keys[-1] if keys else None

    def ensure(self) -> None:
        """Make the first key where there is none yet; of several that start at once, one makes it."""
        if self._newest is None and not self._source.given:
            _write(self._source.file, [secrets.token_bytes(_SIZE)], is_first=True)
            self.read_again()

    def add(self) -> DataKey:
        """A new key, which is the newest from now on. Raises BadKeys where the keys are not kept in a file."""
        if self._source.given:
            raise BadKeys("the keys stand in MINGJIAN_DATA_KEYS: add the new one there")
        self.read_again()
        _write(self._source.file, [*[one.secret for one in self.keys], secrets.token_bytes(_SIZE)])
        self._seen = None
        self.read_again()
        return self.newest

    def drop(self, key_id: bytes) -> None:
        """Forget a key that nothing is encrypted with any more. Raises BadKeys, UnknownKey."""
        if self._source.given:
            raise BadKeys("the keys stand in MINGJIAN_DATA_KEYS: take the old one out there")
        if self.find(key_id) == self.newest:
            raise BadKeys("this is the newest key: everything is encrypted with it")
        _write(self._source.file, [one.secret for one in self.keys if one.id != key_id])
        self._seen = None
        self.read_again()


def read_keys(text: str, where: str) -> list[DataKey]:
    """Raises BadKeys."""
    found = []
    for number, line in enumerate([one.strip() for one in text.splitlines()], 1):
        if not line or line.startswith("#"):
            continue
        try:
            secret = base64.b64decode(line, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != _SIZE:
            raise BadKeys(f"{where}, key {number}: not 32 bytes in base64, as `openssl rand -base64 32` prints them")
        found.append(DataKey(hmac.digest(secret, b"mingjian data key", "sha256")[:4], secret))
    return found


def _state(file: Path) -> tuple[int, int] | None:
    try:
        state = file.stat()
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_ino


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeys(f"{file}: the data keys cannot be read: {type(error).__name__}") from error


def _write(file: Path, keys: Sequence[bytes], *, is_first: bool = False) -> None:
    """Durably, whole or not at all, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}.tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write("# Without these keys nothing that identifies a patient can be read. Keep a copy apart.\n")
        out.writelines(f"{base64.b64encode(one).decode()}\n" for one in keys)
        out.flush()
        os.fsync(out.fileno())
    try:
        if is_first:
            os.link(temporary, file)
        else:
            os.replace(temporary, file)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)
    listing = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
