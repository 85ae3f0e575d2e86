"""Findings under review in PostgreSQL: every pair and triple of the console's filters, search, overviews, every page,
intake.

`python -m benchmarks findings [--rows 200000]`; with `--rows 10000000` it is what docs/findings-query.md tells of,
takes half an hour and 30 GB of disk, and writes the plans there.
"""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from random import Random
from typing import Any

import uvloop

from app.domain.access import EVERYWHERE, Scope
from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import ReviewState
from app.store.postgres.store import postgres_store
from app.store.review_counts import Axis
from app.store.reviews import LATEST_FIRST, Grain, Order, Overview, ReviewFilter, ReviewStore, Sorting
from benchmarks.findings_fill import fill
from benchmarks.findings_intake import intake_rate
from benchmarks.findings_pages import measure_pages, told_of
from benchmarks.findings_plans import write_document
from benchmarks.goals import goal
from benchmarks.stopwatch import Stopwatch, Taken, percentile
from tests.servers import running_postgres

NOW = datetime(2026, 11, 5, tzinfo=UTC)
_R = ReviewState
# What the filter bar of the console offers; of each something frequent and something rare.
CHOICES: dict[str, list[dict[str, Any]]] = {
    "time": [{"found_from": NOW - timedelta(days=days)} for days in (30, 365)],
    "facility": [{"facilities": ("H0",)}, {"facilities": ("H4",)}],
    "campus": [{"campuses": ("西院",)}],
    "department": [{"departments": ("0000",)}, {"departments": ("0057",)}],
    "practitioner": [{"practitioners": ("D000000000000",)}, {"practitioners": ("D000000405711",)}],
    "rule": [{"rules": ("rule-000",)}, {"rules": ("rule-118",)}],
    "class": [{"rule_classes": ("类别3",)}],
    "category": [{"categories": ("违规行为1",)}, {"categories": ("违规行为13",)}],
    "severity": [{"severities": (Severity.DEFINITE,)}, {"severities": (Severity.SLIGHTLY_SUSPECT,)}],
    "stage": [{"stages": (Stage.ORDERING,)}, {"stages": (Stage.SETTLED,)}],
    "state": [{"states": (_R.OPEN, _R.IN_REVIEW)}, {"states": (_R.RECTIFYING,)}, {"states": (_R.CLOSED,)}],
    "insurance": [{"insurance_types": (InsuranceType.RESIDENT,)}, {"insurance_types": (InsuranceType.MATERNITY,)}],
    "care": [{"care_types": (CareType.EMERGENCY,)}, {"care_types": (CareType.INPATIENT,)}],
    "answer": [{"answers": (Action.PROCEED,)}, {"has_answer": False}],
    "amount": [{"amount_from": 100_000}, {"amount_from": 2_000_000}],
    "assignee": [{"assignees": ("u7",)}, {"assignees": ("",)}],
    "deadline": [{"deadline_to": NOW.date() + timedelta(days=3), "deadline_from": NOW.date() - timedelta(days=30)}],
}
WORDS = (
    "阿莫西林",
    "阿",
    "amxl",
    "甲硝唑片",
    "jxz77",
    "E000000001234",
    "王医生591",
    "内科57",
    "阿莫西林 内科3",
    "没有的词",
    "超限定用药7",
)
_SCOPES = (EVERYWHERE, Scope(facilities=frozenset(["H1"])))
GOALS = {"first page": 100, "another sorting": 200, "counts and sums": 200, "search": 200, "dashboard": 300}
LEAST_RATE, LARGE, SLOWEST_PAGE = 2_000, 1_000_000, 300
Call = Callable[[], Awaitable[object]]


def filters(random: Random) -> Iterator[tuple[str, ReviewFilter]]:
    """Every single one, every pair, every triple; the values are drawn."""
    for width in (1, 2, 3):
        for names in combinations(CHOICES, width):
            given: dict[str, Any] = {}
            for name in names:
                given |= random.choice(CHOICES[name])
            yield "+".join(names), ReviewFilter(**given)


