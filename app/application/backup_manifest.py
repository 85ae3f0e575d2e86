"""The manifest of a backup (备份清单): which files there are, their digests, and what of the trail they hold."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Literal

import msgspec

MANIFEST = "manifest.json"
SECRETS = "secrets.sealed"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
_FORMAT = 1


class BadBackup(Exception):
    """What is wrong with a backup, or why there is none; the text says what to do."""


class File(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`files` are told by their path below the backup's folder. `secrets` names what is sealed in the backup, or was
    left out of it: keys, and settings that are files. `checkpoint` is the last one signed over the `size` entries.
    """

    format: int = _FORMAT
    id: str
    made_at: datetime  # whatever was acknowledged before is in it
    version: str
    database: Literal["sqlite", "postgresql"]
    size: int
    checkpoint: str | None
    files: dict[str, File]
    secrets: tuple[str, ...]
    has_secrets: bool

    @property
    def bound(self) -> bytes:
        """What the sealed secrets are bound to: whoever has no passphrase cannot exchange anything else unnoticed."""
        others = {name: one for name, one in sorted(self.files.items()) if name != SECRETS}
        return msgspec.json.encode(msgspec.structs.replace(self, files=others))


def described(folder: Path) -> dict[str, File]:
    return {str(path.relative_to(folder)): _described(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises BadBackup where the folder holds no backup, or any file of it is not what it was."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise BadBackup(f"{folder}: {MANIFEST} cannot be read, so this is no whole backup: {error}") from error
    if manifest.format != _FORMAT:
        raise BadBackup(f"{folder}: its format is {manifest.format}; this program reads {_FORMAT}: take the newer one")
    if faults := list(_faults(folder, manifest)):
        raise BadBackup(f"{folder} is damaged; take another backup: {'; '.join(faults[:5])}")
    return manifest


def _faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    if DATABASES[manifest.database] not in manifest.files:
        yield "the database is not in the manifest"
    for name, told in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            yield f"{name} lies outside"
        elif not path.is_file():
            yield f"{name} is missing"
        elif _described(path) != told:
            yield f"{name} is not what it was"


def _described(path: Path) -> File:
    with path.open("rb") as content:
        return File(path.stat().st_size, file_digest(content, "sha256").hexdigest())
