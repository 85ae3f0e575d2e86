"""The watch over dependencies: what answers, what is slow, what hangs, and since when."""

import asyncio

import pytest

from app.application import watch
from app.application.watch import DependencyWatch, State


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE", 0.01)
    monkeypatch.setattr(watch, "_LONGEST", 0.1)
    monkeypatch.setattr(watch, "_SLOW", 0.03)


def test_each_is_told_apart_and_since_when() -> None:
    moments = iter(range(100))
    pause = 0.0

    async def good() -> None:
        await asyncio.sleep(0)

    async def changing() -> None:
        await asyncio.sleep(pause)

    async def broken() -> None:
        raise OSError("the address is secret")

    async def run() -> None:
        nonlocal pause
        watched = DependencyWatch({"good": good, "changing": changing, "broken": broken}, clock=lambda: next(moments))
        assert {one.state for one in watched.dependencies} == {State.UNKNOWN}
        following = asyncio.create_task(watched.run())

        async def until(**states: State) -> dict[str, float]:
            for _ in range(500):
                await asyncio.sleep(0.01)
                found = {one.name: one for one in watched.dependencies}
                if all(found[name].state is state for name, state in states.items()):
                    return {name: one.since for name, one in found.items()}
            raise AssertionError(watched.dependencies)

        first = await until(good=State.OK, changing=State.OK, broken=State.DOWN)
        pause = 0.05
        second = await until(changing=State.SLOW)
        pause = 10
        third = await until(changing=State.DOWN, good=State.OK)  # the one that hangs delays no other
        pause = 0
        await until(changing=State.OK)
        following.cancel()
        assert first["good"] == second["good"] == third["good"]
        assert first["changing"] < second["changing"] < third["changing"]

    asyncio.run(run())
