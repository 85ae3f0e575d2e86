"""History: what is told of an encounter, what counts of it, and what a query gets to see."""

import asyncio
import json
from datetime import date
from typing import Any

import pytest

from app.store.audit_log import NotRecorded
from app.store.history import HistoryLine, HistoryQuery, HistoryWrite, StoredEncounter
from app.store.store import Store
from tests.store.build import AT, record
from tests.store.contract.place import Place


def line(name: str = "L1", day: str = "2026-02-10", code: str = "X1", order: str = "", **more: Any) -> HistoryLine:
    content = json.dumps({"id": name, "at": day, "told": more.get("told", "")})
    return name, day, code, more.get("is_charge", True), order, content


def order(name: str = "O1", day: str = "2026-02-10", code: str = "X1") -> HistoryLine:
    return line(name, day, code, is_charge=False)


def told(*lines: HistoryLine, encounter: str = "E1", **changes: Any) -> HistoryWrite:
    last = max([one[1] for one in lines], default="2026-02-10")
    plain = {
        "facility": "F1", "encounter": encounter, "patient": "P1", "header": json.dumps({"id": encounter}),
        "month": 202602, "last_date": last, "has_death": False, "lines": list(lines),
    }  # fmt: skip
    return HistoryWrite(**{**plain, **changes})


def asked(encounter: str = "E9", **changes: Any) -> HistoryQuery:
    """By an encounter of which nothing is stored, about everything of this year."""
    plain = HistoryQuery("F1", encounter, "P1", ("F1",), date(2026, 1, 1), date(2026, 1, 1), (), ("",))
    return plain._replace(first=date(2026, 3, 1))._replace(**changes)


async def seen(store: Store, query: HistoryQuery) -> dict[str, tuple[str, str, int]]:
    """By encounter: the ids of orders and charges, and how many days."""
    found = await store.history.fetch(query)
    return {one.encounter: (_ids(one.orders), _ids(one.charges), len(one.dates)) for one in found}


def _ids(contents: list[str]) -> str:
    return " ".join(json.loads(content)["id"] for content in contents)


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
        rows = await place.rows("SELECT has_death, header, CAST(last_date AS text) FROM history_encounters")
        assert rows == [(False, "{3}", "2026-02-14")]

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


ENCOUNTERS = [
    told(line("A", "2026-02-10", "X1"), line("B", "2026-02-12", "Y12"), encounter="E1"),
    told(line("C", "2026-01-10", "X1"), line("D", "2026-02-01", "X2"), encounter="E2", month=202601),
    told(line("G", "2020-05-01"), encounter="E3", month=202005, has_death=True),
    told(line("H", "2020-05-01"), encounter="E4", month=202005),
    told(line("I"), encounter="E5", patient="P2"),
    told(line("J"), encounter="E6", facility="F2"),
    told(line("K"), encounter="E1", facility="F2", month=203001),
    told(encounter="E8"),
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"since": None, "dates_since": None}, {}),
        ({"dates_since": None}, {"E1": ("", "A B", 0), "E2": ("", "C D", 0), "E3": ("", "", 0)}),
        ({"since": None}, {"E1": ("", "", 2), "E2": ("", "", 2), "E3": ("", "", 0), "E8": ("", "", 0)}),
        ({}, {"E1": ("", "A B", 2), "E2": ("", "C D", 2), "E3": ("", "", 0), "E8": ("", "", 0)}),
        (
            {"dates_since": date(2026, 2, 11), "since": date(2026, 2, 1)},
            {"E1": ("", "A B", 2), "E2": ("", "D", 0), "E3": ("", "", 0)},
        ),
        ({"dates_since": None, "prefixes": (), "codes": ("X2", "Y1")}, {"E2": ("", "D", 0), "E3": ("", "", 0)}),
        ({"dates_since": None, "prefixes": ("Y1", "Q"), "codes": ("X2",)},
            {"E1": ("", "B", 0), "E2": ("", "D", 0), "E3": ("", "", 0)}),
        ({"dates_since": None, "prefixes": ()}, {"E3": ("", "", 0)}),
        ({"dates_since": None, "prefixes": ("X%", "_")}, {"E3": ("", "", 0)}),
        ({"patient": "P2", "dates_since": None}, {"E5": ("", "I", 0)}),
        ({"facilities": ("F2",), "since": None, "encounter": "E1"}, {"E1": ("", "K", 1), "E6": ("", "", 1)}),
        ({"since": date(2020, 5, 1), "dates_since": None, "facilities": ("F9", "F1")},
            {"E1": ("", "A B", 0), "E2": ("", "C D", 0), "E3": ("", "G", 0), "E4": ("", "H", 0)}),
    ],
)  # fmt: skip
def test_other_encounters(place: Place, changes: dict[str, Any], expected: dict[str, tuple[str, str, int]]) -> None:
    async def steps(store: Store) -> None:
        await store.history.put(ENCOUNTERS)
        query = asked(**changes)
        found = await seen(store, query)
        if query.encounter == "E1":  # the own one is told too, and the one of the same name elsewhere
            first, *others = await store.history.fetch(query)
            assert (first.facility, first.encounter, _ids(first.charges)) == ("F1", "E1", "A B")
            assert {one.encounter for one in others} == set(expected)
        else:
            assert found == expected

    place.run(steps)


