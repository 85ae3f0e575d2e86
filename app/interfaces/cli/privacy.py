"""`mingjian privacy` (隐私保护): data keys, their rotation, and retention."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.rotate_data_key import KeyRotation, Progress
    from app.settings import Settings
    from app.store.store import Store

T = TypeVar("T")
_CALLER = "command line"


@click.group()
def privacy() -> None:
    """Data keys, their rotation, and how long the contents of audits are kept."""


@privacy.command()
def keys() -> None:
    """List the data keys, and how many rows each has encrypted."""

    async def use(store: "Store", _: "Settings") -> None:
        counts = await store.resealing.counts()
        ring = store.vault.ring
        known = [] if ring is None else [one.name for one in ring.keys]
        for name in [*known, *[one for one in counts if one not in known]]:
            what = "newest" if known and name == known[-1] else "MISSING" if name not in known else "older"
            rows = ", ".join(f"{column} {count}" for column, count in counts.get(name, {}).items()) or "nothing"
            click.echo(f"{name or 'not encrypted'}  {what if name else ''}  {rows}")

    _run(use)


@privacy.command()
@click.option("--new-key", is_flag=True, help="Make a new key first; workers that run take it up by themselves.")
def rotate(new_key: bool) -> None:
    """Encrypt everything anew by the newest key, while the service runs; may be stopped and started again."""

    async def use(store: "Store", _: "Settings") -> None:
        rotation = _rotation(store)
        if new_key:
            key = await rotation.add_key(caller=_CALLER)
            click.echo(f"new data key {key.name}: copy the key file to where backups do not go")
        total = await rotation.rotate(caller=_CALLER, watch=_show)
        click.echo(f"done: {total} rows encrypted anew")

    _run(use)


@privacy.command()
@click.argument("key")
def forget(key: str) -> None:
    """Take KEY out of the key file, once nothing is encrypted by it. Older backups cannot be read any more then."""
    _run(lambda store, _: _rotation(store).forget(key, caller=_CALLER))
    click.echo(f"data key {key} is forgotten")


@privacy.command()
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="Erase what was recorded before this day.")
@click.option("--days", type=click.IntRange(1), help="Erase what is older than so many days.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def retention(before: datetime | None, days: int | None, dry_run: bool) -> None:
    """Erase the contents of audits whose time is over: without options, by the years that the settings give.

    At least 180 days are kept, whatever is asked for.
    """
    if before is not None and days is not None:
        raise click.UsageError("give --before or --days, not both")

    async def use(store: "Store", settings: "Settings") -> None:
        from app.application.erase_personal import Eraser
        from app.application.retain_audits import Retention, Terms

        kept = Retention(store.contents, store.log, Eraser(store.erasure))
        terms = kept.terms(settings.keep_outpatient_years, settings.keep_inpatient_years)
        if before is not None or days is not None:
            day = before.replace(tzinfo=UTC) if before else datetime.now(UTC) - timedelta(days=days or 0)
            terms = Terms(day, day)
        found = await kept.apply(terms, caller=_CALLER, only_count=dry_run)
        click.echo(f"{'to erase' if dry_run else 'erased'}: the contents of {found.erased} audits; kept: {found.kept}")

    _run(use)


def _rotation(store: "Store") -> "KeyRotation":
    from app.application.rotate_data_key import KeyRotation

    return KeyRotation(store.resealing)


def _show(progress: "Progress") -> None:
    click.echo(f"{progress.column}: {progress.done}", err=True)


def _run(use: "Callable[[Store, Settings], Awaitable[T]]") -> T:
    from app.store.audit_log import NotRecorded
    from app.store.data_keys import BadKeys, UnknownKey
    from app.store.history import Unavailable
    from app.store.opening import store_at

    async def run() -> T:
        settings = read_settings()
        store = store_at(settings.database, settings.database_path, keys=settings.key_source)
        await store.open()
        try:
            return await use(store, settings)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except (BadKeys, UnknownKey, ValueError) as error:
        raise BadInput(str(error.args[0])) from error
    except (Unavailable, NotRecorded) as error:
        raise click.ClickException(str(error)) from error
