"""Whatever is told, withdrawn and asked, in whatever order: both databases give the same (两库一致)."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.history import HistoryLine, HistoryQuery, HistoryWrite
from app.store.store import Store
from tests.store.build import AT
from tests.store.contract.place import PostgresPlace, SqlitePlace

names = st.sampled_from(["a", "B", "中", "_1"])
days = st.dates(date(2026, 1, 1), date(2026, 3, 31))
codes = st.sampled_from(["X1", "X12", "Y1", "", "x1"])
facilities = st.sampled_from(["F1", "f2"])


@st.composite
def lines(draw: st.DrawFn) -> HistoryLine:
    name, day, code, is_charge = draw(names), draw(days), draw(codes), draw(st.booleans())
    order = draw(st.sampled_from(["", "a", "B"])) if is_charge else ""
    return name, day.isoformat(), code, is_charge, order, f"{name} {day} {code} {is_charge} {order}"


@st.composite
def writes(draw: st.DrawFn) -> HistoryWrite:
    return HistoryWrite(
        facility=draw(facilities),
        encounter=draw(names),
        patient=draw(st.sampled_from(["P1", "P2"])),
        header=draw(names),
        month=draw(st.sampled_from([202601, 202602, 202603, 199001])),
        last_date=draw(days).isoformat(),
        has_death=draw(st.booleans()),
        lines=draw(st.lists(lines(), max_size=5, unique_by=lambda one: one[0])),
    )


@st.composite
def queries(draw: st.DrawFn) -> HistoryQuery:
    since = st.none() | days
    return HistoryQuery(
        facility=draw(facilities),
        encounter=draw(names),
        patient=draw(st.sampled_from(["P1", "P2"])),
        facilities=draw(st.sampled_from([("F1",), ("f2",), ("F1", "f2")])),
        dates_since=draw(since),
        since=draw(since),
        codes=tuple(draw(st.lists(codes, max_size=3))),
        prefixes=tuple(draw(st.lists(st.sampled_from(["X", "", "X1", "Y"]), max_size=2))),
        first=draw(since | st.just(date.max)),
    )


withdrawals = st.tuples(facilities, names, names)
steps = st.lists(st.lists(writes(), min_size=1, max_size=3) | withdrawals | queries(), max_size=12)


class Pair:
    """Both stores, open on one event loop; each example has places of its own in them."""

    def __init__(self, one: Store, other: Store, runner: asyncio.Runner) -> None:
        self.stores, self.runner, self.examples = (one, other), runner, 0

    async def both(self, step: Any) -> list[Any]:
        mark = f"{self.examples}/"
        return [await _do(store, step, mark) for store in self.stores]


async def _do(store: Store, step: Any, mark: str) -> Any:
    history = store.history
    if isinstance(step, HistoryQuery):
        facilities = tuple(mark + one for one in step.facilities)
        asked = step._replace(facility=mark + step.facility, facilities=facilities, patient=mark + step.patient)
        # One of which nothing was asked for may be left out.
        return [one for one in await history.fetch(asked) if one.orders or one.charges or one.dates]
    if isinstance(step, tuple):
        facility, encounter, line = step
        return await history.withdraw(mark + facility, encounter, line, caller="his", at=AT)
    return await history.put([_marked(one, mark) for one in step])


def _marked(one: HistoryWrite, mark: str) -> HistoryWrite:
    fields = {name: getattr(one, name) for name in HistoryWrite.__struct_fields__}
    # No encounter ends before its lines: the service tells the latest of all days.
    fields["last_date"] = max(one.last_date, *[day for _, day, *_ in one.lines], one.last_date)
    return HistoryWrite(**{**fields, "facility": mark + one.facility, "patient": mark + one.patient})


@pytest.fixture(scope="module")
def pair(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("alike")
    with asyncio.Runner() as runner:
        stores = [SqlitePlace(folder / "mingjian.sqlite3").new_store(), PostgresPlace(database).new_store()]
        for store in stores:
            runner.run(store.open())
        yield Pair(stores[0], stores[1], runner)
        for store in stores:
            runner.run(store.close())


@settings(max_examples=60, deadline=timedelta(seconds=10), suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps, last=st.lists(queries(), min_size=1, max_size=4))
def test_both_give_the_same(pair: Pair, steps: list[Any], last: list[HistoryQuery]) -> None:
    async def play() -> None:
        pair.examples += 1
        for step in (*steps, *last):
            one, other = await pair.both(step)
            assert one == other

    pair.runner.run(play())