def test_in_the_order_of_facility_and_encounter(place: Place) -> None:
    names = ["e", "E", "_", "é", "中", "10", "9", "Z"]

    async def steps(store: Store) -> None:
        await store.history.put(
            [told(line(), encounter=name, facility=where) for name in names for where in ("f", "F")]
        )
        found = await store.history.fetch(asked("e", facility="f", facilities=("f", "F")))
        assert [(one.facility, one.encounter) for one in found] == sorted(
            (w, name) for name in names for w in ("f", "F")
        )
        lines = [line(name) for name in names]
        await store.history.put([told(*lines)])
        (own,) = await store.history.fetch(asked("E1"))
        assert own.charges == [line(name)[5] for name in sorted(names)]

    place.run(steps)


def test_days_are_seen_from_the_first_stored_line(place: Place) -> None:
    """The request tells of March only, the own encounter began in February: what is 30 days back reaches further."""

    async def steps(store: Store) -> None:
        await store.history.put(
            [
                told(line("own", "2026-02-09"), line("late", "2026-03-05"), encounter="E1"),
                told(line("old", "2026-01-15"), encounter="E2", month=202601),
                told(line("older", "2026-01-05"), encounter="E3", month=202601),
            ]
        )
        thirty = {"dates_since": date(2026, 1, 30), "since": date(2026, 1, 30), "first": date(2026, 3, 1)}
        assert await seen(store, asked("E1", **thirty)) == {"E1": ("", "own late", 0), "E2": ("", "old", 1)}
        assert set(await seen(store, asked("E1", **{**thirty, "first": None}))) == {"E1"}
        assert set(await seen(store, asked("E1", **{**thirty, "first": date(2026, 2, 9)}))) == {"E1"}
        assert set(await seen(store, asked("E9", **thirty))) == {"E1"}
        assert set(await seen(store, asked("E1", **{**thirty, "since": None}))) == {"E1", "E2"}
        no_day = {"dates_since": date(9999, 12, 1), "since": None, "first": date.max}
        assert set(await seen(store, asked("E1", **no_day))) == {"E1", "E2"}
        dawn = {"dates_since": date.min, "since": date.min, "first": date(2026, 3, 1)}
        assert set(await seen(store, asked("E1", **dawn))) == {"E1", "E2", "E3"}

    place.run(steps)


def test_a_line_that_came_in_later_lies_before_the_first_month(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.history.put(
            [
                told(line("own"), encounter="E1"),
                told(line("before", "2025-12-20"), encounter="E1", last_date="2025-12-20"),
                told(line("old", "2025-11-25"), encounter="E2", month=202511),
                told(line("older", "2025-11-05"), encounter="E3", month=202511),
            ]
        )
        thirty = {"dates_since": date(2026, 1, 30), "since": date(2026, 1, 30), "first": date(2026, 3, 1)}
        found = await seen(store, asked("E1", **thirty))
        assert found == {"E1": ("", "before own", 0), "E2": ("", "old", 1)}

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
