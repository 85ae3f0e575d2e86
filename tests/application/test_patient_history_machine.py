"""Whatever comes in whatever order, findings are those of the final state."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from app.domain.encounter import Encounter
from app.engine.ruleset import Ruleset
from app.store.postgres.store import postgres_store
from app.store.redis.store import with_redis
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from tests.application.history_machine import (
    HistoryMachine,
    Service,
    an_encounter,
    new_world,
    the_rules,
)
from tests.servers import running_postgres, running_redis

SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=20)
Message = Encounter | tuple[str, str, str]  # an encounter, or the facility, encounter and line to withdraw


class Opened(NamedTuple):
    store: Store
    runner: asyncio.Runner
    ruleset: Ruleset
    examples: int


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[Store]:
    """Patient: on a busy machine, an audit that goes on without the past would not be told from a wrong one."""
    if kind == "SQLite":
        yield sqlite_store(folder / "history.sqlite3")
        return
    with running_postgres() as database:
        store = postgres_store(database.new_database(), fetch_timeout=30)
        if kind == "PostgreSQL":
            yield store
            return
        with running_redis() as redis:
            yield with_redis(store, redis.url)


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL", "PostgreSQL and Redis"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with store_of(request.param, tmp_path_factory.mktemp("machine")) as store, asyncio.Runner() as runner:
        runner.run(store.open())
        yield Opened(store, runner, the_rules(), 40 if request.param == "SQLite" else 12)
        runner.run(store.close())


def test_findings_are_those_of_the_final_state(opened: Opened) -> None:
    some = settings(SETTINGS, max_examples=opened.examples)
    run_state_machine_as_test(lambda: HistoryMachine(*opened[:3]), settings=some)  # type: ignore[no-untyped-call]


@st.composite
def messages(draw: st.DrawFn) -> list[Message]:
    """Encounters that each tell the same of themselves whenever they come, in several messages; withdrawals."""
    told: list[Message] = []
    headers: dict[tuple[str, str], Encounter] = {}
    for one in draw(st.lists(an_encounter(), min_size=3, max_size=9)):
        place = (one.facility.id, one.id)
        header = headers.setdefault(place, replace(one, order_lines=(), charge_lines=()))
        told.append(replace(header, order_lines=one.order_lines, charge_lines=one.charge_lines))
        known = [line.id for line in (*one.order_lines, *one.charge_lines)]
        if known and draw(st.integers(0, 3)) == 0:
            told.append((*place, draw(st.sampled_from(known))))
    return told


def lines_of(message: Message) -> set[tuple[str, str, str]]:
    if isinstance(message, tuple):
        return {message}
    return {(message.facility.id, message.id, line.id) for line in (*message.order_lines, *message.charge_lines)}


def shuffled(told: list[Message], random: Random) -> list[Message]:
    """Another order, in which the versions of each line still follow each other as they did."""
    left, order = list(enumerate(told)), []
    while left:
        free = [
            one for one in left if not any(lines_of(one[1]) & lines_of(other[1]) for other in left if other[0] < one[0])
        ]
        chosen = random.choice(free)
        left.remove(chosen)
        order.append(chosen[1])
    return order


def deliver(told: list[Message], opened: Opened, random: Random) -> list[str]:
    """Each message is audited or taken in; what is heard in the end, without what names this world."""
    service = Service(*opened[:3], new_world())
    for one in told:
        if isinstance(one, tuple):
            service.withdraw(one[0], service.world + one[1], one[2])
        else:
            patient = replace(one.patient, id=service.world + one.patient.id)
            sent = replace(one, id=service.world + one.id, patient=patient)
            service.ask(sent) if random.random() < 0.5 else service.take_in([sent])
    return service.ask_everywhere()


def test_the_order_of_arrival_does_not_matter(opened: Opened) -> None:
    @settings(SETTINGS, max_examples=2 * opened.examples)
    @given(told=messages(), seed=st.integers(0, 1000))
    def check(told: list[Message], seed: int) -> None:
        first = deliver(told, opened, Random(seed))
        assert deliver(shuffled(told, Random(seed)), opened, Random(seed + 1)) == first

    check()