def calls(reviews: ReviewStore) -> dict[str, list[tuple[str, Call]]]:
    random = Random(11)
    asked: dict[str, list[tuple[str, Call]]] = {"first page": [], "another sorting": [], "counts and sums": []}
    for number, (name, wanted) in enumerate(filters(random)):
        scope = _SCOPES[number % 2]
        order = Order(random.choice(list(Sorting)[1:]), random.random() < 0.5)
        asked["first page"].append((name, _bound(reviews.page, wanted, scope)))
        asked["another sorting"].append((f"{name} by {order.by}", _bound(reviews.page, wanted, scope, order)))
        asked["counts and sums"].append((name, _bound(reviews.totals, wanted, scope)))
    asked["search"] = [(word, _bound(reviews.page, ReviewFilter(text=word), EVERYWHERE)) for word in WORDS]
    asked["search, counted"] = [(word, _bound(reviews.totals, ReviewFilter(text=word), EVERYWHERE)) for word in WORDS]
    spans = {"a month": date(2026, 10, 1), "a year": date(2025, 11, 3), "three years": date(2023, 11, 15)}
    asked["dashboard"] = []
    for name, first in spans.items():
        wanted_days = Overview(first=first, last=date(2026, 11, 5))
        for by in (None, *Axis):
            named = f"{name} by {'department' if by is None else by.name.lower()}"
            asked["dashboard"].append((named, _bound(reviews.facets, wanted_days, EVERYWHERE, by, 20)))
        asked["dashboard"].append((f"{name}, trend", _bound(reviews.series, wanted_days, EVERYWHERE, Grain.DAY)))
    return asked


def _bound(method: Callable[..., Awaitable[object]], *arguments: Any) -> Call:
    return lambda: method(*arguments)


async def measure(url: str, server: int) -> dict[str, list[Taken]]:
    """The second time that each is asked, by what is asked."""
    store = await asyncio.to_thread(postgres_store, url, command_timeout=60.0)
    await store.open()
    watch, found = Stopwatch(server), dict[str, list[Taken]]()
    try:
        for kind, some in calls(store.reviews).items():
            found[kind] = []
            for name, call in some:
                await call()
                found[kind].append(await watch.time(name, call))
        found["a hundred pages on"] = await deep_pages(store.reviews, watch)
    finally:
        await store.close()
    return found


async def deep_pages(reviews: ReviewStore, watch: Stopwatch) -> list[Taken]:
    """One after the other, by the cursor."""
    taken, cursor, wanted = [], "", ReviewFilter(severities=(Severity.DEFINITE,))
    for number in range(100):
        page = await reviews.page(wanted, EVERYWHERE, cursor=cursor)
        taken.append(
            await watch.time(f"page {number + 1}", _bound(reviews.page, wanted, EVERYWHERE, LATEST_FIRST, cursor))
        )
        cursor = page.following
    return taken


def told(found: dict[str, list[Taken]]) -> list[str]:
    lines = [
        "| what | queries | median | p95 | longest | which that is | work: median | p95 | most |",
        "|---|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for kind, some in found.items():
        walls, works = sorted(one.wall for one in some), sorted(one.cpu for one in some)
        longest = max(some, key=lambda one: one.wall)
        lines.append(
            f"| {kind} | {len(some)} | {statistics.median(walls):.0f} ms | {percentile(walls, 0.95):.0f} ms |"
            f" {longest.wall:.0f} ms | {longest.name} | {statistics.median(works):.0f} ms |"
            f" {percentile(works, 0.95):.0f} ms | {works[-1]:.0f} ms |"
        )
    return lines


def run(*, quick: bool, rows: int = 0) -> list[str]:
    rows = rows or (50_000 if quick else 200_000)
    with running_postgres(shared_buffers="6GB" if rows >= LARGE else "512MB") as server:
        url = fill(server, rows)
        found = uvloop.run(measure(url, server.pid))
        lines = told(found)
        print("\n".join(lines), flush=True)
        pages = uvloop.run(measure_pages(url, Stopwatch(server.pid)))
        print("\n".join(told_of(pages)), flush=True)
        if rows >= LARGE:
            write_document(url, rows, lines, told_of(pages))
        rate = uvloop.run(intake_rate(postgres_store(server.new_database()), 1_000 if quick else 5_000))
    return [
        goal("audits indexed in a second", f"{rate:,.0f}", rate >= LEAST_RATE, f"{LEAST_RATE:,}"),
        *[_goal(f"{kind} of {rows:,} findings", found[kind], most) for kind, most in GOALS.items()],
        _goal(f"the slowest page, {pages[0].name}", pages[0].taken, SLOWEST_PAGE),
    ]


def _goal(what: str, taken: list[Taken], most: float) -> str:
    reached = percentile(sorted(one.wall for one in taken), 0.95)
    work = percentile(sorted(one.cpu for one in taken), 0.95)
    return goal(f"{what}, p95", f"{reached:.0f} ms, {work:.0f} ms of work", reached < most, f"under {most:.0f} ms")
