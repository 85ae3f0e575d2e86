"""Hot history: hits, misses and everything that must make a hit impossible; whatever is answered, the database would
have answered the same.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis as Client

from app.store.audit_log import NotRecorded
from app.store.history import HistoryQuery, HistoryWrite
from app.store.postgres.store import postgres_store
from app.store.redis.connection import Unreachable
from app.store.redis.hot_history import Limits
from app.store.redis.hot_keys import CLOCK
from app.store.store import Store
from tests.servers import Postgres, Redis, running_redis
from tests.store.build import AT, record
from tests.store.redis.build import LIMITS, Worker, line, query, sqlite, write

LINES = [line(f"L{n}", f"2026-02-{n + 1:02}", f"C{n % 3}") for n in range(9)]


class Scene:
    def __init__(self, server: Redis, store: Store, workers: list[Worker]) -> None:
        self.server, self.store, self.workers = server, store, workers
        self.worker = workers[0]
        self.redis = Client.from_url(server.url)
        self._audits = 0

    async def audit(self, told: HistoryWrite, worker: Worker | None = None, **fields: Any) -> None:
        self._audits += 1
        await (worker or self.worker).log.append(record(f"a{self._audits}", history=told, **fields))
        await self.settle()

    async def settle(self) -> None:
        for worker in self.workers:
            await worker.hot.settled()

    async def is_hit(self, asked: HistoryQuery, worker: Worker | None = None) -> bool:
        """Whether Redis answers; the answer is compared with that of the database."""
        found = await (worker or self.worker).hot.read(asked)
        bare = await self.store.history.fetch(asked)
        assert found is None or found == bare
        assert await (worker or self.worker).history.fetch(asked) == bare
        return found is not None

    def time_passes(self) -> None:
        """As if every lease that runs now were over."""
        self.redis.hset(CLOCK, "quiet", 0)
        for key in self.redis.keys("mingjian:history:guard:*"):
            for field in self.redis.hkeys(key):
                if field != b"stamp":
                    self.redis.hset(key, field, 0)

    async def warm(self, told: HistoryWrite, asked: HistoryQuery) -> None:
        """Audited, asked for, audited again: from then on it is kept."""
        await self.audit(told)
        await self.is_hit(asked)
        await self.audit(told)
        assert await self.is_hit(asked)


@asynccontextmanager
async def scene(
    server: Redis, folder: Path, count: int = 1, limits: Limits = LIMITS, database: str | None = None
) -> AsyncIterator[Scene]:
    store = sqlite(folder) if database is None else postgres_store(database, fetch_timeout=5)
    await store.open()
    workers = [Worker(server.url, store, limits) for _ in range(count)]
    made = Scene(server, store, workers)
    made.redis.flushall()
    made.redis.hset(CLOCK, mapping={"start": 1, "seq": 1, "quiet": 0})
    try:
        yield made
    finally:
        made.redis.close()
        for worker in workers:
            await worker.close()
        await store.close()


def play(server: Redis, folder: Path, act: Callable[[Scene], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with scene(server, folder, **options) as made:
            await act(made)

    asyncio.run(run())


def test_a_patient_who_comes_again_is_answered_from_redis(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", LINES))
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", [line("new", "2026-02-11", "C9")]))
        assert await at.is_hit(asked)
        for n in range(5):  # written to, it stays
            await at.audit(write("P1", "E1", [line("new", "2026-02-12", "C9", amount=n)]))
            assert await at.is_hit(asked)

    play(redis_server, tmp_path, act)


QUESTIONS = [
    query("P1", "E1", prefixes=(), codes=("C1",)),
    query("P1", "E2", prefixes=(), codes=("C1", "C2")),
    query("P1", "E2", prefixes=("C",), codes=("C1", "D1")),
    query("P1", "E2", prefixes=("D",), since="2026-02-05"),
    query("P1", "E2", prefixes=()),
    query("P1", "E2", dates_since=None),
    query("P1", "E2", since=None),
    query("P1", "E2", since=None, dates_since=None),
    query("P1", "E2", since="2026-02-06", codes=("C0",), prefixes=("C1",)),
    query("P1", "E2", since="2026-02-10", dates_since="2026-02-27", first="2026-02-28"),
    query("P1", "E2", since="2026-02-10", dates_since="2026-02-27", first=None),
    query("P1", "E3", since="2026-02-10", dates_since="2026-02-27"),
]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_question_is_answered_as_the_database_answers_it(
    redis_server: Redis, postgres: Postgres, tmp_path: Path, kind: str
) -> None:
    async def act(at: Scene) -> None:
        await at.warm(
            write(
                "P1",
                "E1",
                [
                    *LINES,
                    line("O1", "2026-02-01", "D1", is_charge=False),
                    line("O2", "2026-02-02", "", is_charge=False),
                ],
            ),
            query("P1", "E1"),
        )
        await at.audit(
            write("P1", "E2", [line("X1", "2026-02-05", "D1", order_of="O1"), line("审核", "2026-02-03", "药1")])
        )
        await at.audit(
            write("P1", "E3", [line("Y1", "2024-02-05", "D1")], last_date="2024-02-05", has_death=True, facility="F2")
        )
        await at.audit(write("P1", "E3", [], last_date="2025-12-05"))
        await at.audit(write("P1", "E1", [line("L3", "2026-02-05", "D1", order_of="O1")]))
        for asked in QUESTIONS:
            await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert [asked for asked in QUESTIONS if not await at.is_hit(asked)] == []

    play(redis_server, tmp_path, act, database=postgres.new_database() if kind == "postgres" else None)


def test_a_withdrawn_line_is_gone_at_once(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        assert await at.workers[1].history.withdraw("F1", "E1", "L1", caller="c", at=AT)
        assert not await at.is_hit(asked)
        assert not await at.worker.history.withdraw("F1", "E1", "none", caller="c", at=AT)
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_an_encounter_that_turns_out_to_be_anothers(redis_server: Redis, tmp_path: Path) -> None:
    """Kept with the first patient, who need not be asked about when it moves to the second."""

    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES), query("P1", "E1"))
        await at.audit(write("P1", "E2", LINES))
        await at.is_hit(query("P1", "E2"))
        await at.audit(write("P1", "E2", LINES))
        assert await at.is_hit(query("P1", "E2"))
        await at.audit(write("P2", "E1", LINES), at.workers[1])
        assert not await at.is_hit(query("P1", "E2"))
        assert not await at.is_hit(query("P2", "E1"))

    play(redis_server, tmp_path, act, count=2)


def test_an_import_is_seen(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        await at.workers[1].history.put([write(f"P{n}", f"E{n}", LINES, note=1) for n in range(700)])
        assert not await at.is_hit(asked)
        await at.settle()
        assert not await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_other_facilities_see_nothing(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES), query("P1", "E1"))
        assert not await at.is_hit(query("P1", "E1", facilities=("F1",)))
        assert not await at.is_hit(query("P1", "E1", facility="F2"))
        assert await at.is_hit(query("P1", "E1", facilities=("F2", "F1")))

    play(redis_server, tmp_path, act)


class Halted:
    """The store's log, where every append waits before its commit and after it until it is let go."""

    def __init__(self, store: Store) -> None:
        self._log = store.log
        self.before, self.after = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def append(self, one: Any) -> tuple[bytes, bool]:
        await self.before.acquire()
        answer = await self._log.append(one)
        await self.after.acquire()
        return answer


