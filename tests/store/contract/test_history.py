"""History: what is told of an encounter, what counts of it, and what a query gets to see."""

import asyncio
from datetime import date

import pytest

from app.store.audit_log import NotRecorded
from app.store.history import HistoryLine, StoredEncounter
from app.store.store import Store
from tests.store.build import AT, record
from tests.store.contract.histories import asked, line, order, seen, told
from tests.store.contract.place import Place


def test_round_trip(place: Place) -> None:
    async def steps(store: Store) -> None:
        lines = [line("L2", "2026-02-11"), line("L1"), line("B", "2026-02-10"), order("O1", "2026-02-12")]
        await store.history.put([told(*lines, header='{"id":"E1","说明":"\\u0000"}')])
        assert await store.history.fetch(asked()) == [
            StoredEncounter(
                facility="F1",
                encounter="E1",
                header='{"id":"E1","说明":"\\u0000"}',
                orders=[lines[3][5]],
                charges=[lines[2][5], lines[1][5], lines[0][5]],
                dates=[date(2026, 2, 10), date(2026, 2, 11), date(2026, 2, 12)],
            )
        ]

    place.run(steps)


def test_a_line_sent_again_takes_the_place_of_the_first(place: Place) -> None:
    async def steps(store: Store) -> None:
        again = line("L1", "2026-02-14", "Y1", told="again")
        await store.history.put([told(line("L1"), line("L2"))])
        await store.history.put([told(again, month=202603, patient="P1", header="{2}", has_death=True)])
        (found,) = await store.history.fetch(asked())
        assert found.charges == [line("L2")[5], again[5]]
        assert found.header == "{2}"
        months = "SELECT DISTINCT month FROM history_lines UNION SELECT month FROM history_encounters"
        assert await place.rows(months) == [(202602,)]  # once and for all
        await store.history.put([told(last_date="2026-01-01", header="{3}")])
        rows = await place.rows("SELECT has_death, CAST(last_date AS text) FROM history_encounters")
        assert rows == [(False, "2026-02-14")]
        (found,) = await store.history.fetch(asked())
        assert found.header == "{3}"

    place.run(steps)


def test_what_is_said_last_in_one_call_holds(place: Place) -> None:
    async def steps(store: Store) -> None:
        first, last = line(told="first"), line(told="last")
        await store.history.put([told(first, month=202601, last_date="2026-02-20"), told(last, month=202602)])
        (found,) = await store.history.fetch(asked())
        assert found.charges == [last[5]]
        assert await place.rows("SELECT month FROM history_lines") == [(202601,)]
        assert await place.rows("SELECT CAST(last_date AS text) FROM history_encounters") == [("2026-02-20",)]

    place.run(steps)


def test_unchanged_lines_are_not_written_again(place: Place) -> None:
    """Seen by what the database itself tells of a row's version."""
    version = "SELECT xmin::text, ctid::text FROM history_lines UNION ALL SELECT xmin::text, ctid::text"
    version += " FROM history_encounters"

    async def steps(store: Store) -> None:
        await store.history.put([told(line("L1"), line("L2"))])
        if "postgres" not in type(store.log).__module__:
            return
        before = await place.rows(version)
        await store.history.put([told(line("L2"), line("L1"))])
        assert await place.rows(version) == before
        await store.history.put([told(line("L1", told="new"))])
        assert len(set(await place.rows(version)) - set(before)) == 1

    place.run(steps)


@pytest.mark.parametrize(
    ("lines", "withdrawn", "orders", "charges"),
    [
        ([order("O1"), line("L1", order="O1")], "", "", "L1"),  # a charge carries its order out
        ([order("O1"), line("L1", order="O1")], "L1", "O1", ""),  # not one that is withdrawn
        ([order("O1"), line("L1", order="O2")], "", "O1", "L1"),
        ([order("O1"), order("O2")], "O1", "O2", ""),
        ([line("L1", order="L2"), line("L2")], "", "", "L1 L2"),  # charges count, whatever says to carry them out
        ([order("O1", "2026-02-10"), line("L1", "2025-06-01", "Z9", order="O1")], "", "", "L1"),
    ],
)
def test_what_counts(place: Place, lines: list[HistoryLine], withdrawn: str, orders: str, charges: str) -> None:
    async def steps(store: Store) -> None:
        await store.history.put([told(*lines)])
        if withdrawn:
            assert await store.history.withdraw("F1", "E1", withdrawn, caller="his", at=AT)
        everything = asked(since=date(2025, 1, 1), dates_since=None)
        assert await seen(store, everything) == {"E1": (orders, charges, 0)}

    place.run(steps)


