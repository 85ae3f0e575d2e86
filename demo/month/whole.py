"""The whole month (整月): audits come in, their findings are taken up, and staff decide, each day after the other."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import groupby
from pathlib import Path
from random import Random
from typing import NamedTuple

from app.application.index_reviews import ReviewIndexer, ReviewLaw
from app.application.known_items import KnownItems
from app.application.load_ruleset import load_ruleset
from app.application.reviewing import about_rule
from app.application.watch_deadlines import DeadlineWatch
from app.domain.review_policy import DEFAULT_POLICY
from app.knowledge.calendar_file import calendar_in
from app.store.store import Store
from demo.month.decide import Deciding, Office
from demo.month.faults import read_faults
from demo.month.fill import Clock, Filler
from demo.month.hospital import departments, staff
from demo.month.visits import Visit, visits

_DAYS = 31
_CHINA = timezone(timedelta(hours=8))
_HOURS = 12  # of a shift


class Month(NamedTuple):
    """The same of all three give the same month. It ends now."""

    encounters: int
    seed: int
    now: datetime


class Done(NamedTuple):
    audits: int
    steps: int


async def fill_month(
    month: Month,
    store: Store,
    rules: Path,
    office: Office,
    told: Callable[[int], None],
    compiled: Path | None = None,
) -> Done:
    """`told` hears how many audits there are by now; `compiled` is where the compiled rules are kept."""
    ruleset, law = load_ruleset(rules, compiled), ReviewLaw(calendar_in(rules), DEFAULT_POLICY)
    await store.directory.put_departments(departments(), caller="demo", at=month.now)
    await store.directory.put_staff(staff(), caller="demo", at=month.now)
    clock = Clock()
    filler = Filler(store, ruleset, month.seed, told)
    indexer = ReviewIndexer(store.intake, lambda rule: about_rule(ruleset, rule), lambda: law, clock)
    deciding = Deciding(store, office, law.calendar, month.seed)
    watch = DeadlineWatch(store.reviews, law.calendar, now=clock)
    for _, some in groupby(_visits(month, rules, KnownItems(lambda: ruleset)), _shift):
        here = list(some)
        await filler.fill(here)
        clock.set(here[-1].settled_at.replace(tzinfo=_CHINA))
        await indexer.catch_up()
        await watch.run_once()
        await deciding.run(clock())
    await deciding.run(month.now)
    return Done(filler.count, deciding.count)


def _visits(month: Month, rules: Path, items: KnownItems) -> list[Visit]:
    def named(code: str) -> str:
        return next((one.name for one in items.find(code, 1) if one.code == code), "")

    draw = Random(month.seed)  # noqa: S311 - invented data
    now = month.now.astimezone(_CHINA).replace(tzinfo=None)
    return visits(month.encounters, now, _DAYS, read_faults(rules / "national", cache(named)), draw)


def _shift(one: Visit) -> tuple[date, int]:
    """The part of the day after which staff see what was found in it."""
    return one.settled_at.date(), one.settled_at.hour // _HOURS
