"""docs/security.md answers every line of the standard, and what it cites exists."""

import ast
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "asvs.py"))
ANSWERS = SCRIPT["answers"]()
DOCUMENT = (ROOT / "docs" / "security.md").read_text("utf-8")
# ASVS 5.0.0: by chapter, how many requirements there are of level 1 and of level 2.
COUNTS = {
    1: (8, 19), 2: (4, 7), 3: (8, 11), 4: (2, 8), 5: (4, 5), 6: (13, 22), 7: (6, 12), 8: (4, 3), 9: (4, 3),
    10: (5, 24), 11: (3, 11), 12: (3, 6), 13: (1, 12), 14: (2, 7), 15: (3, 10), 16: (0, 16), 17: (0, 7),
}  # fmt: skip


def test_every_requirement_of_level_2_is_answered_once() -> None:
    found = {chapter: [0, 0] for chapter in COUNTS}
    for one in ANSWERS:
        found[int(one.id.split(".")[0])][int(one.level) - 1] += 1
    assert {chapter: tuple(counts) for chapter, counts in found.items()} == COUNTS
    assert (sum(first for first, _ in COUNTS.values()), sum(second for _, second in COUNTS.values())) == (70, 183)
    ids = [tuple(map(int, one.id.split("."))) for one in ANSWERS]
    assert ids == sorted(set(ids))


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("one", ANSWERS, ids=lambda one: one.id)
def test_an_answer_is_whole_and_its_tests_exist(one: Any) -> None:
    assert one.state in ("shown", "reason", "open")
    assert one.asked
    assert one.answer
    assert "|" not in one.asked + one.answer
    assert one.tests or one.state != "shown", "what is shown is shown by a test"
    assert not one.tests or one.state != "reason", "what has a test needs no reason"
    for test in one.tests.split():
        file, _, function = test.partition("::")
        assert re.fullmatch(r"tests/\S*test_\w+\.py", file), file
        assert (ROOT / file).is_file(), file
        assert not function or function in functions(file), test
        assert any(name.startswith("test_") for name in functions(file)), file


def test_the_table_is_fresh() -> None:
    assert SCRIPT["written"](DOCUMENT) == DOCUMENT, "run: make docs"


def test_what_is_open_is_counted_in_the_open() -> None:
    still_open = sum(one.state == "open" for one in ANSWERS)
    assert f"{still_open} are open." in DOCUMENT
    assert DOCUMENT.count("**open:**") == still_open


def test_the_documents_that_are_promised_are_there() -> None:
    for heading in ("## Cryptography", "## Whom it talks to", "## Libraries"):
        assert f"\n{heading}\n" in DOCUMENT
    keys = (ROOT / "docs" / "operations" / "key-rotation.md").read_text("utf-8")
    for heading in ("API keys", "Trail keys", "Data keys", "TLS", "Passwords of databases"):
        assert f"\n## {heading}\n" in keys
    assert re.search(r"within \d+ days where it is critical", DOCUMENT)
