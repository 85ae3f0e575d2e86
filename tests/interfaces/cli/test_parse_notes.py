import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
RULES = Path(__file__).resolve().parents[3] / "rules"
ROWS = "rule_class,item_name,note\n药品限支付疗程,甲,支付不超过14天。\n药品限适应症,乙,限丗病患者。\n,,\n"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    file = tmp_path / "notes.csv"
    file.write_text(ROWS, "utf-8")
    return file


def test_it_tells_the_share_and_what_wants_reading(run: Run, notes: Path) -> None:
    result = run("rules", "parse-notes", notes, "--column", "note", "--rules", RULES)
    assert result.exit_code == 0, result.output
    assert "2条中完整结构化1条（50.0%），部分0条，未读出1条" in result.stdout
    assert "[药品限适应症] 乙：限丗病患者。" in result.stdout
    assert "支付不超过14天" not in result.stdout


def test_it_tells_the_same_as_json(run: Run, notes: Path) -> None:
    result = run("rules", "parse-notes", notes, "--column", "note", "--json", "--rules", RULES)
    found = json.loads(result.stdout)
    assert (found["share"], found["total"]["points"], found["total"]["full"]) == (0.5, 2, 1)
    (review,) = found["review"]
    assert (review["text"], review["item_names"]) == ("限丗病患者。", ["乙"])


def test_a_missing_column_and_missing_tables_are_bad_input(run: Run, notes: Path, pack: Path) -> None:
    result = run("rules", "parse-notes", notes, "--rules", RULES)
    assert (result.exit_code, "no column 'constraint'" in result.stderr) == (2, True)
    result = run("rules", "parse-notes", notes, "--column", "note", "--rules", pack)
    assert (result.exit_code, "no term tables" in result.stderr) == (2, True)
