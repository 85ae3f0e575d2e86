"""However a client writes a message, the same is found in it."""

import copy
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interfaces.nhsa.judged import findings_in
from tests.interfaces.nhsa.mangle import SHAPES, Mangle
from tests.interfaces.nhsa.messages import message, order, person, visit

CODES = ("003112010070000", "001103000010000", "001102000030000", "001102000050000", "")


def plain(orders: list[tuple[str, int, int]], sex: str, infno: str) -> dict[str, Any]:
    lines = [
        order(f"YZ{number}", code, cnt=str(count), pric=f"{price / 100:.2f}", sumamt=f"{price * count / 100:.2f}")
        for number, (code, count, price) in enumerate(orders)
    ]
    return message(person(visit(*lines), gend=sex), infno=infno)


def encoded(content: Any, encoding: str = "utf-8") -> bytes:
    return json.dumps(content, ensure_ascii=False).encode(encoding)


lines = st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 4), st.integers(1, 99_999)), min_size=1, max_size=6)


@settings(max_examples=300)
@given(
    lines,
    st.sampled_from("12"),
    st.sampled_from(["3101", "3102"]),
    st.sets(st.sampled_from(SHAPES)),
    st.randoms(use_true_random=False),
    st.sampled_from(["utf-8", "utf-8-sig", "gbk"]),
)
def test_a_mangled_message_has_the_same_findings(
    orders: list[tuple[str, int, int]], sex: str, infno: str, shapes: set[Mangle], random: Random, encoding: str
) -> None:
    content = plain(orders, sex, infno)
    wanted = findings_in(encoded(content))
    mangled = copy.deepcopy(content)
    for shape in SHAPES:
        if shape in shapes:
            mangled = shape(mangled, random)
    assert findings_in(encoded(mangled, encoding)) == wanted


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_each_shape_changes_the_message_and_not_the_findings(shape: Mangle) -> None:
    content = plain([("003112010070000", 1, 5000), ("001102000050000", 3, 2000)], "1", "3101")
    wanted = findings_in(encoded(content))
    assert len(wanted) == 2
    mangled = [shape(copy.deepcopy(content), Random(seed)) for seed in range(5)]
    assert any(one != content for one in mangled) or shape.__name__ == "drop_nulls"
    for one in mangled:
        assert findings_in(encoded(one)) == wanted
