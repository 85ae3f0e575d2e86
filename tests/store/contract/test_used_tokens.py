"""Used tokens: of many who claim one, wherever they are, one gets it."""

import asyncio
import time
from hashlib import sha256

import pytest

from app.interfaces.authentication.replay import SharedReplay
from app.store.history import Unavailable
from app.store.redis.connection import RedisConnection
from app.store.redis.used_tokens import RedisUsedTokens
from app.store.store import Store
from tests.servers import Redis, redis_server  # noqa: F401 - a fixture
from tests.store.contract.place import Place


def digest(what: object) -> bytes:
    return sha256(str(what).encode()).digest()


def test_of_two_workers_that_claim_at_once_one_gets_it(place: Place) -> None:
    async def steps(one: Store) -> None:
        async with place.opened() as two:
            until = time.time() + 300
            for number in range(20):
                claims = [store.used.claim(digest(number), until) for store in (one, two, one, two)]
                assert sorted(await asyncio.gather(*claims)) == [False, False, False, True]

    place.run(steps)


def test_what_was_claimed_is_remembered_over_a_restart(place: Place) -> None:
    async def first(store: Store) -> None:
        assert await store.used.claim(digest("a"), time.time() + 300)

    async def second(store: Store) -> None:
        assert not await store.used.claim(digest("a"), time.time() + 300)
        assert await store.used.claim(digest("b"), time.time() + 300)

    place.run(first)
    place.run(second)


def test_a_claim_is_quick(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.used.claim(digest("first"), time.time() + 300)
        times = []
        for number in range(300):
            began = time.perf_counter()
            await store.used.claim(digest(number), time.time() + 300)
            times.append(time.perf_counter() - began)
        assert sorted(times)[75] < 0.001, "less than a millisecond, where others do not take the machine"

    place.run(steps)


def test_two_workers_take_a_token_once_between_them(place: Place) -> None:
    async def steps(one: Store) -> None:
        async with place.opened() as two:
            guards, now = [SharedReplay(one.used, 5), SharedReplay(two.used, 5)], time.time()
            for number in range(10):
                told = [await guard.is_new("emr", str(number), now, now + 300, now) for guard in guards]
                assert told == [True, False]
            assert await guards[1].is_new("another", "1", now, now + 300, now), "each issuer has its own"

    place.run(steps)


class Gone:
    asked = 0

    async def claim(self, digest: bytes, expires: float) -> bool:
        self.asked += 1
        raise Unavailable("gone")

    async def close(self) -> None: ...


class Hung(Gone):
    async def claim(self, digest: bytes, expires: float) -> bool:
        self.asked += 1
        await asyncio.sleep(60)
        return False


@pytest.mark.parametrize("used", [Gone(), Hung()], ids=["gone", "hung"])
def test_without_the_store_each_worker_guards_for_itself(used: Gone, caplog: pytest.LogCaptureFixture) -> None:
    seconds = 0.0

    async def steps() -> None:
        nonlocal seconds
        guard, now = SharedReplay(used, 0.01, lambda: seconds), time.time()
        assert await guard.is_new("emr", "a", now, now + 300, now)
        assert await guard.is_new("emr", "b", now, now + 300, now)
        assert used.asked == 1, "it is left alone for a while"
        assert not await guard.is_new("emr", "a", now, now + 300, now)
        seconds = 6.0
        assert await guard.is_new("emr", "c", now, now + 300, now)
        assert used.asked == 2

    asyncio.run(steps())
    assert "not shared for now" in caplog.text


def test_redis_tells_where_there_is_one_and_the_database_where_it_is_gone(redis_server: Redis) -> None:  # noqa: F811
    async def steps() -> None:
        behind = Gone()
        connection = RedisConnection(redis_server.url, seconds=5.0)  # the machine of a test may be busy
        away = RedisConnection("redis://127.0.0.1:1/0")
        one, two = [RedisUsedTokens(connection, lambda name=name: name, behind) for name in ("here", "there")]
        until, which = time.time() + 300, digest(time.time())
        assert [await one.claim(which, until), await one.claim(which, until)] == [True, False]
        assert await two.claim(which, until), "another installation on the same Redis"
        assert await one.claim(digest("short"), time.time() - 5)
        assert behind.asked == 0
        with pytest.raises(Unavailable):
            await RedisUsedTokens(away, lambda: "here", behind).claim(which, until)
        await connection.close()
        await away.close()

    asyncio.run(steps())
