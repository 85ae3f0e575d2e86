"""Who gets room when there is not enough: order entry before all else, every caller a share, and the rest told when to
come again.
"""

import asyncio
import json

import pytest

from app.application.pressure import Pressure
from app.domain.work import Work
from app.interfaces.admission import USUAL, Admission
from app.interfaces.rate_limits import RateLimits
from app.interfaces.work import WorkTable
from tests.interfaces.admitting import NARROW, Service, ask, run


@pytest.mark.parametrize("work", Work)
def test_no_more_than_there_is_room_for(work: Work) -> None:
    async def test(app: Admission, service: Service) -> None:
        asked = [asyncio.create_task(ask(app, work)) for _ in range(12)]
        await asyncio.sleep(0.3)
        assert (service.running, service.most) == (2, 2)
        service.free.set()
        answers = [await one for one in asked]
        if work is Work.ORDERING:
            assert [one.status for one in answers] == [200] * 12
            assert (len(service.served), len(service.unjudged)) == (2, 10)
            assert {one.body for one in answers} == {b"{}"}
        else:
            refused = [one for one in answers if one.status == 503]
            assert (len(refused), len(service.served), service.unjudged) == (10, 2, [])
            for one in refused:
                assert int(one.headers[b"retry-after"]) > 0
                assert json.loads(one.body)["type"] == "urn:mingjian:problem:overloaded"

    run(test)


def test_who_waits_gets_the_room_that_comes_free() -> None:
    async def test(app: Admission, service: Service) -> None:
        asked = [asyncio.create_task(ask(app, Work.SETTLING)) for _ in range(5)]
        await asyncio.sleep(0.01)
        service.free.set()
        assert [(await one).status for one in asked] == [200] * 5
        assert service.most == 2
        assert (await ask(app, Work.SETTLING)).status == 200  # nothing is left behind

    run(test)


@pytest.mark.parametrize(
    ("lag", "refused"),
    [
        (0.0, set()),
        (0.035, {Work.EXPORT}),
        (0.05, {Work.EXPORT, Work.DASHBOARD}),
        (0.08, {Work.EXPORT, Work.DASHBOARD, Work.RETROSPECTIVE}),
        (0.2, {Work.EXPORT, Work.DASHBOARD, Work.RETROSPECTIVE, Work.SETTLING}),
    ],
)
def test_the_order_of_shedding(lag: float, refused: set[Work]) -> None:
    """By how late the process is: exports first, then dashboards, batches, settling; ordering last."""

    async def go() -> None:
        service, pressure = Service(), Pressure()
        service.free.set()
        pressure.lag = lag
        limits = {work: one._replace(patience=0.05) for work, one in USUAL.items()}
        app = Admission(service, pressure, WorkTable(), RateLimits(), limits)
        answers = {work: await ask(app, work) for work in Work}
        assert {work for work, one in answers.items() if one.status != 200} == refused
        assert service.unjudged == []
        assert pressure.is_overloaded == bool(refused)
        assert set(pressure.shed) == refused

    asyncio.run(go())


def test_order_entry_is_answered_whatever_happens() -> None:
    async def go() -> None:
        service, pressure = Service(), Pressure()
        pressure.lag = 9.0
        app = Admission(service, pressure, WorkTable(("/fsi/api",)), RateLimits())
        answers = [await ask(app, Work.ORDERING), await ask(app, Work.ORDERING, path="/fsi/api/3101")]
        assert [one.status for one in answers] == [200, 200]
        assert (service.served, service.unjudged) == ([], ["a", "a"])
        assert pressure.as_dependency().details == {"ordering": "2"}

    asyncio.run(go())


def test_a_caller_gets_its_share_and_no_more() -> None:
    async def test(app: Admission, service: Service) -> None:
        service.free.set()
        assert [(await ask(app, Work.DASHBOARD, "greedy")).status for _ in range(2)] == [200, 429]
        assert (await ask(app, Work.DASHBOARD, "modest")).status == 200
        refusal = await ask(app, Work.DASHBOARD, "greedy")
        assert json.loads(refusal.body)["type"] == "urn:mingjian:problem:rate-limited"
        assert int(refusal.headers[b"retry-after"]) >= 1
        for _ in range(4):
            assert (await ask(app, Work.ORDERING, "greedy")).status == 200
        assert service.unjudged == ["greedy"] * 3

    run(test, {Work.DASHBOARD: 0.5, Work.ORDERING: 0.5})


@pytest.mark.parametrize(
    ("shed", "begun"),
    [
        (Work.ORDERING, {Work.ORDERING, Work.SETTLING}),
        (Work.SETTLING, {Work.ORDERING, Work.SETTLING}),
        (Work.RETROSPECTIVE, {Work.ORDERING, Work.SETTLING, Work.RETROSPECTIVE, Work.DASHBOARD}),
        (Work.DASHBOARD, {Work.ORDERING, Work.SETTLING, Work.RETROSPECTIVE, Work.DASHBOARD}),
        (Work.EXPORT, set(Work)),
    ],
)
def test_what_is_less_pressing_rests_after_something_was_turned_away(shed: Work, begun: set[Work]) -> None:
    async def go() -> None:
        now = [50.0]
        service, pressure = Service(), Pressure(clock=lambda: now[0])
        service.free.set()
        app = Admission(service, pressure, WorkTable(), RateLimits(), NARROW)
        pressure.note_shed(shed)
        answers = await asyncio.gather(*[ask(app, work) for work in reversed(Work)])
        assert {work for work, one in zip(reversed(Work), answers, strict=True) if one.status == 200} == begun
        now[0] += 2.0
        assert [(await ask(app, work)).status for work in Work] == [200] * len(Work)

    asyncio.run(go())


def test_a_dashboard_does_not_begin_while_doctors_wait() -> None:
    async def test(app: Admission, service: Service) -> None:
        checks = [asyncio.create_task(ask(app, Work.ORDERING)) for _ in range(3)]
        await asyncio.sleep(0)
        dashboard = asyncio.create_task(ask(app, Work.DASHBOARD, "staff"))
        await asyncio.sleep(0.01)
        assert service.served == ["a", "a"]
        service.free.set()
        assert [(await one).status for one in checks] == [200] * 3
        assert (await dashboard).status == 200

    run(test)
