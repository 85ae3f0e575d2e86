"""The whole history of a patient, for those who keep a copy."""

from datetime import date

from app.store.store import Store
from app.store.whole_history import WholeEncounter
from tests.store.build import AT
from tests.store.contract.histories import ENCOUNTERS, line, order, told
from tests.store.contract.place import Place


def test_all_encounters_as_they_stand(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.history.put(ENCOUNTERS)
        await store.history.put([told(order("O1"), line("L1", order="O1"), encounter="E2", month=202601)])
        await store.history.withdraw("F1", "E2", "C", caller="his", at=AT)
        async with place.whole_history() as whole:
            found = await whole.read("P1", ("F1", "F2"), date(2026, 2, 10), 100)
        assert found is not None
        names = {(one.facility, one.encounter): sorted(row[0] for row in one.lines) for one in found}
        assert names == {
            ("F1", "E1"): ["A", "B"], ("F1", "E2"): ["D", "L1", "O1"], ("F1", "E3"): ["G"], ("F1", "E8"): [],
            ("F2", "E1"): ["K"], ("F2", "E6"): ["J"],
        }  # fmt: skip
        (dead,) = [one for one in found if one.has_death]
        assert dead == WholeEncounter(
            facility="F1", encounter="E3", header=ENCOUNTERS[2].header, last_date="2020-05-01", has_death=True,
            lines=ENCOUNTERS[2].lines,
        )  # fmt: skip

    place.run(steps)


def test_no_more_lines_than_asked_for(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with place.whole_history() as whole:
            assert await whole.read("P1", ("F1",), date.min, 0) == []
            await store.history.put([told(line("L1"), line("L2"))])
            assert await whole.read("P1", ("F1",), date.min, 1) is None
            assert await whole.read("P1", ("F1",), date.min, 2) is not None
            assert await whole.read("P1", (), date.min, 2) == []
            assert await whole.read("P2", ("F1",), date.min, 2) == []

    place.run(steps)
