"""Whatever comes in whatever order, findings are those of the final state."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
from app.store.opening import store_at
from app.store.store import Store
from tests.application.history_machine import (
    HistoryMachine,
    Service,
    an_encounter,
    new_world,
    the_rules,
)
from tests.servers import running_postgres, running_redis

SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40, stateful_step_count=20)
Message = Encounter | tuple[str, str, str]  # an encounter, or the facility, encounter and line to withdraw


class Opened(NamedTuple):
    store: Store
    runner: asyncio.Runner
    ruleset: Ruleset


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[Store]:
    with ExitStack() as servers:
        database_url = redis_url = None
        if kind != "SQLite":
            database_url = servers.enter_context(running_postgres()).new_database()
        if kind == "PostgreSQL and Redis":
            redis_url = servers.enter_context(running_redis()).url
        yield store_at(database_url, folder / "history.sqlite3", redis_url)


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL", "PostgreSQL and Redis"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with store_of(request.param, tmp_path_factory.mktemp("machine")) as store, asyncio.Runner() as runner:
        runner.run(store.open())
        yield Opened(store, runner, the_rules())
        runner.run(store.close())


def test_findings_are_those_of_the_final_state(opened: Opened) -> None:
    run_state_machine_as_test(lambda: HistoryMachine(*opened), settings=SETTINGS)  # type: ignore[no-untyped-call]


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
    service = Service(*opened, new_world())
    for one in told:
        if isinstance(one, tuple):
            service.withdraw(one[0], service.world + one[1], one[2])
        else:
            patient = replace(one.patient, id=service.world + one.patient.id)
            sent = replace(one, id=service.world + one.id, patient=patient)
            service.ask(sent) if random.random() < 0.5 else service.take_in([sent])
    return service.ask_everywhere()


@settings(SETTINGS, max_examples=60)
@given(told=messages(), seed=st.integers(0, 1000))
def test_the_order_of_arrival_does_not_matter(told: list[Message], seed: int, opened: Opened) -> None:
    first = deliver(told, opened, Random(seed))
    assert deliver(shuffled(told, Random(seed)), opened, Random(seed + 1)) == first
