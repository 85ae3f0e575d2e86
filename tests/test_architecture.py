"""The layers hold, and the abbreviations of the national interface stay at its own edge."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ABBREVIATIONS = re.compile(
    r"(?<![A-Za-z])(hilist|feedetl|psn_no|mdtrt|medins|fixmedins|insutype|dise_codg|drord|setl|rx_id|vola)(?!tile)"
)


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    return subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)


def test_calls_go_one_way_and_the_engine_is_pure() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "breach", "contract"),
    [
        ("app/domain/money.py", "import app.knowledge.pack", "Calls go one way BROKEN"),
        ("app/engine/facts.py", "import sqlalchemy", "The engine is pure BROKEN"),
        ("app/engine/kinds/charge_dates.py", "import app.engine.kinds.quantity_limit", "each other BROKEN"),
    ],
)
def test_a_breach_would_be_seen(tmp_path: Path, module: str, breach: str, contract: str) -> None:
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{breach}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert contract in done.stdout


def words(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name and text of a module with its line."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module", "value"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                yield getattr(node, "lineno", 0), word


def abbreviations(source: str) -> list[tuple[int, str]]:
    return [(number, found[1]) for number, word in words(ast.parse(source)) if (found := ABBREVIATIONS.search(word))]


def test_abbreviations_of_the_national_interface_stay_at_its_edge() -> None:
    edge = ROOT / "app" / "interfaces" / "nhsa"
    modules = [file for file in (ROOT / "app").rglob("*.py") if edge not in file.parents]
    assert len(modules) > 20
    found = {file.relative_to(ROOT).as_posix(): abbreviations(file.read_text(encoding="utf-8")) for file in modules}
    assert {file: words for file, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("hilist_code = 1", "hilist"),
        ("line.feedetl_sn", "feedetl"),
        ("def read(psn_no): ...", "psn_no"),
        ("class A:\n    adm_dise_codg: str", "dise_codg"),
        ("body['fixmedins_code']", "fixmedins"),
        ("from app.x import setl_list", "setl"),
        ("f(vola_amt=1)", "vola"),
        ('"""Reads mdtrt_id."""', "mdtrt"),
    ],
)
def test_an_abbreviation_would_be_seen(source: str, found: str) -> None:
    assert [word for _, word in abbreviations(source)] == [found]


def test_other_words_are_let_through() -> None:
    assert abbreviations("settle(volatile, vx_id, settlement='settling')") == []
