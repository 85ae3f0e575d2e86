"""Settled stays in the store: each once, by facility and id, read page by page in one order."""

from datetime import date

import pytest

from app.store.audit_log import NotRecorded
from app.store.stays import StayFilter, StayKey, StoredStay
from app.store.store import Store
from tests.store.contract.place import Place

DAY = date(2026, 3, 1)
ALL = StayFilter()


def stay(stay_id: str = "S1", facility: str = "F1", department: str = "内科", day: date = DAY, **fields) -> StoredStay:
    return StoredStay(facility, stay_id, department, day, fields.get("content", f'"{facility}/{stay_id}"'))


async def every(store: Store, wanted: StayFilter = ALL, size: int = 2) -> list[str]:
    found: list[str] = []
    after: StayKey | None = None
    while True:
        contents, after = await store.stays.page(wanted, after, size)
        assert len(contents) <= size
        found += contents
        if after is None:
            return found


def test_nothing_is_stored_at_first(place: Place) -> None:
    async def steps(store: Store) -> None:
        assert await store.stays.count(ALL) == 0
        assert await store.stays.page(ALL, None, 10) == ([], None)

    place.run(steps)


def test_a_stay_that_is_sent_again_takes_its_own_place(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.stays.put([stay(), stay(facility="F2"), stay(content='"again"')])
        assert await every(store) == ['"again"', '"F2/S1"']
        later = stay(content='"moved"', department="外科", day=date(2026, 4, 1))
        await store.stays.put([later])
        assert await every(store) == ['"moved"', '"F2/S1"']
        assert await every(store, StayFilter(departments=("外科",))) == ['"moved"']
        assert await every(store, StayFilter(discharged_from=date(2026, 4, 1))) == ['"moved"']

    place.run(steps)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_every_page_goes_on_where_the_last_one_ended(place: Place, size: int) -> None:
    async def steps(store: Store) -> None:
        stays = [stay(f"S{number}", facility) for facility in ("F1", "F2", "a", "甲") for number in range(7)]
        await store.stays.put(stays[::-1])
        found = await every(store, size=size)
        assert sorted(found) == sorted(one.content for one in stays)
        assert await store.stays.count(ALL) == len(stays)
        assert await every(store, size=100) == found

    place.run(steps)


def test_filters_hold_together_and_both_days_are_included(place: Place) -> None:
    days = [date(2026, 3, day) for day in (1, 2, 3, 4)]

    async def steps(store: Store) -> None:
        await store.stays.put(
            [
                stay(f"{department}{day.day}", facility, department, day)
                for facility in ("F1", "F2")
                for department in ("A", "B")
                for day in days
            ]
        )
        for wanted, expected in (
            (StayFilter(facilities=("F2",)), 8),
            (StayFilter(facilities=("F1", "F2", "F3")), 16),
            (StayFilter(departments=("B",)), 8),
            (StayFilter(discharged_from=days[1], discharged_to=days[2]), 8),
            (StayFilter(("F1",), ("A",), days[3], days[3]), 1),
            (StayFilter(("F3",)), 0),
            (StayFilter(discharged_from=date(2026, 5, 1)), 0),
        ):
            assert await store.stays.count(wanted) == expected, wanted
            assert len(await every(store, wanted, 3)) == expected, wanted

    place.run(steps)


def test_strange_ids_are_kept_apart(place: Place) -> None:
    ids = ["a", "A", "a'b", 'a"b', "a\0b", "a\nb", "é", "x" * 64]

    async def steps(store: Store) -> None:
        await store.stays.put([stay(one, content=str(number)) for number, one in enumerate(ids)])
        assert sorted(await every(store)) == [str(number) for number in range(len(ids))]

    place.run(steps)


def test_all_or_none(place: Place) -> None:
    async def steps(store: Store) -> None:
        broken = StoredStay("F1", "S2", "", DAY, None)  # type: ignore[arg-type]
        with pytest.raises(NotRecorded):
            await store.stays.put([stay(), broken])
        assert await store.stays.count(ALL) == 0

    place.run(steps)
