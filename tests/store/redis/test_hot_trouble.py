"""Redis forgets, hangs, is gone or out of reach: answers stay what they are, and what it missed it is told later."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.store.redis.connection import Unreachable
from tests.servers import Redis, running_redis
from tests.store.build import record
from tests.store.redis.build import line, query, write
from tests.store.redis.scene import LINES, Scene, play


def test_what_redis_evicted_or_forgot_is_no_history(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        await at.audit(write("P1", "E2", LINES))
        await at.is_hit(asked)
        await at.audit(write("P1", "E2", LINES))
        assert await at.is_hit(asked)
        kept = {key: at.redis.dump(key) for key in at.redis.scan_iter()}
        assert len(kept) == 8  # head, places, lines of two encounters, three guards, the clock
        for key, content in kept.items():
            at.redis.delete(key)
            assert not await at.is_hit(asked), key
            at.redis.restore(key, 0, content, replace=True)
        assert await at.is_hit(asked)
        at.redis.flushall()
        assert not await at.is_hit(asked)

    play(redis_server, tmp_path, act)


def test_what_redis_was_not_told_of_is_told_when_it_is_back(redis_server: Redis, tmp_path: Path) -> None:
    """One worker cannot reach Redis, the other can; when the first is back, the second learns what it missed."""

    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        cut_off = at.workers[1]
        for _ in range(5):
            cut_off.connection.breaker.failed(ConnectionError())
        told = write("P1", "E1", [line("L1", "2026-02-25", "C7")])
        await cut_off.log.append(record("b1", history=told))
        assert not await at.is_hit(asked, cut_off)
        await at.settle()  # the breaker has closed, the debt is paid
        assert cut_off.connection.picture.state == "closed"
        assert not await at.is_hit(asked)
        assert not await at.is_hit(asked, cut_off)
        at.time_passes()
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)
        assert await at.is_hit(asked, cut_off)

    play(redis_server, tmp_path, act, count=2)


def test_whoever_owes_trusts_nothing_even_if_redis_answers_again(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        ask = at.worker.connection.ask

        async def hiccup(*_: Any) -> Any:
            raise Unreachable

        at.worker.connection.ask = hiccup
        await at.worker.log.append(record("b1", history=write("P1", "E1", [line("L1", "2026-02-25", "C7")])))
        await asyncio.sleep(0)
        at.worker.connection.ask = ask
        assert not await at.is_hit(asked)
        await at.settle()
        assert not await at.is_hit(asked)

    play(redis_server, tmp_path, act)


def test_a_hiccup_is_soon_forgotten(redis_server: Redis, tmp_path: Path) -> None:
    """Told late that a change is under way, Redis is told at once when it is over."""

    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        ask, asks = at.worker.connection.ask, iter([False])

        async def hiccup(*told: Any) -> Any:
            if not next(asks, True):
                raise Unreachable
            return await ask(*told)

        at.worker.connection.ask = hiccup
        await at.audit(write("P1", "E1", [line("L1", "2026-02-25", "C7")]))
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act)


def test_a_worker_that_starts_trusts_nothing_that_was_kept(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        at.workers[1].hot.open()
        await at.settle()
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert not await at.is_hit(asked)  # others may be writing without Redis' knowledge: not yet
        at.time_passes()
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


@pytest.mark.parametrize("trouble", ["killed", "frozen", "restarted"])
def test_redis_in_trouble_changes_no_answer(tmp_path: Path, trouble: str) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        patience, at.worker.connection._seconds = at.worker.connection._seconds, 0.02
        if trouble == "frozen":
            at.server.freeze()
        else:
            at.server.kill()
        if trouble == "restarted":
            at.server.start()
        loop = asyncio.get_running_loop()
        times = []
        for n in range(20):
            began = loop.time()
            found = await at.worker.history.fetch(asked)
            times.append(loop.time() - began)
            assert found == await at.store.history.fetch(asked)
            await at.worker.log.append(record(f"c{n}", history=write("P1", "E1", [line(f"N{n}", "2026-02-25", "C7")])))
        assert max(times) < 1
        assert sorted(times)[10] < 0.02 + 0.1
        at.worker.connection._seconds = patience
        if trouble == "frozen":
            at.server.thaw()
        elif trouble == "killed":
            at.server.start()
        while at.worker.connection.picture.state != "closed":
            await asyncio.sleep(0.01)
        await at.settle()
        assert await at.worker.history.fetch(asked) == await at.store.history.fetch(asked)
        await at.audit(write("P1", "E1", []))
        assert not await at.is_hit(asked)
        at.time_passes()
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    with running_redis() as server:
        play(server, tmp_path, act)
