"""`mingjian keys create | list | rotate | revoke` (密钥管理): the keys by which machines call."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.manage_keys import Issued, KeyDesk
    from app.domain.access import Caller
    from app.store.api_keys import StoredKey

T = TypeVar("T")

ROLES = ("his_client", "rule_editor", "finance", "management", "log_auditor")
HEADER = ("编号", "名称", "角色", "机构", "有效期至", "最近使用", "状态")
_reason = click.option("--reason", default="", help="Why; kept with the change.")


@click.group()
def keys() -> None:
    """Issue, list, rotate and revoke the keys by which machines call."""


@keys.command()
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="What it may do; may be repeated.  [his_client]"
)
@click.option("--facility", "facilities", multiple=True, help="For whose patients; may be repeated.  [all]")
@click.option("--campus", "campuses", multiple=True, help="Likewise, within the facilities.  [all]")
@click.option("--department", "departments", multiple=True, help="Likewise.  [all]")
@click.option("--network", "networks", multiple=True, help="From where, as 10.1.2.0/24; may be repeated.  [anywhere]")
@click.option("--certificate", "certificates", multiple=True, help="sha256:<64 hex> or subject:CN=…; may be repeated.")
@click.option(
    "--days", type=click.IntRange(1, 1095), help="How long it is good.  [default: $MINGJIAN_KEY_DAYS, else 365]"
)
@click.option("--starts", type=click.DateTime(["%Y-%m-%d"]), help="The first day on which it opens, UTC.  [now]")
@_reason
def create(
    name: str,
    roles: tuple[str, ...],
    facilities: tuple[str, ...],
    campuses: tuple[str, ...],
    departments: tuple[str, ...],
    networks: tuple[str, ...],
    certificates: tuple[str, ...],
    days: int | None,
    starts: datetime | None,
    reason: str,
) -> None:
    """Issue a key for the system called NAME, and print its secret, once.

    A running service knows it at its first use.
    """
    from app.application.manage_keys import KeyRequest
    from app.domain.access import Role, Scope
    from app.domain.api_key import BadKey

    begins = None if starts is None else starts.replace(tzinfo=UTC)
    asked = KeyRequest(
        name=name,
        roles=frozenset(Role(one) for one in roles or ("his_client",)),
        scope=Scope(
            facilities=frozenset(facilities) or None,
            campuses=frozenset(campuses) or None,
            departments=frozenset(departments) or None,
        ),
        networks=networks,
        certificates=certificates,
        not_before=begins,
        expires_at=None if days is None else (begins or datetime.now(UTC)) + timedelta(days=days),
        reason=reason,
    )
    try:
        _tell(_ask(lambda desk, by: desk.issue(asked, by)))
    except BadKey as error:
        raise BadInput(str(error)) from None


@keys.command("list")
@click.option("--all", "with_ended", is_flag=True, help="Revoked and expired ones too.")
def list_keys(with_ended: bool) -> None:
    """List the keys, the latest issued first. No secret is told: nobody knows it."""
    from app.interfaces.cli.table import table

    now = datetime.now(UTC)
    found = _ask(lambda desk, by: desk.keys(by))
    rows = [_cells(one, now) for one in found if with_ended or not _ended(one, now)]
    for line in table(HEADER, rows):
        click.echo(line)


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap-days",
    type=click.IntRange(0, 90),
    help="How long the earlier secret goes on; 0 ends it now.  [default: $MINGJIAN_KEY_OVERLAP_DAYS, else 7]",
)
@_reason
def rotate(key_id: str, overlap_days: int | None, reason: str) -> None:
    """Give the key ID a new secret, and print it, once."""
    overlap = None if overlap_days is None else timedelta(days=overlap_days)
    _tell(_ask(lambda desk, by: desk.rotate(key_id, by, overlap, reason)))


@keys.command()
@click.argument("key_id", metavar="ID")
@_reason
def revoke(key_id: str, reason: str) -> None:
    """End the key ID: within five seconds it opens no worker any more."""
    key = _ask(lambda desk, by: desk.revoke(key_id, by, reason))
    click.echo(f"{key.id} ({key.name}) is revoked")


def _cells(one: "StoredKey", now: datetime) -> tuple[str, ...]:
    key, used = one.key, one.last_used_at
    scope = key.scope.facilities
    return (
        key.id,
        key.name,
        "，".join(sorted(key.roles)),
        "全部" if scope is None else "，".join(sorted(scope)),
        _day(key.expires_at),
        "" if used is None else _day(datetime.fromtimestamp(used / 1e6, UTC)),
        _ended(one, now) or ("旧密钥并用至 " + _day(key.earlier_until) if key.earlier_until else "有效"),
    )


def _ended(one: "StoredKey", now: datetime) -> str:
    if one.key.revoked_at is not None:
        return "已吊销"
    return "已过期" if one.key.expires_at <= now else ""


def _day(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d")


def _tell(issued: "Issued") -> None:
    key = issued.key
    click.echo(f"key {key.id} ({key.name}), good until {_day(key.expires_at)}; its secret is told now and never again:")
    click.echo(f"Authorization: Bearer {issued.token}")
    if key.earlier_until is not None:
        click.echo(f"the earlier secret goes on until {_day(key.earlier_until)}")


def _ask(question: "Callable[[KeyDesk, Caller], Awaitable[T]]") -> T:
    import asyncio
    import sqlite3

    from app.application.manage_keys import ChangedMeanwhile, KeyEnded, UnknownKey
    from app.store.audit_log import NotRecorded
    from app.store.history import Unavailable

    try:
        return asyncio.run(_asked(question))
    except UnknownKey as error:
        raise BadInput(f"no key {error} was issued; see `mingjian keys list --all`") from None
    except KeyEnded as error:
        raise BadInput(f"key {error} was revoked; issue a new one with `mingjian keys create`") from None
    except ChangedMeanwhile:
        raise click.ClickException("somebody else changed the key at the same moment; nothing was done") from None
    except (NotRecorded, Unavailable, sqlite3.Error) as error:
        raise click.ClickException(f"nothing was changed, as the database does not answer: {error}") from error


async def _asked(question: "Callable[[KeyDesk, Caller], Awaitable[T]]") -> T:
    from app.application.manage_keys import KeyDesk
    from app.domain.access import Caller, Role
    from app.store.opening import store_at

    settings = read_settings()
    by = Caller(id="command line", roles=frozenset({Role.SECURITY_ADMINISTRATOR}), kind="command")
    store = store_at(settings.database, settings.database_path, keys=settings.key_source)
    await store.open()
    try:
        return await question(KeyDesk(store.keys, days=settings.key_days, overlap_days=settings.key_overlap_days), by)
    finally:
        await store.close()
