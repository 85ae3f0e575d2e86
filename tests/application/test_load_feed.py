"""Loading a feed: all or nothing, seen by the next audit, and by other processes."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.application import load_feed
from app.application.feed_rows import BadFeed, Form
from app.application.load_feed import FeedLoaded, FeedLoader
from app.domain.feed import FEEDS, Budget, StockBalance
from app.store.audit_log import NotRecorded
from app.store.sqlite.feeds import SqliteFeeds
from app.store.sqlite.writer import SqliteWriter
from tests.store.build import AT, database, opened, rows

HEADER = "facility,month,amount,spent,spent_until\n"


def csv(*lines: str) -> bytes:
    return (HEADER + "\n".join(lines)).encode()


def run(path: Path, work: Callable[[FeedLoader], Coroutine[Any, Any, Any]]) -> Any:
    async def inside() -> Any:
        async with opened(path) as log:
            loader = FeedLoader(SqliteFeeds(path, log.writer), now=lambda: AT)
            await loader.open()
            return await work(loader)

    return asyncio.run(inside())


def load(content: bytes, name: str = "budgets") -> Callable[[FeedLoader], Coroutine[Any, Any, FeedLoaded]]:
    return lambda loader: loader.load(name, content, Form.CSV, caller="local")


def spent(loader: FeedLoader) -> dict[str, int]:
    return {one.month: int(one.spent) for one in loader.current().all_of(Budget) or ()}


def test_rows_are_counted_and_seen_at_once(tmp_path: Path) -> None:
    async def work(loader: FeedLoader) -> None:
        before = loader.current()
        assert before.all_of(Budget) is None
        first = await load(csv("F,2026-03,9,1,2026-03-09", "F,2026-04,9,2,2026-04-09"))(loader)
        assert first == FeedLoaded("budgets", rows=2, added=2, changed=0, unchanged=0, records=2)
        second = await load(csv("F,2026-04,9,3,2026-04-09", "F,2026-03,9,1,2026-03-09", "F,2026-05,9,0,2026-05-01"))(
            loader
        )
        assert second == FeedLoaded("budgets", rows=3, added=1, changed=1, unchanged=1, records=3)
        assert spent(loader) == {"2026-03": 1, "2026-04": 3, "2026-05": 0}
        assert before.all_of(Budget) is None  # an audit that had begun goes on with what it saw
        assert loader.current().all_of(StockBalance) is None

    run(database(tmp_path), work)


def test_one_bad_row_keeps_all_out(tmp_path: Path) -> None:
    path = database(tmp_path)

    async def work(loader: FeedLoader) -> None:
        await load(csv("F,2026-03,9,1,2026-03-09"))(loader)
        with pytest.raises(BadFeed):
            await load(csv("F,2026-03,9,5,2026-03-09", "F,2026-04,9,oops,2026-04-09"))(loader)
        assert spent(loader) == {"2026-03": 1}

    run(path, work)
    assert rows(path, "SELECT count(*) FROM feed_loads") == [(1,)]


def test_what_could_not_be_stored_is_not_judged_by(tmp_path: Path) -> None:
    path = database(tmp_path)

    async def work() -> None:
        loader = FeedLoader(SqliteFeeds(path, SqliteWriter(path)))
        with pytest.raises(NotRecorded):
            await load(csv("F,2026-03,9,1,2026-03-09"))(loader)
        assert loader.current().all_of(Budget) is None

    asyncio.run(work())


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    path = database(tmp_path)
    run(path, load(csv("F,2026-03,9,1,2026-03-09")))

    async def work(loader: FeedLoader) -> None:
        assert spent(loader) == {"2026-03": 1}
        again = await load(csv("F,2026-03,9,1,2026-03-09"))(loader)
        assert (again.added, again.changed, again.unchanged) == (0, 0, 1)

    run(path, work)


def test_every_feed_comes_back_as_it_was(tmp_path: Path) -> None:
    from tests.domain.test_feeds import ROWS, made

    path = database(tmp_path)

    async def fill(loader: FeedLoader) -> None:
        for name, row in ROWS.items():
            text = ",".join(row) + "\n" + ",".join(map(str, row.values()))
            await loader.load(name, text.encode(), Form.CSV, caller="local")

    async def look(loader: FeedLoader) -> None:
        assert {name: loader.current().all_of(FEEDS[name]) for name in ROWS} == {name: (made(name),) for name in ROWS}

    run(path, fill)
    run(path, look)


def test_another_process_s_load_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = database(tmp_path)
    monkeypatch.setattr(load_feed, "_LOOK_EVERY", 0.01)

    async def work(one: FeedLoader) -> None:
        async with opened(path) as log:
            other = FeedLoader(SqliteFeeds(path, log.writer))
            await load(csv("F,2026-03,9,1,2026-03-09"))(other)
            assert spent(one) == {}
            await one.refresh()
            assert spent(one) == {"2026-03": 1}
            await load(csv("F,2026-04,9,2,2026-04-09"))(other)
            done = await load(csv("F,2026-03,9,7,2026-03-09"))(one)  # sees the other's before its own
            assert (done.changed, done.records) == (1, 2)
            following = asyncio.create_task(other.follow())
            while spent(other) != {"2026-03": 7, "2026-04": 2}:
                await asyncio.sleep(0.005)
            following.cancel()

    run(path, work)


def test_a_look_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = database(tmp_path)
    monkeypatch.setattr(load_feed, "_LOOK_EVERY", 0.01)

    async def work(loader: FeedLoader) -> None:
        store, calls = SqliteFeeds(path, SqliteWriter(path)), []

        async def latest() -> int:
            calls.append(1)
            raise OSError("the disk is away")

        monkeypatch.setattr(store, "latest", latest)
        following = asyncio.create_task(FeedLoader(store).follow())
        while len(calls) < 3:
            await asyncio.sleep(0.005)
        following.cancel()
        assert spent(loader) == {}

    run(path, work)
    assert "could not be read anew" in caplog.text


def test_loads_at_the_same_time_do_not_undo_each_other(tmp_path: Path) -> None:
    async def work(loader: FeedLoader) -> None:
        months = [f"20{year}-{month:02d}" for year in range(26, 30) for month in range(1, 13)]
        await asyncio.gather(*(load(csv(f"F,{month},9,1,2026-03-09"))(loader) for month in months))
        assert sorted(spent(loader)) == months

    run(database(tmp_path), work)


def test_the_state_of_every_feed(tmp_path: Path) -> None:
    async def work(loader: FeedLoader) -> None:
        assert [(one.name, one.records, one.newest, one.loaded_at) for one in loader.states()] == [
            (name, 0, "", None) for name in FEEDS
        ]
        await load(csv("F,2026-04,9,2,2026-04-09", "F,2026-03,9,1,2026-03-09"))(loader)
        state = {one.name: one for one in loader.states()}["budgets"]
        assert (state.records, state.newest, state.loaded_at, state.title) == (2, "2026-04", AT, "预算")
        assert state.loaded_at is not None
        assert state.loaded_at.date() == date(2026, 3, 1)

    run(database(tmp_path), work)
