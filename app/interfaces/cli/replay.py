"""`mingjian replay` (审核重演): judge stored audits again, and see that every finding comes out as it was answered."""

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import open_rules, read_settings

if TYPE_CHECKING:
    from app.application.replay_audits import Replayed


@click.command()
@click.argument("audit_id", metavar="[AUDIT_ID]", required=False)
@click.option("--latest", type=click.IntRange(1), metavar="N", help="Replay the latest N audits instead of one.")
@click.option(
    "--show", is_flag=True, help="Print the answer that was stored, and the one that came out, if they differ."
)
def replay(audit_id: str | None, latest: int | None, show: bool) -> None:
    """Judge the audit AUDIT_ID again from its stored facts, by the ruleset that judged it then.

    Everything must come out byte for byte as it was answered; the exit code is 1 where it does not.
    """
    import asyncio

    if (audit_id is None) == (latest is None):
        raise click.UsageError("give an AUDIT_ID, or --latest N")
    if not asyncio.run(_replay(audit_id, latest or 0, show)):
        raise SystemExit(1)


async def _replay(audit_id: str | None, latest: int, show: bool) -> bool:
    from app.application.audit_coding import judge_of
    from app.application.replay_audits import Replayer
    from app.store.opening import store_at

    settings = read_settings()
    store = store_at(settings.database, settings.database_path, keys=settings.key_source)
    await store.open()
    try:
        coding = partial(judge_of, rules_dir=settings.rules_dir, cache_dir=settings.cache_dir)
        replayer = Replayer(store.log, store.rulesets, lambda: open_rules(settings.rules_dir), coding)
        if audit_id is None:
            return await _replay_many(replayer.replay_latest(latest), show)
        found = await replayer.replay(audit_id)
        if found is None:
            raise click.ClickException(f"there is no audit {audit_id}")
        click.echo(_told(found))
        _show(found, show)
        return found.is_identical
    finally:
        await store.close()


async def _replay_many(replayed: "AsyncIterator[Replayed]", show: bool) -> bool:
    count = different = 0
    async for one in replayed:
        count += 1
        if not one.is_identical:
            different += 1
            click.echo(_told(one))
            _show(one, show)
    click.echo(f"{count} audits replayed: {count - different} identical, {different} not")
    return not different


def _told(one: "Replayed") -> str:
    if one.is_identical:
        return f"{one.audit}: identical, {len(one.stored)} bytes"
    return f"{one.audit}: {one.problem or 'DIFFERENT from what was answered'}"


def _show(one: "Replayed", show: bool) -> None:
    if show and not one.is_identical and not one.problem:
        click.echo(
            f"stored  {(one.stored + one.stored_hidden).decode()}\nagain   {(one.again + one.again_hidden).decode()}"
        )
