"""The national classes: the table is the published list, and the coverage tells what is missing."""

import csv
from pathlib import Path

import pytest

from app.knowledge.national_classes import NationalClass, coverage, coverage_faults, read_classes
from app.knowledge.pack import PackError, read_packs
from tests.knowledge.build import write_csv, write_rule

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "national-library" / "rule_classes_2025.csv"
TWO = [NationalClass(seq=1, name="甲", code="GZ1"), NationalClass(seq=2, name="乙")]


def test_there_are_88_with_names_and_codes_of_their_own() -> None:
    classes = read_classes(ROOT / "rules")
    assert [one.seq for one in classes] == list(range(1, 89))
    assert len({one.name for one in classes}) == 88
    codes = [one.code for one in classes if one.code]
    assert len(set(codes)) == len(codes) == 79
    assert [one.seq for one in classes if one.code.startswith("ZB")] == list(range(56, 64))


def test_the_table_is_the_published_list() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the published list lies outside the project and is not here")
    with PUBLISHED.open(encoding="utf-8-sig", newline="") as file:
        published = list(csv.DictReader(file))
    classes = read_classes(ROOT / "rules")
    assert [one.name for one in classes] == [row["name"] for row in published]
    # Class 9 has the code of the rule whose name the 2025 edition changed; the list gives none for it.
    assert [one.code for one in classes if one.seq != 9] == [row["code_v1"] for row in published if row["seq"] != "9"]


def packs(root: Path, **changes: str) -> list:  # type: ignore[type-arg]
    write_rule(root, "a-rule", **{"class": "甲", "code": "GZ1", **changes})
    return read_packs(root)


def test_a_class_is_covered_by_rules_that_judge(tmp_path: Path) -> None:
    write_rule(tmp_path, "another", **{"class": "甲", "status": "trial"})
    folders = packs(tmp_path)
    assert [[folder.rule.id for folder in one.rules] for one in coverage(TWO, folders)] == [["a-rule", "another"], []]
    (fault,) = coverage_faults(TWO, folders)
    assert "2 乙" in fault


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_a_rule_that_does_not_judge_covers_nothing(tmp_path: Path, status: str) -> None:
    assert len(coverage_faults(TWO, packs(tmp_path, status=status))) == 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"class": "丙"}, "'丙' is none"),
        ({"code": "GZ9"}, "GZ9, but the class '甲' is GZ1"),
        ({"class": "乙"}, "'乙' has no national code"),
    ],
)
def test_a_wrong_class_or_code_is_told(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    assert any(told in fault for fault in coverage_faults(TWO, packs(tmp_path, **changes)))


@pytest.mark.parametrize("code", ["", "GZ1"])
def test_a_code_may_be_left_out(tmp_path: Path, code: str) -> None:
    assert len(coverage_faults(TWO, packs(tmp_path, code=code))) == 1


@pytest.mark.parametrize("rows", [(), ("seq,code,name",), ("seq,code,name", "2,GZ1,甲"), ("seq,code,name", "x,GZ1,甲")])
def test_a_table_that_is_not_whole_is_refused(tmp_path: Path, rows: tuple[str, ...]) -> None:
    if rows:
        write_csv(tmp_path / "tables" / "national-classes.csv", *rows)
    with pytest.raises(PackError, match=r"national-classes\.csv"):
        read_classes(tmp_path)
