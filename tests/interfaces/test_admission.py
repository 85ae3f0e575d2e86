"""Who gets room when there is not enough: order entry before all else, every caller a share, and the rest told when to
come again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.application.deadline import SHED, Deadlines
from app.application.pressure import BACKGROUND, Pressure, give_way
from app.domain.access import Caller, Role
from app.domain.decision import Stage
from app.domain.work import Work
from app.interfaces.admission import USUAL, Admission
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.caller import KEY
from app.interfaces.rate_limits import RateLimits
from app.interfaces.waiting import Limits, Line
from app.interfaces.work import WorkTable, stage_of

NARROW = {work: Limits(running=2, waiting=3, patience=0.05, lag=1.0) for work in Work}
PATHS = {
    Work.ORDERING: ("POST", "/v1/audits"),
    Work.SETTLING: ("POST", "/v1/settlements/preview"),
    Work.RETROSPECTIVE: ("POST", "/v1/audits/bulk"),
    Work.DASHBOARD: ("GET", "/v1/rules"),
    Work.EXPORT: ("GET", "/v1/trail/entries"),
}


class Service:
    """Behind the admission: it answers when it is let, and tells whether it was to judge."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.unjudged: list[str] = []
        self.running = self.most = 0
        self.free = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope[KEY].id
        if SHED.get():
            self.unjudged.append(caller)
        else:
            self.served.append(caller)
            self.running += 1
            self.most = max(self.most, self.running)
            await self.free.wait()
            self.running -= 1
        await respond(send, 200, await read_body(scope, receive, 10_000))


class Answer:
    def __init__(self) -> None:
        self.status, self.body = 0, b""
        self.headers: dict[bytes, bytes] = {}


async def ask(
    app: Admission, work: Work, caller: str = "a", body: bytes = b"{}", path: str = "", **headers: str
) -> Answer:
    method, usual = PATHS[work]
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": "http", "method": method, "path": path or usual, "headers": named}
    scope[KEY] = Caller(id=caller, roles=frozenset({Role.HIS_CLIENT}))
    answer, parts = Answer(), [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        return parts.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], dict(message["headers"])
        else:
            answer.body += message["body"]

    await app(scope, receive, send)
    return answer


def run(test: Callable[[Admission, Service], Awaitable[None]], rates: dict[Work, float] | None = None) -> None:
    async def go() -> None:
        service = Service()
        await test(Admission(service, Pressure(), WorkTable(("/fsi/api",)), RateLimits(rates), NARROW), service)

    asyncio.run(go())


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


def test_buckets_fill_again() -> None:
    now = [0.0]
    limits = RateLimits({Work.EXPORT: 2}, clock=lambda: now[0])
    assert [limits.wait_for("a", Work.EXPORT) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    now[0] = 0.5
    assert [limits.wait_for("a", Work.EXPORT) for _ in range(2)] == [0, 0.5]
    now[0] = 1000
    assert [limits.wait_for("a", Work.EXPORT) for _ in range(5)] == [0, 0, 0, 0, 0.5]


@pytest.mark.parametrize(
    ("headers", "body", "work"),
    [
        ({}, b'{"stage":"ordering","encounter":{}}', Work.ORDERING),
        ({}, b'{"stage" : "settling"}', Work.SETTLING),
        ({}, b'{"encounter":{' + b" " * 900_000 + b'},"stage":"settled"}', Work.SETTLING),
        ({}, b'{"infno":"3102","input":{}}', Work.SETTLING),
        ({}, b'{"infno":"3101"}', Work.ORDERING),
        ({}, b"\xff\x00 rubbish", Work.ORDERING),
        ({"x-stage": "settling"}, b'{"stage":"ordering"}', Work.SETTLING),
        ({"x-stage": "ordering"}, b'{"stage":"settling"}', Work.ORDERING),
    ],
)
def test_the_stage_of_an_audit(headers: dict[str, str], body: bytes, work: Work) -> None:
    scope = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    assert stage_of(scope, body) is work


@pytest.mark.parametrize(
    ("method", "path", "work"),
    [
        ("POST", "/v1/audits", Work.ORDERING),
        ("POST", "/cds-services/order-sign", Work.ORDERING),
        ("POST", "/fsi/api/3101", Work.ORDERING),
        ("GET", "/fsi/api/popup", Work.ORDERING),
        ("GET", "/v1/audits/0190", Work.SETTLING),
        ("POST", "/fhir/Claim/$submit", Work.ORDERING),
        ("POST", "/v1/audits/bulk", Work.RETROSPECTIVE),
        ("POST", "/v1/history", Work.RETROSPECTIVE),
        ("POST", "/v1/settlements/simulate", Work.RETROSPECTIVE),
        ("POST", "/v1/feeds/stock", Work.RETROSPECTIVE),
        ("GET", "/v1/alerts/suppressed", Work.DASHBOARD),
        ("GET", "/v1/findings/export", Work.EXPORT),
        ("GET", "/v1/trail/entries", Work.EXPORT),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", "/metrics", None),
        ("OPTIONS", "/cds-services/order-sign", None),
    ],
)
def test_the_work_of_a_path(method: str, path: str, work: Work | None) -> None:
    assert WorkTable(("/fsi/api",)).of({"method": method, "path": path}) is work


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
