import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interfaces.cli.table import display_width, table


@pytest.mark.parametrize(("text", "width"), [("", 0), ("abc", 3), ("医保", 4), ("（1）", 5), ("e\u0301", 1)])
def test_display_width(text: str, width: int) -> None:
    assert display_width(text) == width


CELL = st.text("ab医保（，1 ", max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1))
def test_columns_begin_at_the_same_place_in_every_line(rows: list[tuple[str, str, str]]) -> None:
    marked = [(first, second, "|" + third) for first, second, third in rows]
    lines = list(table(("甲", "b", "|c"), marked, right=("b",)))
    assert len({display_width(line.partition("|")[0]) for line in lines}) == 1


def test_numbers_stand_to_the_right() -> None:
    assert list(table(("名", "数", "注"), [("x", "1", ""), ("y", "100", "z")], right=("数",)))[1:] == [
        "x     1",
        "y   100  z",
    ]


def test_help_loads_nothing_heavy() -> None:
    """What makes `--help` slow is imports; their absence does not hang on how busy the machine is."""
    program = (
        "import sys, app.interfaces.cli\n"
        "print(sorted({'pydantic', 'fastapi', 'msgspec', 'sqlalchemy', 'yaml', 'cel'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
