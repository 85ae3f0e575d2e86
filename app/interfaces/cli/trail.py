"""`mingjian trail` (审计存证): verify the log, prove an entry, export it, and witness somebody else's."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.verify_trail import Verified
    from app.store.store import Store
    from app.trail.note import Checkpoint, Verifier

T = TypeVar("T")


@click.group()
def trail() -> None:
    """Check and export the tamper-evident trail."""


@trail.command()
@click.option("--tail", type=click.IntRange(1), metavar="N", help="Only the last N entries.")
@click.option("--since", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="CHECKPOINT",
              help="From this signed checkpoint on, which the log must still lead to.")  # fmt: skip
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
              metavar="CHECKPOINT", help="A checkpoint kept elsewhere that the log must still lead to.")  # fmt: skip
@click.option("--key", "keys", multiple=True, metavar="PUB", help="The log's public key, as text or file.")
def verify(tail: int | None, since: Path | None, against: tuple[Path, ...], keys: tuple[str, ...]) -> None:
    """Verify every entry, every checkpoint, and every row that an entry tells of.

    Without --key, the key that the service signs with. The exit code is 1 where anything does not hold.
    """

    async def run(store: "Store") -> "Verified":
        from app.application.verify_trail import TrailVerifier

        known = _verifiers(keys)
        kept = [_checkpoint(file, known) for file in against]
        first = 0
        if tail is not None:
            first = max(0, await store.trail.size() - tail)
        if since is not None:
            found = _checkpoint(since, known)
            kept.append(found)
            first = found.size
            await _leads_to(store, found)
        return await TrailVerifier(store.trail, store.effects, known).verify(since=first, against=kept)

    found = _with_store(run)
    for fault in found.faults:
        place = "" if fault.entry is None else f"entry {fault.entry}: "
        click.echo(f"FAULT  {place}{fault.what}")
    click.echo(f"{found.size} entries, {found.checkpoints} checkpoints: {'sound' if found.is_sound else 'NOT SOUND'}")
    if not found.is_sound:
        raise SystemExit(1)


async def _leads_to(store: "Store", kept: "Checkpoint") -> None:
    from app.application.read_trail import TrailReader

    try:
        root = await TrailReader(store.trail).computed(lambda tree: tree.root(kept.size))
    except ValueError:
        root = b""
    if root != kept.root:
        raise click.ClickException(f"FAULT: the log does not lead to the checkpoint of size {kept.size}")


@trail.command()
@click.argument("entry", type=click.IntRange(0))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: entry-N.tlog-proof]")
def prove(entry: int, out: Path | None) -> None:
    """Write a self-contained proof of the entry with this number."""
    from app.application.read_trail import NotYet, TrailReader

    async def run(store: "Store") -> str:
        try:
            return (await TrailReader(store.trail).proof_file(entry)).encode()
        except NotYet as error:
            raise click.ClickException(str(error)) from error

    file = out or Path(f"entry-{entry}.tlog-proof")
    file.write_text(_with_store(run), "utf-8")
    click.echo(f"{file}: check it with `mingjian trail verify-proof {file} --key PUB`, or with verifier.py alone")


@trail.command("verify-proof")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", required=True, metavar="PUB", help="The log's public key, as text or file.")
def verify_proof(file: Path, key: str) -> None:
    """Check a proof file: no database, no network, no other part of this program."""
    from app.trail import verifier

    try:
        text = Path(key).read_text("ascii").splitlines()[0] if Path(key).is_file() else key
        number, entry, size = verifier.verify_proof(file.read_text("utf-8"), text)
    except (verifier.Refused, ValueError, OSError, IndexError) as error:
        raise click.ClickException(f"REFUSED: {error}") from error
    click.echo(f"OK: entry {number} of the signed log of {size} entries:\n{entry.decode('utf-8', 'replace')}")


@trail.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write the log to FOLDER: tiles, checkpoint, public key and verifier, to be checked anywhere."""
    from app.application.export_trail import export_trail

    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty; give a new folder")
    count = _with_store(lambda store: export_trail(store.trail, folder, _public_keys()))
    click.echo(f"{count} entries in {folder}; check them with: python {folder}/verifier.py {folder} {folder}/key.pub")


@trail.command()
def fsck() -> None:
    """Derive every hash and root anew from the entries' bytes, and compare them with what is stored."""
    found = _with_store(_fsck)
    for fault in found:
        click.echo(f"FAULT  {fault}")
    click.echo("derived hashes agree with the entries" if not found else f"{len(found)} faults")
    if found:
        raise SystemExit(1)


async def _fsck(store: "Store") -> list[str]:
    from app.application.export_trail import derived_faults

    return await derived_faults(store.trail)


@trail.command()
@click.option("--key-file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Made if absent.")
@click.option("--name", default="witness.local/1", show_default=True, help="The name of a new key.")
@click.option("--log", "logs", required=True, multiple=True, metavar="PUB", help="A log's public key, text or file.")
@click.option("--state", required=True, type=click.Path(dir_okay=False, path_type=Path), help="What was seen.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8700, show_default=True)
def witness(key_file: Path, name: str, logs: tuple[str, ...], state: Path, host: str, port: int) -> None:
    """Cosign checkpoints of logs that only ever grow; run it on another machine than the log's."""
    import time

    from app.application.trail_keys import witness_key
    from app.interfaces.witness import serve_witness
    from app.trail.note import BadNote
    from app.trail.witness import SeenFile, Witness, trusted

    try:
        key = witness_key(key_file, name)
        seen = SeenFile(state)
    except (BadNote, ValueError) as error:
        raise BadInput(str(error)) from error
    click.echo(f"witness {key.verifier_key}")
    serve_witness(Witness(key, trusted(_verifiers(logs)), seen, time.time), host, port)


def _public_keys() -> list[str]:
    from app.application.trail_keys import trail_signers

    one = read_settings()
    signers = trail_signers(one.trail_dir, one.trail_origin, one.trail_key_file, one.trail_sm2_key_file)
    return [getattr(signer, "verifier_key", "") for signer in signers]


def _verifiers(keys: tuple[str, ...]) -> "list[Verifier]":
    from app.trail.keys import read_verifier
    from app.trail.note import BadNote

    found: list[Verifier] = []
    try:
        for key in keys or tuple(_public_keys()):
            text = Path(key).read_text("ascii") if len(key) < 4096 and Path(key).is_file() else key
            found += [read_verifier(line) for line in text.split()]
    except (BadNote, OSError) as error:
        raise BadInput(str(error)) from error
    return found


def _checkpoint(file: Path, known: "list[Verifier]") -> "Checkpoint":
    from app.trail.note import BadNote, read_checkpoint, read_note, verified_by

    try:
        note = read_note(file.read_text("utf-8"))
        if not verified_by(note, known):
            raise BadInput(f"{file} is not signed by a key that is known; give it with --key")
        return read_checkpoint(note.text)
    except (BadNote, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: {error}") from error


def _with_store(use: "Callable[[Store], Awaitable[T]]") -> T:
    async def run() -> T:
        from app.store.opening import store_at

        settings = read_settings()
        store = store_at(settings.database, settings.database_path, keys=settings.key_source)
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())
