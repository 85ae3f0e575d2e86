"""`python -m demo.month` (演示数据): fill the database of the settings with a month of an invented hospital."""

import asyncio
import sys
from datetime import datetime, timedelta, timezone
from random import Random

import click

from app.application.first_accounts import evaluation_accounts
from app.application.index_reviews import ReviewIndexer, ReviewLaw
from app.application.load_ruleset import load_ruleset
from app.application.reviewing import about_rule
from app.domain.review_policy import DEFAULT_POLICY
from app.engine.ruleset import Ruleset
from app.interfaces.cli.options import read_settings
from app.interfaces.session.staff import Staff, told
from app.knowledge.calendar_file import calendar_in
from app.settings import Settings
from app.store.opening import store_at
from app.store.store import Store
from demo.month.decide import Deciding, Office
from demo.month.faults import read_faults
from demo.month.fill import Filler
from demo.month.hospital import FACILITY, NAME, departments, staff
from demo.month.visits import visits

_DAYS = 31
_CHINA = timezone(timedelta(hours=8))
_LOGINS = ("auditor", "lead", "head")


@click.command()
@click.option("--encounters", default=20_000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--seed", default=20_26, show_default=True, help="The same seed gives the same month.")
def main(encounters: int, seed: int) -> None:
    """Fill an empty database with a believable month, and make an account for each role to look around with."""
    sys.exit(asyncio.run(_filled(read_settings(), encounters, Random(seed))))  # noqa: S311 - invented data


async def _filled(settings: Settings, encounters: int, draw: Random) -> int:
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
        await _fill(settings, store, encounters, draw)
        return 0
    finally:
        await store.close()


async def _fill(settings: Settings, store: Store, encounters: int, draw: Random) -> None:
    ruleset = load_ruleset(settings.rules_dir, settings.cache_dir)
    ids, now = await _people(settings, store), datetime.now(_CHINA)
    await store.directory.put_departments(departments(), caller="demo", at=now)
    await store.directory.put_staff(staff(), caller="demo", at=now)
    faults = read_faults(settings.rules_dir / "national")
    month = visits(encounters, now.date() - timedelta(days=_DAYS), _DAYS, faults, draw)
    until_now = [one for one in month if one.settled_at < now.replace(tzinfo=None)]
    count = await Filler(store, ruleset, draw).fill(until_now, _Progress("审核"))
    click.echo(f"{count}次审核")
    await _indexed(settings, store, ruleset)
    deciding = Deciding(store, Office.of(ids), calendar_in(settings.rules_dir), draw)
    steps = await deciding.run(now, _Progress("办理"))
    click.echo(f"{steps}个办理步骤；机构{FACILITY}，打开 /console 查看")


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


async def _indexed(settings: Settings, store: Store, ruleset: Ruleset) -> None:
    law = ReviewLaw(calendar_in(settings.rules_dir), DEFAULT_POLICY)
    indexer = ReviewIndexer(store.intake, lambda rule: about_rule(ruleset, rule), lambda: law)
    click.echo(f"{await indexer.catch_up()}条存证记录已建档")


class _Progress:
    """A line that counts up, on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what, self._shows = what, sys.stderr.isatty()

    def __call__(self, number: int) -> None:
        if self._shows and number % 100 == 0:
            click.echo(f"\r{self._what} {number}", nl=False, err=True)


if __name__ == "__main__":
    main()
