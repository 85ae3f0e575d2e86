"""Feeds in the store: replaced by key, all or none, and still there when the file is opened anew."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.store.audit_log import NotRecorded
from app.store.feeds import Load, Loaded
from app.store.sqlite.feeds import SqliteFeeds
from app.store.sqlite.writer import SqliteWriter
from tests.store.build import AT, database, opened, rows


def load(feed="stock", caller="local", at=AT, **records):
    content = {key: value.encode() for key, value in records.items()}
    return Load(feed, content, len(records), b"d" * 32, caller, at)


def run(path, *loads):
    async def put():
        async with opened(path) as log:
            return [await SqliteFeeds(path, log.writer).put(one) for one in loads]

    return asyncio.run(put())


def read(path):
    return asyncio.run(SqliteFeeds(path, SqliteWriter(path)).read())


def test_nothing_is_stored_at_first(tmp_path: Path) -> None:
    stored = read(database(tmp_path))
    assert (stored.seq, stored.loaded_at, stored.records) == (0, {}, {})


def test_records_replace_by_key_and_feed(tmp_path: Path) -> None:
    path = database(tmp_path)
    later = datetime(2026, 3, 2, tzinfo=UTC)
    done = run(path, load(a="1", b="2"), load(a="3", c="4", at=later), load("budgets", a="9"))
    assert done == [Loaded(0, 1), Loaded(1, 2), Loaded(2, 3)]
    stored = read(path)
    assert stored.records == {"stock": [b"3", b"2", b"4"], "budgets": [b"9"]}
    assert stored.loaded_at == {"stock": int(later.timestamp() * 1e6), "budgets": int(AT.timestamp() * 1e6)}
    assert stored.seq == 3
    assert rows(path, "SELECT feed, caller, row_count FROM feed_loads ORDER BY seq")[0] == ("stock", "local", 2)


def test_an_empty_load_says_that_the_feed_is_kept(tmp_path: Path) -> None:
    path = database(tmp_path)
    run(path, load("trace_codes"))
    assert read(path).records == {"trace_codes": []}


def test_a_load_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    path = database(tmp_path)
    run(path, load(a="1"))
    bad = Load("stock", {"a": b"2", "b": None}, 2, b"d" * 32, "local", AT)  # type: ignore[dict-item]
    with pytest.raises(NotRecorded):
        run(path, bad)
    assert read(path).records == {"stock": [b"1"]}
    assert rows(path, "SELECT count(*) FROM feed_loads") == [(1,)]


def test_the_latest_load_is_told_whoever_made_it(tmp_path: Path) -> None:
    path = database(tmp_path)
    feeds = SqliteFeeds(path, SqliteWriter(path))
    assert asyncio.run(feeds.latest()) == 0
    run(path, load(), load("budgets"))
    assert asyncio.run(feeds.latest()) == 2


def test_a_closed_store_takes_nothing(tmp_path: Path) -> None:
    path = database(tmp_path)
    with pytest.raises(NotRecorded):
        asyncio.run(SqliteFeeds(path, SqliteWriter(path)).put(load(a="1")))


def test_reading_leaves_the_file_unlocked(tmp_path: Path) -> None:
    path = database(tmp_path)
    read(path)
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("ROLLBACK")
    connection.close()
