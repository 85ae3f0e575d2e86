"""`mingjian accounts` (账号管理): for the operator at the machine, who needs no account to make one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.manage_accounts import Made
    from app.domain.access import Role
    from app.interfaces.session.staff import Staff

T = TypeVar("T")


@click.group()
def accounts() -> None:
    """Accounts of staff. Whatever is changed is an entry of the trail."""


@accounts.command("list")
def list_accounts() -> None:
    """The accounts, by login name."""
    found = _done(lambda staff: staff.manager.all(limit=100_000))
    for one in found:
        state = " disabled" if one.is_disabled else ""
        click.echo(f"{one.login:<24} {one.name}  {' '.join(sorted(one.roles)) or '-'}{state}")


@accounts.command()
@click.argument("login")
@click.option("--name", required=True, help="The name that others see.")
@click.option("--role", "roles", multiple=True, help="As in docs/accounts.md; may be given again.")
@click.option("--facility", "facilities", multiple=True, help="Only this facility; may be given again.")
@click.option("--campus", "campuses", multiple=True, help="Only this campus; may be given again.")
@click.option("--department", "departments", multiple=True, help="Only this department; may be given again.")
@click.option("--practitioner", default="", help="Only the patients of the doctor with this code.")
def create(
    login: str,
    name: str,
    roles: tuple[str, ...],
    facilities: tuple[str, ...],
    campuses: tuple[str, ...],
    departments: tuple[str, ...],
    practitioner: str,
) -> None:
    """Create the account LOGIN, and print the password for its first sign-in."""
    from app.application.first_accounts import AT_THE_MACHINE
    from app.domain.access import Scope

    limits = {"facilities": facilities, "campuses": campuses, "departments": departments}
    scope: Scope = Scope(
        **{field: frozenset(some) if some else None for field, some in limits.items()}, practitioner=practitioner
    )
    wanted = _roles(roles)
    made = _done(lambda staff: staff.manager.create(login, name, caller=AT_THE_MACHINE, roles=wanted, scope=scope))
    _tell([made])


@accounts.command("reset-password")
@click.argument("login")
@click.option("--remove-otp", is_flag=True, help="The second factor is lost too.")
def reset_password(login: str, remove_otp: bool) -> None:
    """Print a new password for LOGIN, good for one sign-in; all its sessions end."""
    from app.application.first_accounts import AT_THE_MACHINE

    async def reset(staff: "Staff") -> "Made":
        account = await _account(staff, login)
        if remove_otp:
            await staff.manager.remove_otp(account, caller=AT_THE_MACHINE)
        return await staff.manager.reset_password(account, caller=AT_THE_MACHINE)

    _tell([_done(reset)])


@accounts.command()
@click.argument("login")
@click.option("--enable", is_flag=True, help="Let it in again.")
def disable(login: str, enable: bool) -> None:
    """Shut the account LOGIN out; all its sessions end."""
    from app.application.first_accounts import AT_THE_MACHINE

    async def change(staff: "Staff") -> None:
        held = await staff.manager.get(await _account(staff, login))
        await staff.manager.change(held.id, held.version, caller=AT_THE_MACHINE, is_disabled=not enable)

    _done(change)
    click.echo(f"{login} is {'enabled' if enable else 'disabled'}")


@accounts.command()
def evaluation() -> None:
    """Create an account for each role, to look around with, and print their passwords. Not for real patients' data."""
    from app.application.first_accounts import evaluation_accounts

    made = _done(lambda staff: evaluation_accounts(staff.manager))
    if made:
        _tell(made)
    else:
        click.echo("all of them are there already; `mingjian accounts reset-password` gives new passwords")


def _roles(names: tuple[str, ...]) -> "frozenset[Role]":
    from app.domain.access import Role

    if unknown := [one for one in names if one not in set(Role)]:
        raise BadInput(f"--role {unknown[0]}: there is no such role; there are {', '.join(Role)}")
    return frozenset(Role(one) for one in names)


async def _account(staff: "Staff", login: str) -> str:
    found = await staff.manager.by_login(login)
    if found is None:
        raise BadInput(f"there is no account {login!r}; `mingjian accounts list` tells which there are")
    return found.id


def _tell(made: "list[Made]") -> None:
    from app.interfaces.session.staff import told

    click.echo(told(made))


def _done(use: "Callable[[Staff], Awaitable[T]]") -> T:
    from app.application.manage_accounts import BadAccount, ChangedMeanwhile, LoginTaken, NotAllowed
    from app.interfaces.session.staff import Staff
    from app.store.opening import store_at

    async def run() -> T:
        settings = read_settings()
        store = store_at(settings.database, settings.database_path, keys=settings.key_source)
        await store.open()
        try:
            staff = Staff(settings, store)
            staff.tell(await store.secret())
            try:
                return await use(staff)
            finally:
                await staff.close()
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except LoginTaken as error:
        raise BadInput(f"there is an account {str(error)!r} already") from error
    except ChangedMeanwhile as error:
        raise BadInput("the account was changed at this moment; do it again") from error
    except (BadAccount, NotAllowed) as error:
        raise BadInput(str(error)) from error
