"""Publications one after another: what holds on which day, what changed, and that nothing changes twice."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.knowledge.imports.book import Book
from app.knowledge.imports.columns import Ref
from app.knowledge.imports.diff import Change, Difference, Fate, merge
from app.knowledge.imports.entries import Entry
from app.knowledge.imports.targets import TARGETS
from tests.knowledge.imports.build import drug
from tests.knowledge.imports.shelf import FIRST, SECOND, THIRD, Shelf, entry

PAIR = TARGETS[25, "day"]


def fates(found: Difference) -> list[Fate]:
    return [fate for _, fate, _ in found.fates]


def changes(found: Difference) -> list[Change]:
    return [one.change for one in found.changes]


def test_codes_of_which_the_same_is_said_are_one_point() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(2), entry(1), entry(3, "female", name="乙片")])
    assert [(row["item_code"], row["sex"]) for row in shelf.rows()] in (
        [(f"{drug(1)}|{drug(2)}", "male"), (drug(3), "female")],
        [(drug(3), "female"), (f"{drug(1)}|{drug(2)}", "male")],
    )
    assert [row["point"] for row in shelf.rows()] == sorted(row["point"] for row in shelf.rows())


def test_ids_do_not_hang_on_the_order_of_rows() -> None:
    one, other = Shelf(), Shelf()
    one.publish(FIRST, [entry(1), entry(2)])
    other.publish(FIRST, [entry(2), entry(1)])
    assert one.text == other.text


@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_importing_twice_changes_nothing(day: date) -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1), entry(2)])
    before = shelf.text
    found = shelf.publish(day, [entry(1), entry(2)])
    assert fates(found) == [Fate.UNCHANGED, Fate.UNCHANGED]
    assert found.changes == []
    assert shelf.text == before


def test_another_spelling_is_no_change() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1, name="甲片（男用）")])
    found = shelf.publish(SECOND, [entry(1, name="甲片(男用)")])
    assert fates(found) == [Fate.UNCHANGED]


def test_a_superseded_point_keeps_its_dates_and_its_id() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1)])
    (old,) = shelf.rows()
    found = shelf.publish(SECOND, [entry(1, "female")], "二")
    assert (fates(found), changes(found)) == ([Fate.CHANGED], [Change.SUPERSEDED])
    ended, started = sorted(shelf.rows(), key=lambda row: row["effective_start"])
    assert (ended["point"], ended["sex"], ended["effective_start"], ended["effective_end"]) == (
        old["point"],
        "male",
        "2025-05-23",
        "2026-01-27",
    )
    assert (started["sex"], started["effective_start"], started["effective_end"]) == ("female", "2026-01-28", "")
    assert shelf.held(drug(1), date(2026, 1, 27)) == {"male"}
    assert shelf.held(drug(1), SECOND) == {"female"}
    assert shelf.sources == {ended["point"]: "一", started["point"]: "二"}


def test_the_same_day_said_anew_is_a_correction() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1)])
    found = shelf.publish(FIRST, [entry(1, "female")])
    assert changes(found) == [Change.CORRECTED]
    assert [row["sex"] for row in shelf.rows()] == ["female"]


def test_only_the_codes_that_are_named_are_superseded() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1), entry(2)])
    (old,) = shelf.rows()
    shelf.publish(SECOND, [entry(1, "female")], "二")
    assert shelf.held(drug(2), THIRD) == {"male"}
    assert shelf.held(drug(1), THIRD) == {"female"}
    assert shelf.held(drug(1), FIRST) == shelf.held(drug(2), FIRST) == {"male"}
    (lasting,) = [row for row in shelf.rows() if row["point"] == old["point"]]
    assert (lasting["item_code"], lasting["effective_end"]) == (drug(2), "")
    again = shelf.text
    shelf.publish(SECOND, [entry(1, "female")], "二")
    assert shelf.text == again


def test_an_older_list_that_comes_late_holds_up_to_the_newer() -> None:
    shelf = Shelf()
    shelf.publish(SECOND, [entry(1, "female"), entry(2)])
    found = shelf.publish(FIRST, [entry(1, "male"), entry(2)], "旧")
    assert changes(found) == [Change.ADDED, Change.EARLIER]
    assert shelf.held(drug(1), FIRST) == {"male"}
    assert shelf.held(drug(1), SECOND) == {"female"}
    assert shelf.held(drug(2), FIRST) == {"male"}


def test_what_the_source_no_longer_lists_is_withdrawn() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1), entry(2)])
    shelf.publish(FIRST, [entry(3)], "别的")
    found = shelf.publish(SECOND, [entry(1)])
    assert (fates(found), changes(found)) == ([Fate.UNCHANGED], [Change.WITHDRAWN])
    assert shelf.held(drug(2), SECOND - timedelta(days=1)) == {"male"}
    assert shelf.held(drug(2), SECOND) == set()
    assert shelf.held(drug(3), SECOND) == {"male"}


def test_a_row_that_was_refused_is_not_taken_as_withdrawn() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1), entry(2), entry(3)])
    assert changes(shelf.publish(SECOND, [entry(1)], unread={drug(2)})) == [Change.WITHDRAWN]
    assert shelf.held(drug(2), SECOND) == {"male"}
    assert shelf.held(drug(3), SECOND) == set()


def test_a_refused_row_without_a_readable_code_stops_all_withdrawals() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1), entry(2)])
    assert shelf.publish(SECOND, [entry(1)], unread=None).changes == []


def test_a_second_file_of_the_same_day_withdraws_nothing() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1)])
    assert changes(shelf.publish(FIRST, [entry(2)])) == [Change.ADDED]
    assert shelf.held(drug(1), FIRST) == {"male"}


def test_a_list_that_says_withdrawn() -> None:
    shelf = Shelf()
    shelf.publish(FIRST, [entry(1)])
    found = shelf.publish(SECOND, [entry(1, withdrawn=True), entry(2, withdrawn=True)], "二")
    assert fates(found) == [Fate.CHANGED, Fate.REJECTED]
    assert shelf.held(drug(1), SECOND) == set()
    assert fates(shelf.publish(SECOND, [entry(1, withdrawn=True)], "二")) == [Fate.UNCHANGED]


def test_rows_that_contradict_each_other_are_all_rejected() -> None:
    shelf = Shelf()
    found = shelf.publish(FIRST, [entry(1, row=5), entry(1, "female", row=9), entry(2)])
    assert sorted(fates(found)) == [Fate.ADDED, Fate.REJECTED, Fate.REJECTED]
    why = next(why for _, fate, why in found.fates if fate is Fate.REJECTED)
    assert "第5行" in why
    assert "第9行" in why


def test_a_row_that_repeats_another_changes_nothing() -> None:
    found = Shelf().publish(FIRST, [entry(1, row=5), entry(1, row=9)])
    assert fates(found) == [Fate.ADDED, Fate.UNCHANGED]
    assert "第5行相同" in found.fates[1][2]


BY_HAND = f"point,item_code,item_name,sex,basis\nDS-001,XA01AAA001A*,甲片,male,\nDS-002,{drug(900_000)},乙片,female,\n"


def test_what_a_person_wrote_is_never_changed() -> None:
    shelf = Shelf(BY_HAND)
    found = shelf.publish(FIRST, [entry(1), entry(2, "female"), entry(900_000, "male")])
    assert fates(found) == [Fate.UNCHANGED, Fate.REJECTED, Fate.REJECTED]
    assert "人工知识点DS-001不一致（sex=male）" in found.fates[1][2]
    assert shelf.text == BY_HAND


def test_rows_by_hand_stay_as_they_are_beside_imported_ones() -> None:
    shelf = Shelf("point,item_code,sex\nDS-001,XA02*,male\n")
    shelf.publish(FIRST, [entry(1)])
    rows = shelf.rows()
    assert rows[1]["point"] == "DS-001"
    assert {name: cell for name, cell in rows[1].items() if cell} == {
        "point": "DS-001",
        "item_code": "XA02*",
        "sex": "male",
    }


def test_pairs_stay_one_to_a_row() -> None:
    def pair(one: int, other: int) -> Entry:
        cells = {"item_code": drug(one), "excluded_code": drug(other), "item_name": "甲", "excluded_name": "乙"}
        return Entry(PAIR, (drug(one), drug(other)), cells, (Ref("表", "S", 2),))

    book = Book(PAIR)
    merge(book, [pair(1, 2), pair(1, 3)], FIRST, "一", set())
    assert len(book.written()[0].splitlines()) == 3


LISTS = st.lists(
    st.tuples(
        st.integers(1, 20),  # days since the one before
        st.sampled_from(["一", "二"]),
        st.dictionaries(st.integers(1, 4), st.sampled_from(["male", "female"]), max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(LISTS)
def test_each_day_is_judged_by_what_was_last_published(lists: list[tuple[int, str, dict[int, str]]]) -> None:
    shelf, day = Shelf(), FIRST
    now: dict[int, tuple[str, str]] = {}
    days: list[tuple[date, dict[int, tuple[str, str]]]] = [(day - timedelta(days=1), {})]
    for gap, source, told in lists:
        day += timedelta(days=gap)
        shelf.publish(day, [entry(number, sex) for number, sex in told.items()], source)
        kept = {number: one for number, one in now.items() if number in told or one[1] != source}
        new = {n: (sex, source) for n, sex in told.items() if n not in now or now[n][0] != sex}
        now = {**kept, **new}
        days.append((day, now))
        again = shelf.text
        shelf.publish(day, [entry(number, sex) for number, sex in told.items()], source)
        assert shelf.text == again
    for (start, state), (end, _) in zip(days, [*days[1:], (day + timedelta(days=9), {})], strict=True):
        for number in range(1, 5):
            wanted = {state[number][0]} if number in state else set()
            assert shelf.held(drug(number), start) == wanted
            assert shelf.held(drug(number), end - timedelta(days=1)) == wanted
    assert len({row["point"] for row in shelf.rows()}) == len(shelf.rows())
