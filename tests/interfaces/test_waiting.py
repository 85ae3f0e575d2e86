"""Who waits for room gets it in a fair order, and whoever goes away leaves it."""

import asyncio

from app.domain.work import Work
from app.interfaces.rate_limits import RateLimits
from app.interfaces.waiting import Limits, Line


def test_the_burst_of_one_caller_starves_no_other() -> None:
    """Whose caller has the least running comes next, however many of another wait."""

    async def go() -> None:
        line = Line(Limits(running=4, waiting=1000, patience=5, lag=1))
        done: list[str] = []

        async def work(caller: str) -> None:
            assert line.enter(caller) or await line.wait(caller)
            await asyncio.sleep(0.001)
            done.append(caller)
            line.leave(caller)

        asked = [asyncio.create_task(work("loud")) for _ in range(400)]
        await asyncio.sleep(0)
        asked += [asyncio.create_task(work(name)) for name in ("b", "c") for _ in range(20)]
        await asyncio.gather(*asked)
        assert max(index for index, caller in enumerate(done) if caller != "loud") < 2 * 40 + 10
        assert (line.running, line.waiting, len(done)) == (0, 0, 440)

    asyncio.run(go())


def test_a_request_that_goes_away_leaves_its_room() -> None:
    async def go() -> None:
        line = Line(Limits(running=1, waiting=10, patience=5, lag=1))
        assert line.enter("a")
        waiting = [asyncio.create_task(line.wait("b")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[2].cancel()
        await asyncio.sleep(0)
        line.leave("a")
        assert await waiting[1]
        line.leave("b")
        assert await waiting[0]
        line.leave("b")
        assert (line.running, line.waiting) == (0, 0)

    asyncio.run(go())


def test_buckets_fill_again() -> None:
    now = [0.0]
    limits = RateLimits({Work.EXPORT: 2}, clock=lambda: now[0])
    assert [limits.wait_for("a", Work.EXPORT) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    now[0] = 0.5
    assert [limits.wait_for("a", Work.EXPORT) for _ in range(2)] == [0, 0.5]
    now[0] = 1000
    assert [limits.wait_for("a", Work.EXPORT) for _ in range(5)] == [0, 0, 0, 0, 0.5]
