"""`mingjian feeds` (外部数据导入): stock, trace codes, reports, statistics, lists and budgets, from files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.feed_rows import Form
    from app.application.load_feed import FeedLoaded

_TOLD = 20  # faults that are printed
NAMES = ("stock", "trace_codes", "infections", "statistics", "blacklist", "budgets")


@click.group()
def feeds() -> None:
    """Load the data that some rules need and no request carries."""


@feeds.command("import")
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_feed(name: str, file: Path) -> None:
    """Load FILE into the feed NAME: all of its rows, or none.

    NAME is stock, trace_codes, infections, statistics, blacklist or budgets. FILE is CSV with a header line (.csv) or
    JSON lines (.ndjson, .jsonl). A record replaces the one with its key. A running service takes it up in seconds.
    """
    import asyncio
    import sqlite3

    from app.application.feed_rows import BadFeed
    from app.store.audit_log import NotRecorded

    form = _form_of(file)
    try:
        loaded = asyncio.run(_load(name, file.read_bytes(), form))
    except BadFeed as error:
        faults = [f"{file} {fault}" for fault in error.faults[:_TOLD]]
        more = [f"… and {len(error.faults) - _TOLD} more"] if len(error.faults) > _TOLD else []
        raise BadInput("\n".join(["nothing was stored:", *faults, *more])) from error
    except (NotRecorded, sqlite3.Error) as error:
        raise click.ClickException(f"the records could not be stored: {error}") from error
    told = f"{loaded.added} added, {loaded.changed} changed, {loaded.unchanged} unchanged"
    click.echo(f"{name}: {loaded.rows} rows read: {told}; the feed holds {loaded.records} records")


def _form_of(file: Path) -> "Form":
    from app.application.feed_rows import Form

    forms = {".csv": Form.CSV, ".ndjson": Form.JSON_LINES, ".jsonl": Form.JSON_LINES}
    try:
        return forms[file.suffix.lower()]
    except KeyError:
        raise BadInput(f"{file}: give a file that ends in {' or '.join(forms)}") from None


async def _load(name: str, content: bytes, form: "Form") -> "FeedLoaded":
    from app.application.load_feed import FeedLoader
    from app.store.opening import store_at

    settings = read_settings()
    store = store_at(settings.database, settings.database_path, keys=settings.key_source)
    await store.open()
    try:
        loader = FeedLoader(store.feeds)
        await loader.open()
        return await loader.load(name, content, form, caller="command line")
    finally:
        await store.close()
