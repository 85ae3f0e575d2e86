"""Several workers over one database and one Redis, every step of a write and of a fill on its own and in any order:
what is fetched is always what the database has at that moment.

A write has three steps (Redis is told, the database commits, Redis is told) and so has a fill (its turn comes, the
database is read, Redis is told); between them anything else may happen, also that Redis is flushed or killed, that a
worker cannot reach it, that a write fails or that nobody waits for it any more.
"""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from app.store.history import HistoryQuery, HistoryWrite
from app.store.redis import hot_debts
from app.store.redis.connection import Unreachable
from app.store.redis.hot_keys import CLOCK
from tests.servers import running_redis
from tests.store.build import AT, record
from tests.store.redis.build import sqlite
from tests.store.redis.messages import ALL, encounters, facilities, outcomes, queries, usual_writes, writes
from tests.store.redis.workers import Workers


class HotHistoryMachine(Workers):
    def __init__(self) -> None:
        super().__init__()
        self.time_passes()

    # Writes

    @precondition(lambda self: len(self.writes_begun.waiting) < 3)
    @rule(worker=st.integers(0, 2), told=writes, outcome=outcomes)
    def an_audit_begins(self, worker: int, told: HistoryWrite, outcome: str) -> None:
        one = record(f"a{next(self.numbers)}", history=told)
        self.begin(worker, outcome, self.workers[worker].log.append(one))

    @rule(worker=st.integers(0, 2), told=usual_writes)
    def audits(self, worker: int, told: HistoryWrite) -> None:
        """Some in a row, from their fetch to their end, with a fill on the way: so that something is kept."""
        self.watched = ALL._replace(facility=told.facility, encounter=told.encounter, patient=told.patient)
        self.everything_ends()
        self.time_passes()
        for _ in range(3):
            self.answers(worker, self.watched)
            self.an_audit_begins(worker, told, "well")
            self.everything_ends()
        self.is_well = True

    @precondition(lambda self: len(self.writes_begun.waiting) < 3)
    @rule(worker=st.integers(0, 2), told=st.lists(writes, max_size=3), outcome=outcomes)
    def an_import_begins(self, worker: int, told: list[HistoryWrite], outcome: str) -> None:
        self.begin(worker, outcome, self.workers[worker].history.put(told))

    @precondition(lambda self: len(self.writes_begun.waiting) < 3)
    @rule(
        worker=st.integers(0, 2),
        facility=facilities,
        encounter=encounters,
        name=st.sampled_from(["L1", "L2"]),
        outcome=outcomes,
    )
    def a_withdrawal_begins(self, worker: int, facility: str, encounter: str, name: str, outcome: str) -> None:
        self.begin(worker, outcome, self.workers[worker].history.withdraw(facility, encounter, name, caller="c", at=AT))

    @precondition(lambda self: self.writes_begun.waiting)
    @rule(index=st.integers(0, 9))
    def a_write_is_committed(self, index: int) -> None:
        self.writes_begun.open(index)
        self.run(self.rest())

    @precondition(lambda self: self.writes_done.waiting)
    @rule(index=st.integers(0, 9))
    def a_write_ends(self, index: int) -> None:
        self.writes_done.open(index)
        self.run(self.rest())

    @precondition(lambda self: self.fills_begun.waiting or self.fills_read.waiting)
    @rule(index=st.integers(0, 9))
    def a_fill_reads_or_ends(self, index: int) -> None:
        gates = [gate for gate in (self.fills_begun, self.fills_read) if gate.waiting]
        gates[index % len(gates)].open(index)
        self.run(self.rest())

    # Reads

    @rule(worker=st.integers(0, 2), asked=queries)
    def fetch(self, worker: int, asked: HistoryQuery) -> None:
        assert self.answers(worker, asked)
        found = self.run(self.workers[worker].history.fetch(asked))
        assert self.untold or found == self.run(self.store.history.fetch(asked))

    @invariant()
    def what_is_kept_is_what_the_database_has(self) -> None:
        assert [worker for worker in range(3) if not self.answers(worker, self.watched)] == []

    # Trouble

    @precondition(lambda self: self.is_quiet)
    @rule()
    def time_passes(self) -> None:
        """Every lease is over: of those who have died, and of what a new Redis does not know."""
        if self.redis.exists(CLOCK):
            self.redis.hset(CLOCK, "quiet", 0)
        for key in self.redis.keys("mingjian:history:guard:*"):
            for field in self.redis.hkeys(key):
                if field != b"stamp":
                    self.redis.hset(key, field, 0)

    @precondition(lambda self: self.is_well and not any(self.is_cut(worker) for worker in range(3)))
    @rule(worker=st.integers(0, 2))
    def a_worker_is_cut_off(self, worker: int) -> None:
        self.workers[worker].connection.is_cut = True

    @precondition(lambda self: any(self.is_cut(worker) for worker in range(3)))
    @rule()
    def everyone_reaches_redis(self) -> None:
        for one in self.workers:
            one.connection.is_cut = False
            self.run(one.hot._debts.settled())
        self.untold = self.is_well = False

    @precondition(lambda self: self.is_well)
    @rule(trouble=st.sampled_from(["evicted", "evicted", "flushed", "killed"]), mask=st.integers(0, 2**24))
    def redis_forgets(self, trouble: str, mask: int) -> None:
        self.is_well = False
        if trouble == "evicted":
            # Guards of changes that are under way were used last, so that they are the last to go.
            kinds = ["data", *(["guard"] if self.is_quiet else [])]
            names = [name for kind in kinds for name in sorted(self.redis.keys(f"mingjian:history:{kind}:*"))]
            for number, name in enumerate(names):
                if mask >> number & 1:
                    self.redis.delete(name)
        elif trouble == "flushed":
            self.redis.flushall()
        else:
            self.server.kill()
            self.fetch(0, self.watched)
            self.server.start()
            self.run(self._until_all_answer())

    async def _until_all_answer(self) -> None:
        for one in self.workers:
            while not one.connection.is_cut:
                try:
                    await one.connection.ask(lambda redis: redis.ping())
                    break
                except Unreachable:
                    await asyncio.sleep(0.01)

    @invariant()
    def nothing_is_kept_for_ever(self) -> None:
        assert all(self.redis.ttl(key) > 0 for key in self.redis.scan_iter() if key != CLOCK.encode())


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[HotHistoryMachine]]:
    folder = tmp_path_factory.mktemp("template")
    sqlite(folder)
    HotHistoryMachine.template = folder / "mingjian.sqlite3"
    with running_redis() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(hot_debts, "_PAUSE", 0.002)
        HotHistoryMachine.server = server
        yield HotHistoryMachine


def test_whatever_is_fetched_the_database_has(machine: type[HotHistoryMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.hits > 200, "too few answers came from Redis for this to be a test of it"
