"""What expressions are let through: each way out that CEL would offer is closed, whatever the text."""

import re
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.expression_text import literals, read_paths
from app.engine.kind import Table
from app.engine.kinds.expression import Parameters, Point, prepare

FACTS = ["patient.age", "patient.sex", "line.quantity", "encounter.diagnoses", "encounter.procedures"]
LISTS = ["encounter.diagnoses", "encounter.procedures"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("true", ()),
        ("patient.age > 3", ("patient.age",)),
        ("patient . age>3&&line.quantity>1.0||patient.age<1", ("patient.age", "line.quantity")),
        ('patient.sex == "line.quantity"', ("patient.sex",)),
        ("patient.sex == 'patient.agee' // 2", None),
        ("has(patient.sex) && size(patient.sex) > 2", ("patient.sex",)),
        ("encounter.diagnoses.exists(d, d in encounter.procedures)", tuple(LISTS)),
        ("encounter.diagnoses.exists(a, encounter.procedures.all(b, a == b))", tuple(LISTS)),
        ("encounter.diagnoses.exists(a, encounter.procedures.all(b, encounter.diagnoses.exists(c, c == b)))", None),
        ("(encounter.diagnoses.exists(a, a == '')) && encounter.diagnoses.exists(a, (a == ''))", (LISTS[0],)),
        (" && ".join(["encounter.diagnoses.exists(a, a == '')"] * 3), (LISTS[0],)),
        ("encounter.diagnoses.exists(x, x.x == '')", None),
        ("exists(x, x in encounter.diagnoses)", None),
        ("encounter.diagnoses + exists(x, x == '')", None),
        ("'''a'true''' == now == '''true'b'''", None),
        ("{'a': 1} == {'a': 1}", None),
        ("'\\n' == patient.sex", None),
        ("[1, 2].exists(x, x > 1)", None),
        ("(encounter.diagnoses).exists(x, x == '')", None),
        ("encounter.diagnoses.filter(x, true).exists(y, true)", None),
        ("encounter.diagnoses.map(x, x + x).size() > 1", None),
        ("encounter.diagnoses.exists(line, line == '')", None),
        ("encounter.diagnoses.exists(size, true)", None),
        ("patient.sex.exists(x, true)", None),
        ("patient", None),
        ("patient == patient", None),
        ("patient['age'] > 3", None),
        (".patient.age > 3", None),
        ("patient.age.bit_length() > 3", None),
        ("patient.__class__ == 1", None),
        ("patient.colour == 1", None),
        ("colour == 1", None),
        ("now() > 1", None),
        ("patient.sex.matches('(a|b)*c')", None),
        ("timestamp('2026-01-01T00:00:00Z') == timestamp('2026-01-01T00:00:00Z')", None),
        ("{'a': patient.age}.a > 3", None),
        ("'''a' || patient['x'] || '''", None),
        ("'\\'' == patient.sex", None),
        ("r'a' == patient.sex", None),
        ("`patient` == 1", None),
        ("'unfinished", None),
        ("患者 == 1", None),
        ("true" + " " * 1996, ()),
        ("true" + " " * 1997, None),
    ],
)
def test_what_is_let_in(text: str, paths: tuple[str, ...] | None) -> None:
    if paths is None:
        with pytest.raises(ValueError, match=r"cannot (hold|read)|goes over|deep|word of its own|characters"):
            read_paths(text, FACTS, LISTS)
    else:
        assert read_paths(text, FACTS, LISTS) == paths


def test_literals_are_what_stands_in_the_text() -> None:
    assert literals("patient.age > 3 && line.quantity < 1.5 || patient.sex == '4.5'") == [3, 1.5, "4.5"]


PIECES = [
    *("patient.age", "patient.sex", "patient", "line.quantity", "encounter.diagnoses", "encounter", "x", "y", "size"),
    *(".", ".", "(", ")", ")", "[", "]", "{", "}", ",", ":", "?", "<", ">", "=", "==", "!", "&&", "||", "+", "-", "*"),
    *("/", "%", "//", "'", '"', "'''", '"""', "\\", "`", "\n", " ", " ", "'a'", '"a"', "1", "0", "2u", "1e9"),
    *(".exists(x,", ".all(y,", ".filter(x,", ".map(x,", ".exists_one(x,", "has(", "matches(", ".startsWith(", "int("),
    *("true", "false", "null", "in", "duration(", "type(", "dyn(", "r'", "b'", ".size()", "now()", "1.5"),
    *("#", "9223372036854775807"),
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30)
WELL_FORMED = st.lists(
    st.sampled_from(["patient.age > 3", "'a' == patient.sex", "encounter.diagnoses.exists(x, x == 'a')", "1 / 0 > 1"]),
    min_size=1,
    max_size=4,
).map(" && ".join)


@settings(max_examples=1500, deadline=None)
@given(texts | WELL_FORMED)
def test_cel_itself_sees_nothing_else_in_what_is_let_in(text: str) -> None:
    try:
        paths = read_paths(text, FACTS, LISTS)
        program = cel.compile(text)
    except ValueError:
        return
    bound = set(re.findall(r"\(\s*([xy])\s*,", text))
    assert set(program.variables()) <= {path.partition(".")[0] for path in paths} | bound
    named = {name for name in program.functions() if name.isidentifier()}
    assert named <= {"size", "startsWith", "int", "has"}


@settings(max_examples=600, deadline=None)
@given(texts | WELL_FORMED)
def test_any_text_is_refused_or_becomes_a_check(text: str) -> None:
    try:
        check: Any = prepare(Point(point="K", item_code=("A",), expression=text), Parameters(), Table(lambda: ()))
    except ValueError:
        return
    assert callable(check)


def test_the_longest_and_deepest_text_does_no_harm() -> None:
    for text in ("(" * 990 + "true" + ")" * 990, "!" * 1990 + "true", "1+" * 900 + "1==1", "true?true:" * 180 + "true"):
        test_any_text_is_refused_or_becomes_a_check.hypothesis.inner_test(text)