def test_own_encounter_with_all_that_is_not_withdrawn(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.history.put([told(order("O1"), line("L1", order="O1"), line("L2", code="Q"))])
        await store.history.withdraw("F1", "E1", "L2", caller="his", at=AT)
        nothing = {"dates_since": None, "since": None, "prefixes": ()}
        for query in (asked("E1"), asked("E1", **nothing), asked("E1", patient="someone")):
            assert await seen(store, query) == {"E1": ("O1", "L1", 0)}
        assert await seen(store, asked("E1", facility="F2")) == {"E1": ("", "L1", 1)}  # another of the same name

    place.run(steps)


def test_withdraw(place: Place) -> None:
    async def steps(store: Store) -> None:
        withdraw = store.history.withdraw
        assert not await withdraw("F1", "E1", "L1", caller="his", at=AT)
        await store.history.put([told(line("L1"), line("L2"))])
        assert not await withdraw("F1", "E1", "L3", caller="his", at=AT)
        assert not await withdraw("F2", "E1", "L1", caller="his", at=AT)
        assert await withdraw("F1", "E1", "L1", caller="his", at=AT)
        assert await withdraw("F1", "E1", "L1", caller="his", at=AT)  # it is there, and it does not count
        assert await seen(store, asked()) == {"E1": ("", "L2", 1)}
        assert await place.rows("SELECT facility, encounter, line, caller FROM withdrawals") == [
            ("F1", "E1", "L1", "his")
        ]
        await store.history.put([told(line("L1"))])
        assert await seen(store, asked()) == {"E1": ("", "L1 L2", 1)}

    place.run(steps)


def test_history_is_stored_with_the_record_or_not_at_all(place: Place) -> None:
    async def steps(store: Store) -> None:
        log = store.log
        await log.append(record("a1", key="k", history=told(line("L1"))))
        await log.append(record("a2", key="k", history=told(line("L2"))))  # a repeated request says nothing new
        outcomes = await asyncio.gather(
            log.append(record("a1", history=told(line("L3")))),  # refused: the id is taken
            log.append(record("a4", history=told(line("L4")))),
            log.append(record("a5", history=told(line("L5"), encounter="E2"))),
            return_exceptions=True,
        )
        assert isinstance(outcomes[0], Exception)
        assert await seen(store, asked()) == {"E1": ("", "L1 L4", 1), "E2": ("", "L5", 1)}

    place.run(steps)


def test_a_write_that_breaks_leaves_nothing_behind(place: Place) -> None:
    async def steps(store: Store) -> None:
        broken = told(line("L2"), ("L2", "2026-02-10", "X1", None, "", "{}"), encounter="E2")  # type: ignore[arg-type]
        with pytest.raises(NotRecorded):
            await store.history.put([told(line("L1")), broken])
        assert await seen(store, asked()) == {}

    place.run(steps)


def test_characters_that_a_database_may_not_like(place: Place) -> None:
    strange = "a\0'\\\"%_\N{GRINNING FACE}"

    async def steps(store: Store) -> None:
        write = told(line(strange, code=strange), encounter=strange, patient=strange, facility=strange)
        await store.log.append(record("a1", encounter=strange, facility=strange, history=write))
        where = {"facility": strange, "facilities": (strange,), "patient": strange}
        (found,) = await store.history.fetch(asked(encounter=strange, **where))
        assert found.charges == [write.lines[0][5]]
        assert await store.history.withdraw(strange, strange, strange, caller="his", at=AT)
        assert [one.charges for one in await store.history.fetch(asked(**where))] in ([], [[]])

    place.run(steps)
