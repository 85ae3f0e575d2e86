"""While something is changed, after it failed, and whoever dies on the way: nobody is shown what was before."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.store.audit_log import NotRecorded
from tests.servers import Redis
from tests.store.build import AT, record
from tests.store.redis.build import line, query, write
from tests.store.redis.scene import LINES, Halted, Scene, play, steps


@pytest.mark.parametrize("is_given_up", [False, True])
def test_while_a_write_is_under_way_nobody_trusts_what_is_kept(
    redis_server: Redis, tmp_path: Path, is_given_up: bool
) -> None:
    """Also where the request that wrote is cancelled: its record is written all the same."""

    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        halted = Halted(at.store)
        at.workers[1].log._log = halted
        told = write("P1", "E1", [line("L1", "2026-02-25", "C7")])
        writing = asyncio.ensure_future(at.workers[1].log.append(record("b1", history=told)))
        await steps()
        assert not await at.is_hit(asked)
        if is_given_up:
            writing.cancel()
            await steps()
            assert not await at.is_hit(asked)
        halted.before.release()
        await steps()
        assert not await at.is_hit(asked)
        halted.after.release()
        await steps()
        assert await at.is_hit(asked)
        await asyncio.gather(writing, return_exceptions=True)

    play(redis_server, tmp_path, act, count=2)


def test_a_redis_that_forgot_who_writes_keeps_nothing_for_a_while(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        halted = Halted(at.store)
        at.workers[1].log._log = halted
        told = write("P1", "E2", [line("L1", "2026-02-25", "C7")])
        writing = asyncio.ensure_future(at.workers[1].log.append(record("b1", history=told)))
        await steps()
        at.redis.flushall()
        for _ in range(3):
            await at.audit(write("P1", "E1", []))
            assert not await at.is_hit(asked)
        halted.before.release()
        await steps()
        assert not await at.is_hit(asked)
        halted.after.release()
        await writing
        await at.settle()
        at.time_passes()
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


@pytest.mark.parametrize("other", ["withdrawal", "move", "audit", "import"])
def test_what_changes_while_it_is_read_is_not_kept(redis_server: Redis, tmp_path: Path, other: str) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.audit(write("P1", "E1", LINES))
        assert not await at.is_hit(asked)
        whole, read = at.store.whole_history, asyncio.Event()

        class Slow:
            async def read(self, *told: Any) -> Any:
                found = await whole.read(*told)
                await read.wait()
                return found

        at.worker.hot._whole = Slow()
        await at.worker.log.append(record("b1", history=write("P1", "E1", [])))
        await steps()  # it is read, and not yet kept
        two = at.workers[1]
        if other == "withdrawal":
            assert await two.history.withdraw("F1", "E1", "L1", caller="c", at=AT)
        elif other == "import":
            await two.history.put([write("P1", "E3", LINES)])
        else:
            await two.log.append(
                record("b2", history=write("P2" if other == "move" else "P1", "E1", LINES[:3], note=4))
            )
        await two.hot.settled()
        read.set()
        await at.settle()
        assert not await at.is_hit(asked)
        at.worker.hot._whole = whole
        if other != "move":
            await at.audit(write("P1", "E1", []))
            assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_a_worker_that_dies_after_its_commit_misleads_nobody(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        told = write("P1", "E1", [line("L1", "2026-02-25", "C7")])
        await at.workers[1].hot.begin(["mingjian:history:guard:other", *at.workers[1].history._keys.guards(told)])
        await at.store.log.append(record("b1", history=told))
        assert not await at.is_hit(asked)
        at.time_passes()  # its lease is over
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_what_could_not_be_recorded_is_not_told_as_if_it_were(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)

        class Failing:
            async def append(self, one: Any) -> tuple[bytes, bool]:
                raise NotRecorded("full")

        at.workers[1].log._log = Failing()
        with pytest.raises(NotRecorded):
            await at.workers[1].log.append(record("b1", history=write("P1", "E1", [line("no", "2026-02-25", "C7")])))
        await at.settle()
        assert not await at.is_hit(asked)
        at.time_passes()
        await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_what_was_refused_may_yet_be_written(redis_server: Redis, tmp_path: Path) -> None:
    """A database that did not answer in time may commit all the same, after its refusal."""

    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        late = record("b1", history=write("P1", "E2", [line("late", "2026-02-25", "C7")]))

        class Late:
            async def append(self, one: Any) -> tuple[bytes, bool]:
                raise NotRecorded("no answer")

        at.workers[1].log._log = Late()
        with pytest.raises(NotRecorded):
            await at.workers[1].log.append(late)
        for _ in range(3):
            await at.audit(write("P1", "E1", []))
            assert not await at.is_hit(asked)
        await at.store.log.append(late)
        assert not await at.is_hit(asked)
        at.time_passes()
        for _ in range(2):
            await at.is_hit(asked)
            await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_the_answer_to_a_repeated_key_writes_nothing(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        await at.audit(write("P1", "E1", LINES), key="k")
        await at.audit(write("P1", "E1", [line("no", "2026-02-25", "C7")]), key="k")
        await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act)
