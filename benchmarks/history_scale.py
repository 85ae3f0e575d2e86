"""PostgreSQL with 10 million history lines and a million audits: what the hot path asks, how long, by which plan.

`python -m benchmarks.history_scale [LINES]` fills a PostgreSQL of its own, runs the store's own code and statements on
it, and writes the plans into docs/postgresql.md. It takes some minutes and 8 GB of disk, so `make bench` leaves it out.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from app.store.history import HistoryQuery, HistoryWrite
from app.store.postgres.store import postgres_store
from app.store.store import Store
from benchmarks.history_fill import BIG, Filled, fill
from benchmarks.history_plans import plans
from tests.servers import running_postgres
from tests.store.build import record

_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "postgresql.md"
_BEGIN, _END = "<!-- written by benchmarks/history_scale.py -->", "<!-- end -->"
_ROUNDS = 200
_YEAR, _DECADE = date(2025, 11, 1), date(2016, 11, 1)


def queries(filled: Filled) -> dict[str, HistoryQuery]:
    """What audits ask of the past, from nothing to a patient of 2,000 lines."""
    sharing, last = tuple(filled.facilities), filled.encounters - 1
    plain = HistoryQuery("H0", "new", "P77", ("H0",), first=date(2026, 10, 30))
    months = plain._replace(since=date(2026, 1, 1), dates_since=date(2026, 1, 1), codes=filled.codes)
    ten_years = months._replace(facilities=sharing, since=_DECADE, dates_since=_DECADE)
    last_year = ten_years._replace(since=_YEAR, dates_since=_YEAR)
    return {
        "a patient of whom nothing is known": months._replace(patient="nobody"),
        "the encounter's own 40 lines only": plain._replace(facility=filled.facility_of(last), encounter=f"E{last}"),
        "5 visits of 40 lines, 50 item codes, 10 years": ten_years,
        f"{BIG:,} lines, 50 item codes, 10 years": ten_years._replace(patient="PBIG"),
        f"{BIG:,} lines, 50 item codes, the last year": last_year._replace(patient="PBIG"),
        f"{BIG:,} lines, all items, 10 years": ten_years._replace(patient="PBIG", codes=(), prefixes=("",)),
    }


async def _median(call: Callable[[int], Awaitable[object]], rounds: int = _ROUNDS) -> float:
    """Milliseconds."""
    taken = []
    for number in range(-10, rounds):
        started = time.perf_counter()
        await call(number)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken[10:])


async def _measure(store: Store, filled: Filled) -> list[tuple[str, float]]:
    history, log, measured = store.history, store.log, []
    for name, query in queries(filled).items():
        measured.append((f"history: {name}", await _median(lambda _, query=query: history.fetch(query))))

    async def append(number: int, key: str | None = None) -> object:
        return await log.append(record(f"new-{key}{number}", key=key, recorded_at=_now(), history=_visit(number, key)))

    async def many(number: int) -> object:
        return await asyncio.gather(*[append(one, f"k{number}-{one}") for one in range(64)])

    measured.append(("record with 40 lines of history, alone", await _median(append)))
    measured.append(("the same with a key", await _median(lambda number: append(number, f"key{number}"))))
    measured.append(("replay of a key", await _median(lambda _: log.append(record("again", key="filled-2", body=b"")))))
    measured.append(("64 records at once, each with a key and 40 lines: all of them", await _median(many, 20)))
    names = [f"filled-{number}" for number in range(1, filled.audits, max(1, filled.audits // 300))]
    measured.append(("an audit by its id", await _median(lambda number: log.find(names[number]))))
    return measured


def _now() -> datetime:
    return datetime(2026, 11, 15, 8, 0, 0, tzinfo=UTC)


def _visit(number: int, mark: str | None) -> HistoryWrite:
    content = '{"id":"L1","service_date":"2026-11-15","item_code":"000000000000040","amount":"5.5"}' + " " * 150
    lines = [(f"L{line}", "2026-11-15", "000000000000040", True, "", content) for line in range(40)]
    return HistoryWrite(
        facility="H1", encounter=f"N{mark}{number}", patient=f"N{number}", header="{}", month=202611,
        last_date="2026-11-15", has_death=False, lines=lines,
    )  # fmt: skip


async def _run(url: str, filled: Filled) -> str:
    store = await asyncio.to_thread(postgres_store, url, fetch_timeout=30.0)
    await store.open()
    try:
        measured = await _measure(store, filled)
        load = os.getloadavg()[0]
    finally:
        await store.close()
    connection = await asyncpg.connect(url)
    try:
        shown = await plans(connection, queries(filled))
        version = (await connection.fetchval("SHOW server_version")).split()[0]
        size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    finally:
        await connection.close()
    return _document(measured, shown, filled, f"PostgreSQL {version}, {size}", load)


def _document(
    measured: list[tuple[str, float]], shown: list[tuple[str, str]], filled: Filled, where: str, load: float
) -> str:
    head = (
        f"{filled.lines:,} history lines of {filled.encounters:,} encounters in {len(filled.months)} monthly"
        f" partitions, {filled.audits:,} audits; {where}, as `tests/servers.py` starts it (64 MB of shared buffers),"
        f" through loopback, on {os.cpu_count()} cores that also run what measures, and more besides (load {load:.1f})."
        " Medians through the store's own code, fsync on:"
    )
    table = [f"| {name} | {median:.2f} ms |" for name, median in measured]
    parts = [f"#### {name}\n\n```text\n{plan}\n```" for name, plan in shown]
    return "\n\n".join([head, "\n".join(["| what | median |", "|---|---:|", *table]), *parts])


def _write(text: str) -> None:
    before, _, rest = _DOCUMENT.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}")


def main(*arguments: Any) -> None:
    lines = int(arguments[0]) if arguments else 10_000_000
    with running_postgres() as server:
        filled, url = fill(server, lines)
        text = uvloop.run(_run(url, filled))
    print(text)
    _write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
