from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
PAGES = ("docs/rules.md", "rules/README.md", "rules/rule.schema.json", "openapi/openapi.json", "openapi/nhsa.json")


@pytest.fixture
def tree(pack: Path) -> Path:
    return pack.parent


def test_docs_writes_and_then_has_nothing_to_do(run: Run, tree: Path) -> None:
    first = run("docs", "--root", tree)
    assert first.exit_code == 0, first.output
    assert sorted(first.stdout.splitlines()) == sorted(f"wrote {page}" for page in PAGES)
    assert run("docs", "--root", tree).stdout == "generated documents are up to date\n"
    assert run("docs", "--check", "--root", tree).exit_code == 0


def test_check_names_what_is_stale_and_the_command_that_mends_it(run: Run, tree: Path) -> None:
    run("docs", "--root", tree)
    page = tree / "docs" / "rules.md"
    page.write_text(page.read_text("utf-8") + "by hand\n", "utf-8")
    (tree / "openapi" / "openapi.json").unlink()
    result = run("docs", "--check", "--root", tree)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "docs/rules.md is not what the code gives; run: make docs",
        "openapi/openapi.json is not what the code gives; run: make docs",
    ]
    assert not (tree / "openapi" / "openapi.json").exists()


def test_a_changed_rule_makes_its_page_stale(run: Run, tree: Path) -> None:
    run("docs", "--root", tree)
    rule = tree / "rules" / "national" / "item-for-other-sex" / "rule.yaml"
    rule.write_text(rule.read_text("utf-8").replace("核对患者性别与项目", "请更正患者性别"), "utf-8")
    result = run("docs", "--check", "--root", tree)
    assert result.exit_code == 1
    assert "docs/rules.md" in result.stdout
