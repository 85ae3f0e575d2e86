"""`mingjian rules publish | rollback | revisions` (规则库发布): put rules in force in every worker, and back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from app.interfaces.cli.options import BadInput, read_settings, rules_option, rules_root

if TYPE_CHECKING:
    from app.application.publish_ruleset import Moved, Revision, RulesetPublisher
    from app.store.rulesets import Move

T = TypeVar("T")

REVISIONS = ("版本", "存入时间", "存入者", "规则", "知识点", "状态")
MOVES = ("时间", "操作", "版本", "操作者", "原因")
_ACTIONS = {"publish": "发布", "rollback": "回退"}


@click.command()
@click.option("--reason", default="", help="Why; kept with the publication.")
@rules_option
def publish(reason: str, rules_dir: Path | None) -> None:
    """Put the rule packs in force.

    They are checked, their examples are run, and they are compiled; any fault refuses all. The revision is stored for
    good, and every worker of every replica judges by it within two seconds.
    """
    from app.knowledge.pack import PackError

    root = rules_root(rules_dir)
    try:
        moved = _ask(lambda publisher: publisher.publish(root, caller=_caller(), reason=reason))
    except PackError as error:
        raise BadInput(f"nothing was published:\n{error}") from error
    _tell(moved)


@click.command()
@click.argument("revision", required=False)
@click.option("--reason", required=True, help="Why; kept with the rollback.")
def rollback(revision: str | None, reason: str) -> None:
    """Put a stored REVISION in force again; by default the one that was in force before.

    To roll back twice goes back by two. `mingjian rules revisions` lists what is stored.
    """
    from app.application.publish_ruleset import NothingBefore, UnknownRevision, UnreadableRevision

    caller = _caller()
    try:
        if revision is None:
            moved = _ask(lambda publisher: publisher.roll_back(caller=caller, reason=reason))
        else:
            moved = _ask(lambda publisher: publisher.activate(revision, caller=caller, reason=reason))
    except NothingBefore:
        raise BadInput("no other ruleset was in force before this one") from None
    except UnknownRevision as error:
        raise BadInput(f"no ruleset {error} is stored; see `mingjian rules revisions`") from None
    except UnreadableRevision as error:
        raise BadInput(f"this version cannot read that ruleset: {error}; publish its packs again") from None
    _tell(moved)


@click.command()
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, the newest first."
)
def revisions(limit: int) -> None:
    """List the stored revisions, and what was put in force when, by whom and why."""
    from app.interfaces.cli.table import table

    async def listed(publisher: "RulesetPublisher") -> "tuple[list[Revision], list[Move]]":
        return await publisher.revisions(limit), await publisher.moves(limit)

    stored, moves = _ask(listed)
    for line in table(REVISIONS, [_cells(one) for one in stored], right=("规则", "知识点")):
        click.echo(line)
    click.echo()
    rows = [
        (_time(one.at), _ACTIONS.get(one.action, one.action), one.revision, one.caller, one.reason) for one in moves
    ]
    for line in table(MOVES, rows):
        click.echo(line)


def _cells(one: "Revision") -> tuple[str, ...]:
    state = "由其他版本的服务写入，本版本不能读取" if not one.is_readable else "现行" if one.is_in_force else ""
    if one.is_in_force and not one.is_readable:
        state = f"现行；{state}"
    rules, points = ("" if count is None else str(count) for count in (one.rules, one.points))
    return one.revision, _time(one.stored_at), one.stored_by, rules, points, state


def _time(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _tell(moved: "Moved") -> None:
    move = moved.move
    if moved.is_new:
        click.echo(f"{move.revision} is in force from now on")
    else:
        click.echo(f"{move.revision} is in force already, since {_time(move.at)}; nothing was changed")


def _caller() -> str:
    import getpass

    try:
        return f"{getpass.getuser()[:40]} (command line)"
    except (OSError, KeyError):  # a container whose user has no name
        return "command line"


def _ask(question: "Callable[[RulesetPublisher], Awaitable[T]]") -> T:
    import asyncio
    import sqlite3

    from app.store.audit_log import NotRecorded
    from app.store.history import Unavailable

    async def asked() -> T:
        async with _publisher() as publisher:
            return await question(publisher)

    try:
        return asyncio.run(asked())
    except (NotRecorded, Unavailable, sqlite3.Error) as error:
        raise click.ClickException(f"nothing was changed, as the database does not answer: {error}") from error


@asynccontextmanager
async def _publisher() -> "AsyncIterator[RulesetPublisher]":
    from app.application.publish_ruleset import RulesetPublisher
    from app.store.opening import store_at

    settings = read_settings()
    store = store_at(settings.database, settings.database_path, settings.redis, keys=settings.key_source)
    await store.open()
    try:
        yield RulesetPublisher(store.rulesets, store.distribution)
    finally:
        await store.close()
