"""`mingjian erase` (删除个人信息): at the end of retention, or because the law asks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.erase_personal import Erased, Eraser


@click.group()
def erase() -> None:
    """Erase what identifies patients; the trail stays whole, and tells that it was done."""


@erase.command()
@click.argument("patient_id")
@click.option("--facility", required=True, help="The facility whose records are meant.")
@click.option("--reason", required=True, help="Why; it becomes part of the trail.")
def patient(patient_id: str, facility: str, reason: str) -> None:
    """Erase the history of PATIENT_ID, the contents of the patient's audits, and what was said about findings."""
    _told(lambda eraser: eraser.erase_patient(patient_id, facility, caller="command line", reason=reason))


@erase.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
def before(day: datetime) -> None:
    """Erase the contents of audits older than DAY, which must lie six months back at least."""
    _told(lambda eraser: eraser.erase_before(day.replace(tzinfo=UTC), caller="command line"))


def _told(use: "Callable[[Eraser], Awaitable[Erased]]") -> None:
    async def run() -> "Erased":
        from app.application.erase_personal import Eraser
        from app.store.opening import store_at

        settings = read_settings()
        store = store_at(settings.database, settings.database_path, keys=settings.key_source)
        await store.open()
        try:
            return await use(Eraser(store.erasure))
        finally:
            await store.close()

    try:
        found = asyncio.run(run())
    except ValueError as error:
        raise BadInput(str(error)) from error
    told = f"the contents of {found.audits} audits, {found.encounters} encounters of history"
    click.echo(f"erased: {told}, what was said about {found.findings} findings")
