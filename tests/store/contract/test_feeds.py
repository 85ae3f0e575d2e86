"""Feeds in the store: replaced by key, all or none, numbered in the order in which they count."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from app.store.audit_log import NotRecorded
from app.store.feeds import Load, Loaded
from app.store.packing import microseconds
from app.store.store import Store
from tests.store.build import AT
from tests.store.contract.place import Place


def load(feed: str = "stock", caller: str = "local", at: datetime = AT, **records: Any) -> Load:
    content = {key: value.encode() if isinstance(value, str) else value for key, value in records.items()}
    return Load(feed, content, len(records), b"d" * 32, caller, at)


def test_nothing_is_stored_at_first(place: Place) -> None:
    async def steps(store: Store) -> None:
        stored = await store.feeds.read()
        assert (stored.seq, stored.loaded_at, stored.records) == (0, {}, {})
        assert await store.feeds.latest() == 0

    place.run(steps)


def test_records_replace_by_key_and_feed(place: Place) -> None:
    later = datetime(2026, 3, 2, tzinfo=UTC)

    async def steps(store: Store) -> None:
        loads = (load(a="1", b="2"), load(a="3", c="4", at=later), load("budgets", a="9"))
        assert [await store.feeds.put(one) for one in loads] == [Loaded(0, 1), Loaded(1, 2), Loaded(2, 3)]
        stored = await store.feeds.read()
        assert stored.records == {"stock": [b"3", b"2", b"4"], "budgets": [b"9"]}
        assert stored.loaded_at == {"stock": microseconds(later), "budgets": microseconds(AT)}
        assert stored.seq == await store.feeds.latest() == 3
        rows = await place.rows("SELECT feed, caller, row_count FROM feed_loads ORDER BY seq")
        assert rows[0] == ("stock", "local", 2)

    place.run(steps)


def test_records_come_in_the_order_of_their_keys_character_by_character(place: Place) -> None:
    keys = ["b", "B", "a", "é", "[1]", "Z", "中", "_"]

    async def steps(store: Store) -> None:
        await store.feeds.put(load(**{key: key for key in keys}))
        assert (await store.feeds.read()).records["stock"] == [key.encode() for key in sorted(keys)]

    place.run(steps)


def test_an_empty_load_says_that_the_feed_is_kept(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.feeds.put(load("trace_codes"))
        assert (await store.feeds.read()).records == {"trace_codes": []}

    place.run(steps)


def test_a_load_that_breaks_leaves_nothing_behind(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.feeds.put(load(a="1"))
        with pytest.raises(NotRecorded):
            await store.feeds.put(load(a="2", b=None))
        assert (await store.feeds.read()).records == {"stock": [b"1"]}
        assert await place.rows("SELECT count(*) FROM feed_loads") == [(1,)]

    place.run(steps)


def test_loads_of_two_workers_count_one_after_the_other(place: Place) -> None:
    async def steps(one: Store) -> None:
        async with place.opened() as two:
            loads = [load(caller=str(number), a=str(number)) for number in range(30)]
            done = await asyncio.gather(*[(one, two)[at % 2].feeds.put(each) for at, each in enumerate(loads)])
            numbers = sorted(done, key=lambda each: each.seq)
            assert [each.before for each in numbers] == [0, *[each.seq for each in numbers[:-1]]]
            last = await place.rows("SELECT caller FROM feed_loads ORDER BY seq DESC LIMIT 1")
            assert (await two.feeds.read()).records["stock"] == [last[0][0].encode()]

    place.run(steps)
