"""The documents are true: they name what there is, and what they show works."""

import re
from itertools import pairwise
from pathlib import Path

import click
import pytest

from app.engine.examples import check_rule
from app.engine.kinds import KINDS
from app.interfaces.cli import main
from app.interfaces.generated_docs import pages, stale
from app.knowledge.pack import read_rule_folder

ROOT = Path(__file__).parent.parent
HOW_TO = ROOT / "docs" / "how-to-add-a-rule.md"
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"`make ([a-z ]+)`|^make ([a-z ]+?) *(?:#|$)", re.MULTILINE)
TREE = re.compile(r"^```\n(app/\n.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
WRITTEN = [*READMES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _targets() -> list[str]:
    return re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def _commands(group: click.Group, prefix: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        found += _commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else [prefix + name]
    return found


@pytest.mark.parametrize("readme", READMES, ids=lambda file: file.name)
def test_the_readme_names_every_make_target_and_every_command(readme: Path) -> None:
    text = readme.read_text("utf-8")
    assert [target for target in _targets() if f"make {target}" not in text] == []
    assert [command for command in _commands(main) if f"mingjian {command}" not in text] == []


def test_the_documents_name_no_target_that_there_is_not() -> None:
    for file in WRITTEN:
        named = MAKE.findall(file.read_text("utf-8"))
        assert {target for found in named for target in "".join(found).split()} <= set(_targets()), file


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    assert [link for link in LINK.findall(file.read_text("utf-8")) if not (file.parent / link).exists()] == []


def test_the_how_to_names_every_kind() -> None:
    text = HOW_TO.read_text("utf-8")
    assert [name for name in KINDS if f"`{name}`" not in text] == []


def test_the_worked_example_passes_its_own_examples(tmp_path: Path) -> None:
    blocks = BLOCK.findall(HOW_TO.read_text("utf-8"))
    shown = [(rule, rows) for (one, rule), (two, rows) in pairwise(blocks) if (one, two) == ("yaml", "csv")]
    assert len(shown) == 1
    folder = tmp_path / "rules" / "national" / "glycated-haemoglobin-too-soon"
    folder.mkdir(parents=True)
    rule, rows = shown[0]
    (folder / "rule.yaml").write_text(rule, "utf-8")
    (folder / "knowledge.csv").write_text(rows, "utf-8")
    check_rule(read_rule_folder(folder))


def test_generated_documents_are_fresh() -> None:
    assert [str(path.relative_to(ROOT)) for path in stale(ROOT)] == [], "run: make docs"


def test_every_rule_and_kind_has_its_place_in_the_rule_list() -> None:
    text = pages(ROOT)[ROOT / "docs" / "rules.md"]
    assert [name for name in KINDS if f"\n### {name}\n" not in text] == []
    rules = [file.parent.name for file in (ROOT / "rules").rglob("rule.yaml")]
    assert [name for name in rules if f"\n`{name}`\n" not in text] == []


def test_decisions_are_numbered_without_a_gap_and_have_their_parts() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        headings = re.findall(r"^## (.*)$", file.read_text("utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"], file.name


def test_every_refusal_is_explained() -> None:
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "app").rglob("*.py"))
    names = set(re.findall(r'\bProblem\(\s*\d{3},\s*"([a-z-]+)"', code))
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE))
    assert names
    assert names - explained == set()


@pytest.mark.parametrize("readme", READMES, ids=lambda file: file.name)
def test_the_tree_in_the_readme_stands_on_disk(readme: Path) -> None:
    found = TREE.search(readme.read_text("utf-8"))
    assert found is not None
    inner = re.findall(r"^  ([a-z]+(?:/|\.py))", found[1], re.MULTILINE)
    assert [name for name in inner if not (ROOT / "app" / name).exists()] == []
    assert [name for name in re.findall(r"^([a-z]+)/", found[1], re.MULTILINE) if not (ROOT / name).is_dir()] == []
    packages = [folder.name for folder in (ROOT / "app").iterdir() if (folder / "__init__.py").exists()]
    assert [name for name in packages if f"\n  {name}/" not in found[1]] == []
