"""What holds for every rule kind: it is found by its file, and what its docstring says compiles."""

import csv
import inspect
import re
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import yaml

from app.engine import kinds
from app.engine.compiled import compile_rules
from app.engine.kind import KnowledgePoint, On, Shape
from app.engine.kinds import KINDS
from app.engine.ruleset import Ruleset
from app.knowledge.pack import PackError
from app.knowledge.text_yaml import read_yaml
from tests.engine.kinds.build import rule_folder

BLOCK = re.compile(r"^```(yaml|csv)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MODULES = sorted(path.stem for path in Path(kinds.__file__).parent.glob("*.py") if path.stem != "__init__")
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def documentation(kind):
    return sys.modules[kind.prepare.__module__].__doc__


def blocks(kind):
    """The YAML document and the CSV rows of the docstring's example."""
    found = dict(BLOCK.findall(documentation(kind)))
    return read_yaml(found["yaml"].encode()), list(csv.DictReader(found.get("csv", "").splitlines()))


def test_every_module_is_discovered_under_its_own_name():
    assert sorted(KINDS) == MODULES
    assert {sys.modules[kind.prepare.__module__].__name__.rpartition(".")[2] for kind in KINDS.values()} == set(MODULES)


@every_kind
def test_docstring_example_compiles(kind):
    document, rows = blocks(kind)
    assert document["kind"] == kind.name
    assert set(document) <= {"kind", "parameters"}
    ruleset = Ruleset(compile_rules([rule_folder(kind.name, document.get("parameters", {}), rows)]))
    assert ruleset.rules["rule-under-test"].point_count == max(len(rows), 1)


@every_kind
def test_docstring_example_has_points_for_every_required_column(kind):
    """The example is to be copied: a kind that needs knowledge shows it, all cells of a row in their columns."""
    _, rows = blocks(kind)
    needed = {field.name for field in msgspec.structs.fields(kind.point) if field.required} - {"point"}
    assert not needed or rows
    for row in rows:
        assert None not in row, f"{row} has more cells than there are columns"
        assert None not in row.values(), f"{row} has fewer cells than there are columns"
        assert all(row[name] for name in needed)


@every_kind
def test_docstring_opens_with_one_sentence_and_the_chinese_term(kind):
    first = documentation(kind).splitlines()[0]
    assert re.match(r"[A-Z][^(]+\([^)]*[\u4e00-\u9fff][^)]*\): .+\.$", first), first
    assert re.search(r"[\u4e00-\u9fff]", kind.title)


@every_kind
def test_a_misspelt_parameter_or_column_is_refused(kind):
    document, rows = blocks(kind)
    parameters = document.get("parameters", {})
    with pytest.raises(PackError, match="misspelt"):
        compile_rules([rule_folder(kind.name, {**parameters, "misspelt": "1"}, rows)])
    with pytest.raises(PackError, match="misspelt"):
        compile_rules([rule_folder(kind.name, parameters, [{**row, "misspelt": "1"} for row in rows or [{}]])])


@every_kind
def test_a_word_that_the_kind_cannot_fill_is_refused(kind):
    document, rows = blocks(kind)
    with pytest.raises(PackError, match="unheard_of"):
        compile_rules([rule_folder(kind.name, document.get("parameters", {}), rows, message="{unheard_of}有误")])


@every_kind
def test_shapes_are_closed_and_the_check_has_the_signature_of_its_trigger(kind):
    for shape, base in ((kind.parameters, Shape), (kind.point, KnowledgePoint)):
        assert issubclass(shape, base)
        assert shape.__struct_config__.forbid_unknown_fields
        assert shape.__struct_config__.frozen
    assert kind.on in On
    document, rows = blocks(kind)
    cells = rows[0] if rows else {"point": "K1"}
    lists = {field.name for field in msgspec.structs.fields(kind.point) if get_args(field.type)[1:] == (...,)}
    point = msgspec.convert(
        {name: cell.split("|") if name in lists else cell for name, cell in cells.items() if cell},
        kind.point,
        strict=False,
    )
    parameters = msgspec.convert(document.get("parameters", {}), kind.parameters, strict=False)
    check = kind.prepare(point, parameters, None)  # nothing of the table is read before a claim asks for it
    assert len(inspect.signature(check).parameters) == (1 if kind.on is On.ENCOUNTER else 2)
    assert (kind.on is On.ENCOUNTER) != bool(list(kind.patterns(point, parameters)))


def test_blocks_are_not_swallowed_by_the_pattern():
    """Guards this file: a docstring whose example is not found must fail, not pass unseen."""
    assert BLOCK.findall("```yaml\na: 1\n```\n\n```csv\nb\n```\n") == [("yaml", "a: 1\n"), ("csv", "b\n")]
    with pytest.raises(yaml.YAMLError):
        read_yaml(b"kind: a\nkind: b\n")
