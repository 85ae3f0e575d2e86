"""The drill (恢复演练): make a backup, put it back beside the installation, verify it, and tell how long that took."""

import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from app.application.backup_manifest import Manifest
from app.application.create_backup import create_backup
from app.application.kept_files import Place
from app.application.restore_backup import Unsound, Wish, restore_backup
from app.application.verify_trail import Verified
from app.store.store import Store

OpenStore = Callable[[Path, str | None], AbstractAsyncContextManager[Store]]  # of the data directory and the URL


class Drilled(NamedTuple):
    """Seconds, and bytes of the backup. `entries_lost` were there before it began and are not in it; those that came
    `meanwhile` are in the next one.
    """

    manifest: Manifest
    verified: Verified
    making: float
    restoring: float
    size: int
    entries_lost: int
    entries_meanwhile: int

    @property
    def is_sound(self) -> bool:
        return self.verified.is_sound and not self.entries_lost


async def drill_backup(place: Place, folder: Path, kept: Sequence[str], version: str, open_store: OpenStore) -> Drilled:
    """Everything happens in a folder within this one, and for PostgreSQL in a database beside; both go in the end.

    Raises BadBackup or CopyFailed where that is not possible.
    """
    passphrase = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="mingjian-drill-", dir=folder) as scratch:
        before = await _size(place, open_store)
        started = time.monotonic()
        manifest = await create_backup(place, Path(scratch) / "backup", passphrase, version)
        making = time.monotonic() - started
        meanwhile = await _size(place, open_store) - manifest.size
        started = time.monotonic()
        verified = await _restored(place, Path(scratch), Wish(passphrase=passphrase, kept=kept), open_store)
        restoring = time.monotonic() - started
    size = sum(one.size for one in manifest.files.values())
    return Drilled(manifest, verified, making, restoring, size, max(0, before - verified.size), meanwhile)


async def _size(place: Place, open_store: OpenStore) -> int:
    async with open_store(place.data_dir, place.database_url) as store:
        return await store.trail.size()


async def _restored(place: Place, scratch: Path, wish: Wish, open_store: OpenStore) -> Verified:
    target = scratch / "data"
    if place.database_url is None:
        return await _restore_to(
            place._replace(database_path=target / place.database_path.name), scratch, wish, open_store
        )
    from app.store.postgres.copying import scratch_database

    async with scratch_database(place.database_url) as url:
        return await _restore_to(place._replace(database_url=url), scratch, wish, open_store)


async def _restore_to(place: Place, scratch: Path, wish: Wish, open_store: OpenStore) -> Verified:
    there = place._replace(data_dir=scratch / "data")
    try:
        _, verified = await restore_backup(
            scratch / "backup", there, wish, lambda data_dir: open_store(data_dir, there.database_url)
        )
    except Unsound as error:
        return error.verified
    return verified
