"""Rule packs: what is wrong is told with file and line, all of it at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.knowledge.pack import PackError, Scope, read_packs, read_rule_folder
from tests.knowledge.build import HEADER, ROWS, write_rule


def fault(read: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(PackError) as caught:
        read(*arguments)
    return str(caught.value)


def test_a_rule_is_read_with_its_rows_and_their_lines(tmp_path: Path) -> None:
    folder = read_rule_folder(write_rule(tmp_path, rows=(ROWS[0], "", ROWS[1])))
    assert folder.rule.id == "item-for-other-sex"
    assert folder.header == tuple(HEADER.split(","))
    assert folder.rows == [["K1", "001", "甲", "male"], ["K2", "002*", "乙", "female"]]
    assert folder.line_numbers == [2, 4]


def test_excel_with_its_mark_and_line_ends_is_read_alike(tmp_path: Path) -> None:
    path = write_rule(tmp_path)
    plain = read_rule_folder(path)
    text = (path / "knowledge.csv").read_text()
    (path / "knowledge.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    excel = read_rule_folder(path)
    assert (excel.header, excel.rows) == (plain.header, plain.rows)
    assert excel.content_hash != plain.content_hash


def test_rules_are_found_in_their_three_places_sorted_by_id(tmp_path: Path) -> None:
    write_rule(tmp_path, "c-national")
    write_rule(tmp_path, "a-of-hospital", place="hospitals/H43")
    write_rule(tmp_path, "b-of-area", place="areas/430700")
    assert [(folder.rule.id, folder.scope) for folder in read_packs(tmp_path)] == [
        ("a-of-hospital", Scope(facility="H43")),
        ("b-of-area", Scope(area="430700")),
        ("c-national", Scope()),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"point,item_code\nK1,001,002\n", "line 2: 3 cells, but 2 columns in line 1"),
        (b"point,item_code\nK1,001\n\nK2\n", "line 4: 1 cells, but 2 columns"),
        (b"point,item_code,point\n", "line 1: a column name stands twice"),
        (b'point,item_code\nK1,"0"01"\n', "line 2: "),
        (b'point,item_code\nK1,"001\n', "mend the quotes"),
        ("point,item_name\nK1,甲".encode("gbk"), "is not UTF-8; save the file as UTF-8"),
    ],
)
def test_csv_faults_name_file_and_line(tmp_path: Path, content: bytes, told: str) -> None:
    path = write_rule(tmp_path)
    (path / "knowledge.csv").write_bytes(content)
    message = fault(read_rule_folder, path)
    assert message.startswith(f"{path / 'knowledge.csv'}")
    assert told in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("title: [", "not readable as YAML"),
        ("title: a\ntitle: b", "the key 'title' stands here twice"),
        ("just text", "must be a mapping of fields"),
        ("", "must be a mapping of fields"),
    ],
)
def test_yaml_faults_name_the_file(tmp_path: Path, content: str, told: str) -> None:
    path = write_rule(tmp_path)
    (path / "rule.yaml").write_text(content)
    message = fault(read_rule_folder, path)
    assert message.startswith(f"{path / 'rule.yaml'}: ")
    assert told in message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"version": "0"}, "version"),
        ({"version": "1.5"}, "version"),
        ({"status": "on"}, "status"),
        ({"severity": "severe"}, "severity"),
        ({"stages": []}, "stages"),
        ({"stages": ["later"]}, "stages.0"),
        ({"in_force": {}}, "in_force"),
        ({"in_force": {"2025-02-30": {}}}, "in_force"),
        ({"in_force": {"2025-01-01": "stopped"}}, "in_force"),
        ({"message": ""}, "message"),
        ({"remedy": "无"}, "remedy"),
        ({"references": []}, "references"),
        ({"examples": None}, "examples"),
        ({"examples": [{"name": "x", "encounter": {}}]}, "examples.0.hits"),
        ({"seriousness": "definite"}, "seriousness"),
    ],
)
def test_faults_of_shape_name_the_field(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    path = write_rule(tmp_path, **changes)
    message = fault(read_rule_folder, path)
    assert message.startswith(f"{path / 'rule.yaml'}: ")
    assert field in message


@pytest.mark.parametrize("name", ["Item", "item_for", "item--for", "-item", "性别"])
def test_a_folder_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    assert "lower-case-words-with-hyphens" in fault(read_rule_folder, write_rule(tmp_path, name))


def test_all_faults_of_all_rules_are_told_at_once(tmp_path: Path) -> None:
    write_rule(tmp_path, "first-rule", title=None, severity="severe")
    write_rule(tmp_path, "second-rule", rows=("K1,001",))
    write_rule(tmp_path, "third-rule", place="areas/430700")
    write_rule(tmp_path, "third-rule", place="hospitals/H43")
    faults = fault(read_packs, tmp_path).splitlines()
    assert len(faults) == 3
    assert "title" in faults[0]
    assert "severity" in faults[0]
    assert "second-rule/knowledge.csv line 2" in faults[1]
    assert "the id 'third-rule' is taken by" in faults[2]


def test_a_place_without_rules_is_a_fault(tmp_path: Path) -> None:
    assert "no rules here" in fault(read_packs, tmp_path)


def test_the_content_hash_parts_rule_and_knowledge(tmp_path: Path) -> None:
    path = write_rule(tmp_path)
    hashes = {read_rule_folder(path).content_hash}
    knowledge = (path / "knowledge.csv").read_text()
    (path / "knowledge.csv").write_text(knowledge.replace("male", "female", 1))
    hashes.add(read_rule_folder(path).content_hash)
    (path / "knowledge.csv").unlink()
    hashes.add(read_rule_folder(path).content_hash)
    (path / "rule.yaml").write_text((path / "rule.yaml").read_text() + "# a note\n")
    hashes.add(read_rule_folder(path).content_hash)
    assert len(hashes) == 4
