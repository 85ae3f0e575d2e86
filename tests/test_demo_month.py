"""The month of the demo is the same for the same seed, believable, and stored as the service would have stored it."""

import asyncio
import itertools
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from app.domain.access import EVERYWHERE
from app.domain.review import Review, ReviewAction, ReviewState, ReviewStep
from app.store.opening import store_at
from app.store.reviews import ReviewFilter
from app.store.store import Store
from demo.month.decide import Office
from demo.month.faults import Fault, read_faults
from demo.month.visits import Visit, visits
from demo.month.whole import Done, Month, fill_month
from tests.service import ROOT

NOW = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
IDS = {"auditor": "u1", "lead": "u2", "head": "u3"}
COUNT = 600


@cache
def _faults() -> list[Fault]:
    return read_faults(ROOT / "rules" / "national")


def _drawn(seed: int, count: int = COUNT) -> list[Visit]:
    return visits(count, NOW.replace(tzinfo=None), 31, _faults(), Random(seed))


class Filled(NamedTuple):
    done: Done
    reviews: list[Review]
    steps: list[ReviewStep]


async def _reviews(store: Store) -> list[Review]:
    found: list[Review] = []
    cursor, more = "", True
    while more:
        page = await store.reviews.page(ReviewFilter(is_trial=None), EVERYWHERE, cursor=cursor, size=500)
        found += page.reviews
        cursor, more = page.following, bool(page.following)
    return found


async def _fill(folder: Path, seed: int) -> Filled:
    store = store_at(None, folder / "mingjian.sqlite3")
    await store.open()
    try:
        done = await fill_month(Month(COUNT, seed, NOW), store, ROOT / "rules", Office.of(IDS), lambda _: None)
        reviews = await _reviews(store)
        steps = [step for one in reviews for step in await store.reviews.steps(one.id, EVERYWHERE)]
        return Filled(done, reviews, steps)
    finally:
        await store.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return asyncio.run(_fill(tmp_path_factory.mktemp("month"), 7))


def _told(some: Filled) -> list[tuple[Any, ...]]:
    """What does not depend on ids that are drawn anew."""
    by_review = defaultdict(list)
    for step in some.steps:
        by_review[step.review].append((step.action, step.by, step.at, step.comment))
    return sorted(
        (one.encounter, one.rule, one.lines, one.state, one.doctor_answer or "", one.amount_cents or 0, one.deadline
         or date.max, tuple(by_review[one.id]))
        for one in some.reviews
    )  # fmt: skip


def test_the_same_seed_gives_the_same_visits() -> None:
    assert _drawn(1) == _drawn(1)
    assert _drawn(1) != _drawn(2)


def test_the_same_seed_gives_the_same_findings_and_decisions(filled: Filled, tmp_path: Path) -> None:
    again = asyncio.run(_fill(tmp_path, 7))
    assert again.done == filled.done
    assert _told(again) == _told(filled)


def test_all_visits_are_over_and_are_of_the_last_month() -> None:
    drawn, now = _drawn(3), NOW.replace(tzinfo=None)
    assert len(drawn) == COUNT
    assert max(one.settled_at for one in drawn) < now
    assert min(one.seen_at for one in drawn) >= now - timedelta(days=33)
    assert drawn == sorted(drawn, key=lambda one: one.settled_at)


def _overlaps(some: Iterable[Visit]) -> int:
    days = sorted((one.seen_at.date(), one.settled_at.date()) for one in some)
    return sum(later[0] <= earlier[1] for earlier, later in itertools.pairwise(days))


def test_nobody_is_at_two_places_or_of_two_sexes() -> None:
    by_patient = defaultdict(list)
    for one in _drawn(4, 4000):
        by_patient[one.encounter["patient"]["id"]].append(one)
    assert max(map(len, by_patient.values())) > 2
    assert sum(map(_overlaps, by_patient.values())) == 0
    for some in by_patient.values():
        assert len({(one.encounter["patient"]["sex"], one.encounter["patient"]["birth_date"]) for one in some}) == 1


def test_findings_are_spread_and_worked_on(filled: Filled) -> None:
    states = Counter(one.state for one in filled.reviews)
    assert len({one.department for one in filled.reviews}) >= 10
    assert len({one.rule for one in filled.reviews}) >= 15
    assert states[ReviewState.OPEN] < len(filled.reviews) / 4
    assert {ReviewState.OPEN, ReviewState.CLOSED, ReviewState.LAPSED, ReviewState.FALSE_POSITIVE} <= {*states}
    assert max(Counter(one.rule for one in filled.reviews).values()) < len(filled.reviews) / 3


def test_few_deadlines_have_passed(filled: Filled) -> None:
    late = [one for one in filled.reviews if one.deadline is not None and one.deadline < NOW.date()]
    assert len(late) < len(filled.reviews) / 10


def test_steps_are_taken_when_it_was_their_time(filled: Filled) -> None:
    vanished = {step.at.date() for step in filled.steps if step.action is ReviewAction.VANISH}
    assert len(vanished) > 5
    assert max(step.at for step in filled.steps) <= NOW


def test_a_database_that_is_in_use_is_left_alone_and_the_trail_holds(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MINGJIAN_")}
    own["MINGJIAN_DATA_DIR"] = str(tmp_path)

    def run(*command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, env=own, capture_output=True, text=True, timeout=240
        )

    first = run("demo.month", "--encounters", "120")
    assert first.returncode == 0, first.stderr
    verified = run("app.interfaces.cli", "trail", "verify")
    assert verified.returncode == 0, verified.stderr
    assert "sound" in verified.stdout
    again = run("demo.month", "--encounters", "120")
    assert again.returncode == 2
    assert "holds audits already" in again.stderr
