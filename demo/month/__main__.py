"""`python -m demo.month` (演示数据): fill the database of the settings with a month of an invented hospital."""

import asyncio
import sys
from datetime import datetime, timedelta, timezone

import click

from app.application.first_accounts import evaluation_accounts
from app.interfaces.cli.options import read_settings
from app.interfaces.session.staff import Staff, told
from app.settings import Settings
from app.store.opening import store_at
from app.store.store import Store
from demo.month.decide import Office
from demo.month.hospital import FACILITY, NAME
from demo.month.whole import Month, fill_month

_CHINA = timezone(timedelta(hours=8))
_LOGINS = ("auditor", "lead", "head")


@click.command()
@click.option("--encounters", default=20_000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--seed", default=20_26, show_default=True, help="The same seed gives the same month.")
def main(encounters: int, seed: int) -> None:
    """Fill an empty database with a believable month, and make an account for each role to look around with."""
    sys.exit(asyncio.run(_filled(read_settings(), encounters, seed)))


async def _filled(settings: Settings, encounters: int, seed: int) -> int:
    store = store_at(settings.database, settings.database_path, settings.redis, keys=settings.key_source)
    await store.open()
    try:
        if await store.log.latest_ids(1):
            click.echo(
                "Error: this database holds audits already; set MINGJIAN_DATA_DIR to a new folder, for `make run` too",
                err=True,
            )
            return 2
        click.echo(f"{NAME}：{encounters}次就诊")
        await _fill(settings, store, encounters, seed)
        return 0
    finally:
        await store.close()


async def _fill(settings: Settings, store: Store, encounters: int, seed: int) -> None:
    office = Office.of(await _people(settings, store))
    month = Month(encounters, seed, datetime.now(_CHINA))
    done = await fill_month(month, store, settings.rules_dir, office, _Progress("审核"), settings.cache_dir)
    click.echo(f"{done.audits}次审核，{done.steps}个办理步骤；机构{FACILITY}，打开 /console 查看")


async def _people(settings: Settings, store: Store) -> dict[str, str]:
    """Accounts to look around with: ids by login. Passwords are told once, of those that were made now."""
    team = Staff(settings, store)
    team.tell(await store.secret())
    try:
        made = await evaluation_accounts(team.manager)
        click.echo(told(made) if made else "演示账号已存在；`mingjian accounts reset-password` 可重置口令")
        found = {login: await store.accounts.by_login(login) for login in _LOGINS}
        return {login: account.id for login, account in found.items() if account is not None}
    finally:
        await team.close()


class _Progress:
    """A line that counts up, on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what, self._shows = what, sys.stderr.isatty()

    def __call__(self, number: int) -> None:
        if self._shows and number % 100 == 0:
            click.echo(f"\r{self._what} {number}", nl=False, err=True)


if __name__ == "__main__":
    main()