async def steps() -> None:
    for _ in range(5):
        await asyncio.sleep(0.01)


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


def test_the_last_day_ever_told_holds(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES, last_date="2026-02-20"), query("P1", "E1"))
        await at.audit(write("P1", "E2", LINES))
        await at.is_hit(query("P1", "E2"))
        await at.audit(write("P1", "E2", LINES))
        asked = query("P1", "E2", dates_since="2026-02-15", since=None, first=None)
        for last_date in ("2026-02-28", "2026-02-10"):
            await at.audit(write("P1", "E1", [], last_date=last_date))
            assert await at.is_hit(asked)
            assert len(await at.worker.history.fetch(asked)) == 2

    play(redis_server, tmp_path, act)


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


def test_a_patient_with_too_many_lines_is_not_kept(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        few = write("P1", "E1", LINES)
        await at.warm(few, asked)
        await at.audit(write("P1", "E1", [line(f"M{n}", "2026-02-03", "C1") for n in range(20)]))
        for _ in range(3):
            assert not await at.is_hit(asked)
            await at.audit(few)

    play(redis_server, tmp_path, act, limits=Limits(most_lines=20))


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


def test_nobody_is_named(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        told = write("510102199001011234", "ENCOUNTER-77", LINES, facility="F1")
        await at.warm(told, query("510102199001011234", "ENCOUNTER-77"))
        names = b" ".join(at.redis.keys())
        assert b"510102" not in names
        assert b"ENCOUNTER" not in names
        assert all(at.redis.ttl(key) > 0 for key in at.redis.scan_iter() if key != CLOCK.encode())

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


def test_headers_are_those_of_the_last_message(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES), query("P1", "E1"))
        await at.audit(write("P1", "E1", [], note=5, last_date="2026-03-01"))
        (found,) = await at.worker.hot.read(query("P1", "E1")) or []
        assert msgspec.json.decode(found.header)["note"] == 5

    play(redis_server, tmp_path, act)
