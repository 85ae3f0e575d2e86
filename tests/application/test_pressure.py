"""How long work waits for the process: background work gives way, and an overload ends."""

import asyncio

from app.application.deadline import SHED, Deadlines
from app.application.pressure import BACKGROUND, Pressure, give_way
from app.domain.decision import Stage
from app.domain.work import Work


def test_shed_is_known_to_the_deadline() -> None:
    assert not Deadlines().of(Stage.ORDERING, 0.0).is_shed
    token = SHED.set(True)
    try:
        assert Deadlines().of(Stage.ORDERING, 0.0).is_shed
    finally:
        SHED.reset(token)


def test_background_work_waits_only_while_doctors_are_served() -> None:
    now = [100.0]

    async def go() -> None:
        pressure = Pressure(clock=lambda: now[0])
        token = BACKGROUND.set(pressure)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(20):
            await give_way()
        assert loop.time() - began < 0.02
        pressure.note_ordering()
        began = loop.time()
        for _ in range(5):
            await give_way()
        assert loop.time() - began >= 0.09
        BACKGROUND.reset(token)

    asyncio.run(go())


def test_an_overload_ends() -> None:
    async def go() -> None:
        now = [0.0]
        pressure = Pressure(clock=lambda: now[0])
        watching = asyncio.create_task(pressure.run())
        pressure.note_shed(Work.EXPORT)
        assert (pressure.is_overloaded, pressure.as_dependency().state) == (True, "down")
        now[0] = 10.0
        await asyncio.sleep(0.05)
        assert (pressure.is_overloaded, pressure.as_dependency().state) == (False, "ok")
        pressure.note_shed(Work.EXPORT, is_limited=True)
        assert not pressure.is_overloaded
        watching.cancel()

    asyncio.run(go())


def test_what_was_just_shed() -> None:
    now = [100.0]
    pressure = Pressure(clock=lambda: now[0])
    assert not pressure.has_just_shed(Work)
    pressure.note_shed(Work.SETTLING, is_limited=True)
    assert not pressure.has_just_shed(Work)
    pressure.note_shed(Work.SETTLING)
    assert pressure.has_just_shed((Work.ORDERING, Work.SETTLING))
    assert not pressure.has_just_shed((Work.ORDERING,))
    now[0] += 1.1
    assert not pressure.has_just_shed(Work)
