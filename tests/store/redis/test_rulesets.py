"""Rulesets come back as they were put or not at all; announcements are heard, and their end is noticed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis as Client

from app.store.redis.connection import RedisConnection
from app.store.redis.rulesets import RulesetCache
from app.store.rulesets import Move, RulesetDistribution
from tests.servers import Redis, free_port, running_redis
from tests.store.build import AT


def move(seq: int, revision: str) -> Move:
    return Move(seq, revision, "publish", "c", "", AT)


@asynccontextmanager
async def caches(url: str, count: int = 1, installation: str = "ours") -> AsyncIterator[list[RulesetDistribution]]:
    connections = [RedisConnection(url) for _ in range(count)]
    try:
        yield [RulesetCache(one, lambda: installation) for one in connections]
    finally:
        for one in connections:
            await one.close()


async def heard(followed: AsyncIterator[str], seconds: float = 10) -> str:
    async with asyncio.timeout(seconds):
        return await anext(followed)


def test_what_is_put_is_had_or_nothing(redis_server: Redis) -> None:
    async def run() -> None:
        async with caches(redis_server.url) as [cache]:
            compiled = bytes(range(256)) * 20_000
            assert await cache.get("r1") is None
            await cache.put("r1", compiled)
            assert await cache.get("r1") == compiled
            assert await cache.get("r2") is None
            with Client.from_url(redis_server.url) as client:
                assert 0 < client.ttl("mingjian:ruleset:r1") <= 7 * 24 * 3600
                client.setrange("mingjian:ruleset:r1", 1_000_000, b"x")
                assert await cache.get("r1") is None
                client.set("mingjian:ruleset:r1", b"short")
                assert await cache.get("r1") is None

    asyncio.run(run())


def test_moves_are_heard_by_everyone_who_follows(redis_server: Redis) -> None:
    async def run() -> None:
        async with caches(redis_server.url, 3) as [one, two, three], caches(redis_server.url, 1, "other") as [stranger]:
            following = [one.follow(), two.follow()]
            assert [await heard(each) for each in following] == ["", ""]
            await stranger.announce(move(9, "theirs"))
            with Client.from_url(redis_server.url) as client:
                client.publish("mingjian:moves:ours", b"nonsense")
            for seq in range(20):
                await three.announce(move(seq, f"r{seq}"))
            for each in following:
                assert [await heard(each) for _ in range(20)] == [f"r{seq}" for seq in range(20)]

    asyncio.run(run())


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
def test_whoever_follows_is_told_that_something_may_have_been_missed(trouble: str) -> None:
    async def run(server: Redis) -> None:
        async with caches(server.url, 2) as [one, two]:
            following = one.follow()
            assert await heard(following) == ""
            waiting = asyncio.ensure_future(heard(following))
            if trouble == "killed":
                server.kill()
            else:
                server.freeze()
                await asyncio.sleep(2.6)  # longer than silence is taken for peace
            await two.announce(move(1, "missed"))
            await two.put("r1", b"missed")
            assert await two.get("r1") is None
            assert not waiting.done()
            if trouble == "killed":
                server.start()
            else:
                server.thaw()
            assert await waiting == ""
            while (found := await two.get("r1")) is None:
                await two.put("r1", b"there")
                await asyncio.sleep(0.05)
            assert found == b"there"
            await two.announce(move(2, "r2"))
            assert await heard(following) == "r2"

    with running_redis() as server:
        asyncio.run(run(server))


def test_silence_is_peace_as_long_as_redis_answers(redis_server: Redis) -> None:
    async def run() -> None:
        async with caches(redis_server.url, 2) as [one, two]:
            following = one.follow()
            assert await heard(following) == ""
            waiting = asyncio.ensure_future(heard(following))
            await asyncio.sleep(3.2)
            assert not waiting.done()
            await two.announce(move(1, "r1"))
            assert await waiting == "r1"

    asyncio.run(run())


def test_without_redis_nothing_is_had_and_nothing_raises() -> None:
    async def run() -> None:
        async with caches(f"redis://:secret@127.0.0.1:{free_port()}/0") as [cache]:
            for _ in range(10):
                await cache.put("r1", b"x")
                assert await cache.get("r1") is None
                await cache.announce(move(1, "r1"))
            with pytest.raises(TimeoutError):
                await heard(cache.follow(), 1)

    asyncio.run(run())
