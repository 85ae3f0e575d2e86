"""Make a backup (备份): what is kept, as it is at one moment, while the service runs."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.application.backup_manifest import (
    DATABASES,
    SECRETS,
    BadBackup,
    Manifest,
    described,
    write_manifest,
)
from app.application.backup_secrets import seal_secrets
from app.application.kept_files import Place, open_files, secret_files
from app.store.copying import Copied, CopyFailed

_READ = 1024 * 1024


async def create_backup(
    place: Place,
    folder: Path,
    passphrase: str | None,
    version: str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Manifest:
    """The folder gets its name when it is whole and on the disk; else nothing is left. Raises BadBackup.

    Without a passphrase the secrets are left out.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadBackup(f"{folder} is not empty; give a new folder")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(mode=0o700, parents=True)
        manifest = await _fill(partial, place, passphrase, version, now)
        await asyncio.to_thread(_sync, partial)
        partial.rename(folder)
        _sync_one(folder.parent)
    except (OSError, CopyFailed) as error:
        raise BadBackup(f"no backup was made: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


async def _fill(
    folder: Path, place: Place, passphrase: str | None, version: str, now: Callable[[], datetime]
) -> Manifest:
    made_at = now()  # what was acknowledged before is in the backup
    await asyncio.to_thread(_copy_files, place, folder)
    copied = await copy_database(place, folder)
    secrets = secret_files(place)
    manifest = Manifest(
        id=str(uuid.uuid4()),
        made_at=made_at,
        version=version,
        database="sqlite" if place.database_url is None else "postgresql",
        size=copied.size,
        checkpoint=copied.checkpoint,
        files=await asyncio.to_thread(described, folder),
        secrets=tuple(sorted(secrets)),
        has_secrets=passphrase is not None,
    )
    if passphrase is not None:
        sealed = await asyncio.to_thread(seal_secrets, secrets, passphrase, manifest.bound)
        (folder / SECRETS).write_bytes(sealed)
        manifest.files[SECRETS] = described(folder)[SECRETS]
    write_manifest(folder, manifest)
    return manifest


def _copy_files(place: Place, folder: Path) -> None:
    for name, path in open_files(place):
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            source = path.open("rb")
        except FileNotFoundError:
            continue  # a file of the spool that is done with: its records are in the database, which is copied later
        with source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy, _READ)


async def copy_database(place: Place, folder: Path) -> Copied:
    if place.database_url is None:
        from app.store.sqlite.copying import copy_sqlite

        return await asyncio.to_thread(copy_sqlite, place.database_path, folder / DATABASES["sqlite"])
    from app.store.postgres.copying import dump_postgres

    return await dump_postgres(place.database_url, folder / DATABASES["postgresql"])


def _sync(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _sync_one(path)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
