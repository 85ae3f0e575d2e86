"""`mingjian backup` (备份与恢复): a copy while the service runs, back again, and the drill that shows that it works."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.drill_backup import Drilled
    from app.application.kept_files import Place
    from app.application.verify_trail import Verified
    from app.settings import Settings
    from app.store.store import Store
    from app.trail.entry import Details

T = TypeVar("T")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def backup() -> None:
    """Copy what is kept, put it back, and try that out."""


@backup.command()
@click.argument("folder", type=FOLDER)
@click.option("--passphrase-file", type=FILE, help="Seal the keys into the backup, under what this file says.")
@click.option("--without-secrets", is_flag=True, help="Leave the keys out; keep them elsewhere.")
def create(folder: Path, passphrase_file: Path | None, without_secrets: bool) -> None:
    """Copy everything to the new FOLDER, while the service runs.

    Without the keys a backup can be verified by nobody and read by nobody: either they are sealed, or kept elsewhere.
    """
    if (passphrase_file is None) != without_secrets:
        raise BadInput("say what becomes of the keys: either --passphrase-file FILE or --without-secrets")
    settings = read_settings()

    async def run() -> None:
        from app.application.create_backup import create_backup

        made = await create_backup(
            _place(settings, settings.backup_database), folder, _passphrase(passphrase_file), _version()
        )
        await _tell(settings, made.id, {"entries": made.size, "has_secrets": made.has_secrets, "drill": False})
        size = sum(one.size for one in made.files.values())
        click.echo(f"{folder}: {made.size} entries of the trail, {len(made.files)} files, {size} bytes")
        click.echo(f"whatever was acknowledged before {made.made_at.isoformat(timespec='seconds')} is in it")
        if not made.has_secrets and made.secrets:
            click.echo(f"left out, to be kept elsewhere: {', '.join(made.secrets)}")

    _run(run())


@backup.command()
@click.argument("folder", type=FOLDER)
@click.option("--passphrase-file", type=FILE, help="What the keys were sealed under.")
@click.option("--secrets", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A folder with the keys that were left out, under the names that the manifest gives.")  # fmt: skip
@click.option("--checkpoint", "kept", type=FILE, multiple=True,
              help="A checkpoint kept elsewhere that the log must still lead to.")  # fmt: skip
@click.option("--key", "keys", type=FILE, multiple=True, help="The log's public key.  [default: the backup's]")
@click.option("--accept-faults", is_flag=True, help="Put in place what does not hold, too; the trail will tell.")
def restore(folder: Path, passphrase_file: Path | None, secrets: Path | None, kept: tuple[Path, ...],
            keys: tuple[Path, ...], accept_faults: bool) -> None:  # fmt: skip
    """Put the backup in FOLDER into an empty data directory, and an empty database, and verify all of it.

    The exit code is 1 where anything does not hold.
    """
    settings = read_settings()

    async def run() -> None:
        from app.application.restore_backup import Unsound, Wish, restore_backup

        public = [line for key in keys for line in _text(key).split()]
        wish = Wish(_passphrase(passphrase_file), secrets, public, [_text(one) for one in kept], accept_faults)
        try:
            _, verified = await restore_backup(
                folder,
                _place(settings, settings.database),
                wish,
                lambda data_dir: _opened(settings, data_dir, settings.database),
            )
        except Unsound as error:
            _show(error.verified)
            if settings.database is not None:
                click.echo("the database holds what was restored: drop it before you try again")
            raise SystemExit(1) from error
        _show(verified)
        click.echo(f"restored to {settings.data_dir}")
        if (apart := settings.data_dir / "restored").is_dir():
            click.echo(f"to be put where they belong: {', '.join(sorted(str(one) for one in apart.iterdir()))}")

    _run(run())


@backup.command()
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Where there is room for a copy of everything, twice.  [default: the system's]")  # fmt: skip
@click.option("--checkpoint", "kept", type=FILE, multiple=True,
              help="A checkpoint kept elsewhere that the log must still lead to.")  # fmt: skip
def drill(folder: Path | None, kept: tuple[Path, ...]) -> None:
    """Make a backup, restore it beside the installation, verify it, and tell how long that took.

    Nothing stays of it but an entry of the trail. The exit code is 1 where anything does not hold.
    """
    settings = read_settings()

    async def run() -> None:
        import tempfile

        from app.application.drill_backup import drill_backup

        found = await drill_backup(
            _place(settings, settings.backup_database),
            folder or Path(tempfile.gettempdir()),
            [_text(one) for one in kept],
            _version(),
            lambda data_dir, url: _opened(settings, data_dir, url),
        )
        details = {"entries": found.manifest.size, "drill": True, "faults": len(found.verified.faults)}
        await _tell(settings, found.manifest.id, details)
        _report(found)

    _run(run())


def _report(found: "Drilled") -> None:
    _show(found.verified)
    age = datetime.now(UTC) - found.manifest.made_at
    click.echo(f"backup    {found.making:.1f} s, {found.size} bytes")
    click.echo(f"RTO       {found.restoring:.1f} s to restore and to verify")
    click.echo(f"RPO       {found.entries_lost} entries acknowledged before it began are missing")
    click.echo(f"          {found.entries_meanwhile} came while it was made; it is {age.total_seconds():.0f} s old now")
    if not found.is_sound:
        raise SystemExit(1)


def _show(verified: "Verified") -> None:
    for fault in verified.faults:
        click.echo(f"FAULT  {'' if fault.entry is None else f'entry {fault.entry}: '}{fault.what}")
    state = "sound" if verified.is_sound else "NOT SOUND"
    click.echo(f"{verified.size} entries, {verified.checkpoints} checkpoints: {state}")


async def _tell(settings: "Settings", subject: str, details: "Details") -> None:
    from app.trail.entry import Kind, TrailEntry, seal

    at = datetime.now(UTC)
    entry = TrailEntry(kind=Kind.BACKED_UP, subject=subject, at=at, actor="command line", details=details)
    async with _opened(settings, settings.data_dir, settings.database) as store:
        await store.trail.append([seal(entry)])


@asynccontextmanager
async def _opened(settings: "Settings", data_dir: Path, url: str | None) -> "AsyncIterator[Store]":
    from app.application.kept_files import SETTINGS
    from app.store.opening import store_at

    apart = {file.parent.name: file for file in (data_dir.parent / SETTINGS).glob("*/*")}  # of a backup just put back
    there = settings.model_copy(update={"data_dir": data_dir, **apart})
    store = store_at(url, there.database_path, keys=there.key_source)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _place(settings: "Settings", url: str | None) -> "Place":
    from app.application.kept_files import Place

    files = {name: value for name in type(settings).model_fields if isinstance(value := getattr(settings, name), Path)}
    folders = (files.pop("data_dir"), files.pop("rules_dir"))
    return Place(*folders, settings.database_path, url, files)


def _passphrase(file: Path | None) -> str | None:
    return None if file is None else _text(file).strip()


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error


def _version() -> str:
    from importlib.metadata import version

    return version("mingjian")


def _run(work: "Coroutine[Any, Any, T]") -> T:
    from app.application.backup_manifest import BadBackup
    from app.store.audit_log import NotRecorded
    from app.store.copying import CopyFailed
    from app.store.data_keys import BadKeys
    from app.store.history import Unavailable

    try:
        return asyncio.run(work)
    except (BadBackup, BadKeys, CopyFailed, Unavailable) as error:
        raise click.ClickException(str(error)) from error
    except NotRecorded as error:
        raise click.ClickException(f"the backup is there, and the trail could not tell of it: {error}") from error
