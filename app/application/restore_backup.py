"""Put a backup back (恢复), and verify what was put back: every digest first, then the whole trail."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from app.application.backup_manifest import DATABASES, SECRETS, BadBackup, Manifest, read_manifest
from app.application.backup_secrets import open_secrets
from app.application.kept_files import Place
from app.application.verify_trail import Fault, TrailVerifier, Verified
from app.store.copying import CopyFailed
from app.store.store import Store
from app.store.trail import TrailStore
from app.trail.entry import Details, Kind, TrailEntry, seal
from app.trail.keys import read_verifier
from app.trail.note import BadNote, Checkpoint, Verifier, read_checkpoint, read_note, verified_by

_STAGING = ".restoring"
_RESTORED = "restored"

OpenStore = Callable[[Path], AbstractAsyncContextManager[Store]]  # of the data directory


class Wish(NamedTuple):
    """`secrets` holds, by the names of the manifest, what was left out of the backup. `keys` are the trail's public
    keys, blank: those of the backup; `kept` are notes of checkpoints that the log must still lead to.
    """

    passphrase: str | None = None
    secrets: Path | None = None
    keys: Sequence[str] = ()
    kept: Sequence[str] = ()
    accepts_faults: bool = False


class Unsound(Exception):
    """What was put back does not hold; nothing of it stands in the data directory."""

    def __init__(self, verified: Verified) -> None:
        super().__init__("the restored trail does not hold")
        self.verified = verified


async def restore_backup(
    folder: Path,
    place: Place,
    wish: Wish,
    open_store: OpenStore,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Manifest, Verified]:
    """All or nothing into an empty data directory, and an empty database. Raises BadBackup, or Unsound."""
    if place.data_dir.exists() and (not place.data_dir.is_dir() or any(place.data_dir.iterdir())):
        raise BadBackup(f"{place.data_dir} is not empty; give another MINGJIAN_DATA_DIR")
    manifest = await asyncio.to_thread(read_manifest, folder)
    if (manifest.database == "postgresql") != (place.database_url is not None):
        raise BadBackup(f"the backup is of {manifest.database}; set DATABASE_URL for PostgreSQL, unset it for SQLite")
    secrets = await asyncio.to_thread(_secrets, folder, manifest, wish)
    is_new = not place.data_dir.exists()
    staging = place.data_dir / _STAGING
    try:
        place.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (staging / "data").mkdir(mode=0o700, parents=True)
        await asyncio.to_thread(_stage, folder, manifest, secrets, staging)
        keys = _known(wish.keys, staging / "data")
        kept = [_checkpoint(one, keys) for one in (*wish.kept, *filter(None, [manifest.checkpoint]))]
        await _restore_database(folder, place, staging / "data")
        async with open_store(staging / "data") as store:
            verified = await _verified(store, manifest, keys, kept)
            if not verified.is_sound and not wish.accepts_faults:
                raise Unsound(verified)
            await _tell(store.trail, manifest, verified, now())
        _put_in_place(staging, place.data_dir)
    except (OSError, CopyFailed) as error:
        raise BadBackup(f"nothing was restored: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if is_new and place.data_dir.is_dir() and not any(place.data_dir.iterdir()):
            place.data_dir.rmdir()
    return manifest, verified


def _secrets(folder: Path, manifest: Manifest, wish: Wish) -> Mapping[str, bytes]:
    if manifest.has_secrets:
        if wish.passphrase is None:
            raise BadBackup("the backup holds sealed secrets; give the file with their passphrase")
        return open_secrets((folder / SECRETS).read_bytes(), wish.passphrase, manifest.bound)
    if wish.passphrase is not None:  # whoever changed a sealed backup might have it say that it is none
        raise BadBackup(
            "the backup holds no sealed secrets, though a passphrase was given; give none, if that is right"
        )
    if wish.secrets is None:
        return {}
    missing = [name for name in manifest.secrets if not (wish.secrets / name).is_file()]
    if missing:
        raise BadBackup(f"{wish.secrets} lacks {', '.join(missing)}, which were left out of the backup")
    return {name: (wish.secrets / name).read_bytes() for name in manifest.secrets}


def _stage(folder: Path, manifest: Manifest, secrets: Mapping[str, bytes], staging: Path) -> None:
    for name in manifest.files:
        if name not in (SECRETS, DATABASES[manifest.database]):
            target = _target(staging, name)
            shutil.copyfile(folder / name, target)
            target.chmod(0o600)
    for name, content in secrets.items():
        target = _target(staging, name)
        target.touch(0o600)
        target.write_bytes(content)


def _target(staging: Path, name: str) -> Path:
    target = staging / name
    if not target.resolve().is_relative_to(staging.resolve()):
        raise BadBackup(f"the backup names {name!r}, which lies outside")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return target


async def _restore_database(folder: Path, place: Place, data: Path) -> None:
    if place.database_url is None:
        await asyncio.to_thread(shutil.copyfile, folder / DATABASES["sqlite"], data / place.database_path.name)
        return
    from app.store.postgres.copying import restore_postgres

    await restore_postgres(place.database_url, folder / DATABASES["postgresql"])


def _known(keys: Sequence[str], data: Path) -> list[Verifier]:
    public = data / "trail" / "checkpoint-key.pub"
    if not keys and not public.is_file():
        raise BadBackup("the backup does not hold the trail's public key; give it with --key")
    try:
        return [read_verifier(one) for one in keys or public.read_text("ascii").split()]
    except (BadNote, UnicodeDecodeError) as error:
        raise BadBackup(f"the trail's public key cannot be read: {error}") from error


async def _verified(store: Store, manifest: Manifest, keys: Sequence[Verifier], kept: Sequence[Checkpoint]) -> Verified:
    found = await TrailVerifier(store.trail, store.effects, keys).verify(against=kept)
    if found.size == manifest.size:
        return found
    fault = Fault(None, f"the backup's manifest tells of {manifest.size} entries, and there are {found.size}")
    return found._replace(faults=(*found.faults, fault))


def _checkpoint(text: str, keys: Sequence[Verifier]) -> Checkpoint:
    try:
        note = read_note(text)
        if not verified_by(note, keys):
            raise BadBackup("a checkpoint is not signed by a key that is known; give the key with --key")
        return read_checkpoint(note.text)
    except BadNote as error:
        raise BadBackup(f"a checkpoint cannot be read: {error}") from error


async def _tell(trail: TrailStore, manifest: Manifest, verified: Verified, at: datetime) -> None:
    details: Details = {
        "made_at": manifest.made_at.isoformat(),
        "entries": verified.size,
        "faults": len(verified.faults),
    }
    entry = TrailEntry(kind=Kind.RESTORED, subject=manifest.id, at=at, actor="command line", details=details)
    await trail.append([seal(entry)])


def _put_in_place(staging: Path, data_dir: Path) -> None:
    """What does not belong into the data directory is left in it for a person to put where it belongs."""
    for path in sorted(path for path in staging.iterdir() if path.name != "data"):
        (data_dir / _RESTORED).mkdir(mode=0o700, exist_ok=True)
        path.rename(data_dir / _RESTORED / path.name)
    for path in sorted((staging / "data").iterdir()):
        path.rename(data_dir / path.name)
