"""PostgreSQL restarted, killed, hung: nothing acknowledged is lost, nobody waits too long, it goes on by itself."""

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.store import Store
from tests.servers import Postgres, running_postgres
from tests.store.build import record
from tests.store.contract.histories import asked, line, told
from tests.store.postgres.build import opened, rows

PATIENCE = 30.0  # seconds until it must be well again
SHORT = {"connect_timeout": 0.5, "command_timeout": 0.5, "fetch_timeout": 0.1}
SLACK = 0.4  # seconds that a busy machine may add


@pytest.fixture
def server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


def start_again(server: Postgres) -> None:
    """The processes of a killed server need a moment to see that it is gone."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return server.start()
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def connections_to(port: int) -> int:
    """How many connections of this machine end at the port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return sum(one[2].endswith(f":{port:04X}") and one[3] == established for one in lines)


async def until_stored(store: Store, name: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            await store.log.append(record(name))
            return
        except NotRecorded:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


async def until_fetched(store: Store) -> int:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return len(await store.history.fetch(asked()))
        except Unavailable:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


def test_restarted_between_writes(server: Postgres) -> None:
    """No request fails for a restart that happened while nobody asked."""
    url = server.new_database()

    async def run() -> None:
        async with opened(url, fetch_timeout=5.0) as store:
            for number in range(3):
                await store.log.append(record(f"a{number}", history=told(line(f"L{number}"))))
                assert len(await store.history.fetch(asked())) == 1
                assert await store.log.find(f"a{number}") is not None
                await store.check()
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
            await store.log.append(record("a9"))
            assert await store.log.latest_ids(9) == ["a9", "a2", "a1", "a0"]
            assert [len(one.charges) for one in await store.history.fetch(asked())] == [3]

    asyncio.run(run())


def test_stopped_under_writes(server: Postgres) -> None:
    url = server.new_database()

    async def run() -> None:
        async with opened(url) as store:
            await store.log.append(record("a0", history=told(line())))
            server.stop()
            for call in (
                lambda: store.log.append(record("a1")),
                lambda: store.feeds.latest(),
                lambda: store.history.fetch(asked()),
                lambda: store.history.withdraw("F1", "E1", "L1", caller="his", at=record().recorded_at),
                lambda: store.history.put([told(line("L2"))]),
                lambda: store.rulesets.current(),
                lambda: store.log.find("a0"),
                store.check,
            ):
                with pytest.raises((NotRecorded, Unavailable)):
                    await asyncio.wait_for(call(), 2)
            await asyncio.to_thread(server.start)
            await until_stored(store, "a2")
            assert await until_fetched(store) == 1
            assert await store.log.latest_ids(9) == ["a2", "a0"]

    asyncio.run(run())


def test_killed_under_writes(server: Postgres) -> None:
    """Each that was acknowledged is there; each that was not is there once, or not at all; and keys agree."""
    url = server.new_database()
    acknowledged: dict[str, bytes] = {}
    refused: set[str] = set()

    async def client(store: Store, client_name: str, until: float) -> None:
        for number in count():
            if time.monotonic() > until:
                return
            name = f"c{client_name}-{number}"
            try:
                write = told(line(), encounter=name)
                answer, _ = await store.log.append(record(name, key=name, encounter=name, history=write))
                acknowledged[name] = answer
            except NotRecorded:
                refused.add(name)
                await asyncio.sleep(0.005)

    async def run() -> None:
        async with opened(url) as one, opened(url) as two:
            for kill in range(3):
                until = time.monotonic() + 1.2
                clients = [client((one, two)[number % 2], f"{kill}-{number}", until) for number in range(16)]
                working = asyncio.gather(*clients)
                await asyncio.sleep(0.4)
                server.kill()
                await asyncio.to_thread(start_again, server)
                await working
                await asyncio.gather(until_stored(one, f"one-{kill}"), until_stored(two, f"two-{kill}"))
            for name in sorted(refused):
                answer, _ = await one.log.append(record(f"again-{name}", key=name))
                assert answer in (f'{{"id":"{name}"}}'.encode(), f'{{"id":"again-{name}"}}'.encode())

    asyncio.run(run())
    assert len(acknowledged) > 50
    assert refused
    check_stored(url, acknowledged)


def check_stored(url: str, acknowledged: Collection[str]) -> None:
    counted = "SELECT a.id, count(f.id) FROM audits a LEFT JOIN findings f ON audit_seq = a.seq GROUP BY 1"
    stored = asyncio.run(rows(url, counted))
    names = [name for name, _ in stored]
    assert set(acknowledged) <= set(names)
    assert {count for _, count in stored} == {1}
    keyed = dict(asyncio.run(rows(url, "SELECT key, id FROM idempotency_keys k JOIN audits a ON a.seq = k.audit_seq")))
    assert all(keyed[name] == name for name in acknowledged)
    lines = {name for (name,) in asyncio.run(rows(url, "SELECT encounter FROM history_lines"))}
    assert lines == {name for name in names if name.startswith("c")}


def test_hung(server: Postgres) -> None:
    """NotRecorded and Unavailable in time, whoever asks and however many; well again as soon as it answers."""
    url = server.new_database()

    async def timed(call: Awaitable[object], limit: float) -> None:
        started = time.monotonic()
        with pytest.raises((NotRecorded, Unavailable)):
            await call
        assert time.monotonic() - started < limit + SLACK

    async def run() -> None:
        async with opened(url, **SHORT) as store:
            await store.log.append(record("a0", history=told(line())))
            await until_fetched(store)
            server.freeze()
            try:
                limit = SHORT["connect_timeout"] + SHORT["command_timeout"]
                writes = [timed(store.log.append(record(f"lost-{number}")), limit) for number in range(20)]
                fetches = [timed(store.history.fetch(asked()), SHORT["fetch_timeout"]) for _ in range(20)]
                await asyncio.gather(*writes, *fetches, timed(store.check(), SHORT["connect_timeout"]))
                for number in range(5):  # and again, while a new connection is attempted
                    await asyncio.gather(
                        timed(store.history.fetch(asked()), SHORT["fetch_timeout"]),
                        timed(store.log.append(record(f"lost-too-{number}")), limit),
                    )
            finally:
                server.thaw()
            await until_stored(store, "a1")
            assert await until_fetched(store) == 1
            await store.check()
            assert (await store.log.latest_ids(1)) == ["a1"]

    asyncio.run(run())


def test_hung_server_is_not_asked_by_more_and_more(server: Postgres) -> None:
    url = server.new_database()

    async def run() -> None:
        async with opened(url, **SHORT) as store:
            await until_fetched(store)
            before = connections_to(server.port)
            server.freeze()
            try:
                until = time.monotonic() + 1.5
                while time.monotonic() < until:
                    fetches = [store.history.fetch(asked()) for _ in range(30)]
                    outcomes = await asyncio.gather(*fetches, return_exceptions=True)
                    assert {type(one) for one in outcomes} == {Unavailable}
                    assert connections_to(server.port) <= before + 1
            finally:
                server.thaw()

    asyncio.run(run())


def test_one_worker_that_hangs_does_not_stop_the_others(server: Postgres) -> None:
    """It holds a key inside its transaction; who wants the same key is told in time, and the rest goes on."""
    url = server.new_database()

    async def run() -> None:
        async with opened(url, **SHORT) as store:
            await store.log.append(record("a0"))
            other = await asyncpg.connect(url)
            await other.execute("BEGIN")
            await other.execute("INSERT INTO idempotency_keys VALUES ('local', 'k', '', 0, 0)")
            with pytest.raises(NotRecorded):
                await store.log.append(record("a1", key="k"))
            await until_stored(store, "a2")
            await other.execute("ROLLBACK")
            await other.close()
            assert await store.log.append(record("a3", key="k")) == (b'{"id":"a3"}', False)

    asyncio.run(run())
