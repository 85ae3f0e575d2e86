"""The index gives back what was put in, also where keys fall on the same slot."""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.index import Index, write_index

NUMBERS = st.integers(0, 2**32 - 1)
POSTINGS = st.dictionaries(
    st.binary(min_size=1, max_size=12), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5), max_size=60
)


def opened(postings: dict[bytes, list[tuple[int, int]]]) -> Index:
    count, table = write_index(postings)
    return Index(memoryview(table), count)


@given(POSTINGS, st.binary(max_size=12))
def test_what_was_written_is_found_and_nothing_else(postings: dict[bytes, list[tuple[int, int]]], other: bytes) -> None:
    index = opened(postings)
    for key, found in postings.items():
        assert list(index.find(key)) == found
    assert list(index.find(other)) == postings.get(other, [])


@given(POSTINGS)
def test_the_table_has_room_and_a_power_of_two_of_slots(postings: dict[bytes, list[tuple[int, int]]]) -> None:
    count, _ = write_index(postings)
    assert count >= max(8, 2 * len(postings))
    assert count & (count - 1) == 0


def colliding(slots: int, wanted: int) -> list[bytes]:
    """Keys that all fall on the last slot, so that a search must go round to the first."""
    found = []
    number = 0
    while len(found) < wanted:
        key = b"i%015d" % number
        if crc32(key) & (slots - 1) == slots - 1:
            found.append(key)
        number += 1
    return found


@pytest.mark.parametrize("order", [1, -1])
def test_keys_on_one_slot_are_told_apart_across_the_end(order: int) -> None:
    keys = colliding(8, 5)
    postings = {key: [(number, number + 100)] for number, key in enumerate(keys[:4])}
    index = opened(dict(list(postings.items())[::order]))
    assert write_index(postings)[0] == 8
    for key, found in postings.items():
        assert list(index.find(key)) == found
    assert index.find(keys[4]) == ()


def test_a_key_is_not_found_by_its_beginning_or_by_more() -> None:
    index = opened({b"i001": [(1, 2)]})
    assert index.find(b"i001") == ((1, 2),)
    for other in (b"i00", b"i0011", b"I001", b""):
        assert index.find(other) == ()


def test_an_empty_index_holds_nothing() -> None:
    assert opened({}).find(b"i001") == ()
