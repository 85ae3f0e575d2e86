"""A store with Redis before it, opened as the settings name it."""

import asyncio
from pathlib import Path

import pytest
from redis import Redis as Client

from app.store.opening import store_at
from app.store.redis.connection import Unreachable
from tests.servers import Postgres, Redis, free_port
from tests.store.build import record
from tests.store.redis.build import line, query, write


def test_two_workers_on_one_database_share_what_is_kept(
    redis_server: Redis, postgres: Postgres, tmp_path: Path
) -> None:
    database = postgres.new_database()

    async def run() -> None:
        with Client.from_url(redis_server.url) as redis:
            redis.flushall()
            one, two = (store_at(database, tmp_path / "s.sqlite3", redis_server.url) for _ in range(2))
            bare = store_at(database, tmp_path / "s.sqlite3")
            for store in (one, two, bare):
                await store.open()
            try:
                asked = query("P1", "E1")
                for n in range(50):  # a busy machine may be too slow for Redis' 20 ms now and then
                    await one.history.fetch(asked)
                    await one.log.append(
                        record(f"a{n}", history=write("P1", "E1", [line(f"L{n}", "2026-02-01", "C1")]))
                    )
                    assert await two.history.fetch(asked) == await bare.history.fetch(asked)
                    await asyncio.sleep(0.1)
                    if redis.exists("mingjian:history:clock"):
                        redis.hset("mingjian:history:clock", "quiet", 0)
                    if n > 3 and len(list(redis.scan_iter("mingjian:history:data:*"))) == 3:
                        break
                else:
                    raise AssertionError("nothing was kept")
                assert one.distribution is not None
                await one.distribution.put("r1", b"compiled")
                assert two.distribution is not None
                assert await two.distribution.get("r1") == b"compiled"
                await one.checks["redis"]()
            finally:
                for store in (one, two, bare):
                    await store.close()

    asyncio.run(run())


def test_a_file_at_hand_is_not_kept_twice(redis_server: Redis, tmp_path: Path) -> None:
    async def run() -> None:
        with Client.from_url(redis_server.url) as redis:
            redis.flushall()
            store = store_at(None, tmp_path / "s.sqlite3", redis_server.url)
            await store.open()
            try:
                for n in range(4):
                    await store.history.fetch(query("P1", "E1"))
                    await store.log.append(record(f"a{n}", history=write("P1", "E1", [])))
                assert store.distribution is not None
                await store.distribution.put("r1", b"compiled")
                assert redis.keys() == [b"mingjian:ruleset:r1"]
            finally:
                await store.close()

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_redis_need_not_answer(postgres: Postgres, tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        database = postgres.new_database() if kind == "postgres" else None
        store = store_at(database, tmp_path / "s.sqlite3", f"redis://:secret@127.0.0.1:{free_port()}/0")
        await store.open()
        try:
            for n in range(10):
                await store.log.append(record(f"a{n}", history=write("P1", "E1", [line(f"L{n}", "2026-02-01", "C1")])))
                (found,) = await store.history.fetch(query("P1", "E1"))
                assert len(found.charges) == n + 1
            with pytest.raises(Unreachable) as raised:
                await store.checks["redis"]()
            assert "secret" not in repr(raised.value)
        finally:
            await store.close()

    asyncio.run(run())
