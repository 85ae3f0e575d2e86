"""Codes: patterns mean what they say, and membership agrees with the plainest way to tell it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import CodeSet, expand, ingredient_of, is_diagnosis_code, is_national_item_code

LETTERS = "ABK"
CODES = st.text(alphabet="ABK019.", min_size=1, max_size=6).filter(lambda code: not code.startswith("-"))


@st.composite
def ranges(draw: st.DrawFn) -> str:
    low, high = sorted([draw(st.integers(0, 99)), draw(st.integers(0, 99))])
    letter = draw(st.sampled_from(LETTERS))
    return f"{letter}{low:02d}-{letter}{high:02d}"


PATTERNS = st.one_of(CODES, CODES.map(lambda code: code + "*"), ranges(), st.just("*"))


def plainly_matches(pattern: str, code: str) -> bool:
    if "-" in pattern:
        low, high = pattern.split("-")
        return len(code) >= 3 and code[0] == low[0] and code[1:3].isdigit() and low[1:] <= code[1:3] <= high[1:]
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern


@given(st.lists(PATTERNS, max_size=6), CODES)
def test_membership_agrees_with_the_plainest_way(patterns: list[str], code: str) -> None:
    codes = CodeSet(patterns)
    assert (code in codes) == any(plainly_matches(pattern, code) for pattern in patterns)
    assert bool(codes) == bool(patterns)
    assert codes.matching([code, code]) == ([code, code] if code in codes else [])


@given(ranges())
def test_a_range_is_every_category_from_first_to_last(pattern: str) -> None:
    found = expand(pattern)
    low, high = pattern.split("-")
    assert found[0] == low + "*"
    assert found[-1] == high + "*"
    assert len(found) == int(high[1:]) - int(low[1:]) + 1
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("K35-K37", ["K35", "K35.900", "K36.x01", "K37.900x001"], ["K34.900", "K38.0", "J35.0", "K3"]),
        ("K09-K11", ["K09.1", "K10.0", "K11.9"], ["K08.9", "K12.0"]),
        ("I63*", ["I63", "I63.900"], ["I6", "I64.x00"]),
        ("I63.9", ["I63.9"], ["I63", "I63.90"]),
        ("*", ["anything"], []),
    ],
)
def test_patterns(pattern: str, inside: list[str], outside: list[str]) -> None:
    codes = CodeSet([pattern])
    assert codes.matching(inside) == inside
    assert codes.matching(outside) == []


@pytest.mark.parametrize("pattern", ["K37-K35", "A00-B99"])
def test_a_range_that_falls_or_leaves_its_letter_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="one chapter letter and rise"):
        expand(pattern)


@pytest.mark.parametrize("pattern", ["", "K35 ", "K*5", "**", "编码", "K35,K36", "K35|K36"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not a code pattern"):
        expand(pattern)


def test_an_empty_set_holds_nothing() -> None:
    assert not CodeSet([])
    assert "" not in CodeSet([])


@pytest.mark.parametrize(
    ("code", "is_national"),
    [
        ("XB01AXA223B002010100156", True),
        ("ZA05CAC0029010102312", True),
        ("T001700001", True),
        ("G001700001", True),
        ("001102000030000", True),
        ("C14021016200002003730000001", True),
        ("C1402101620000200373", True),
        ("1102000030000", False),
        ("XB01AXA223B00201010015", False),
        ("001102000030000-1", False),
        ("", False),
    ],
)
def test_shape_of_national_item_codes(code: str, is_national: bool) -> None:
    assert is_national_item_code(code) is is_national


@pytest.mark.parametrize(
    ("code", "is_code"),
    [
        *(("I63", True), ("I63.900", True), ("K35.900x001", True), ("G63.2*", True), ("A18.0+", True)),
        *(("i63", False), ("I6", False), ("脑梗死", False), ("I63.", False), ("", False)),
    ],
)
def test_shape_of_diagnosis_codes(code: str, is_code: bool) -> None:
    assert is_diagnosis_code(code) is is_code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("XB01AXA223B002010100156", "XB01AXA223B002010101157", True),
        ("XB01AXA223B002010100156", "XB01AXA224B002010100156", False),
        ("ZA05CAC0029010102312", "ZA05CAC0029020102313", True),
        ("ZA05CAC0029010102312", "ZA05CAC0030010102312", False),
    ],
)
def test_ingredients(one: str, other: str, same: bool) -> None:
    assert (ingredient_of(one) == ingredient_of(other)) is same
