"""What a query gets to see of the patient's encounters."""

from datetime import date
from typing import Any

import pytest

from app.store.store import Store
from tests.store.contract.histories import ENCOUNTERS, asked, ids, line, seen, told
from tests.store.contract.place import Place


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
            assert (first.facility, first.encounter, ids(first.charges)) == ("F1", "E1", "A B")
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
