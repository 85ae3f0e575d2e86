"""The lists as the nation publishes them, and an auditor's own tables, at full size, read where they stand."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from app.application.import_table import import_table
from app.engine.self_check import self_check
from app.knowledge.imports.diff import Fate
from app.knowledge.lock import write_lock
from app.knowledge.pack import read_packs

SHARED = Path(__file__).parents[3] / "shared" / "data"
EXCEL = SHARED / "national-library" / "excel"
STRUCTURED = SHARED / "national-library" / "knowledge_points_batches_01_12.csv"
PRACTITIONER = SHARED / "practitioner-rules"
DAY = date(2026, 1, 6)

# file: rows read, points, units (codes, or pairs of codes); an item that stands in two sheets is two rows
OFFICIAL = {
    "batch01_drug_age.xlsx": (4680, 282, 4398),
    "batch01_drug_sex.xlsx": (6953, 481, 6472),
    "batch01_service_age.xlsx": (30, 30, 30),
    "batch01_service_sex.xlsx": (390, 390, 390),
    "batch02_surgery_discount.xlsx": (378, 378, 378),
    "batch03_drug_insurance_type.xlsx": (124, 12, 112),
    "batch04_drug_visit_type.xlsx": (771, 35, 736),
    "batch05_drug_institution_level.xlsx": (1023, 61, 962),
    "batch07_service_duplicate.xlsx": (900, 900, 900),
    "batch08_1_service_frequency.xlsx": (67, 67, 67),
    "batch08_2_service_age.xlsx": (1, 1, 1),
    "batch08_3_service_course.xlsx": (11, 11, 11),
    "batch08_4_service_period.xlsx": (14, 14, 14),
}
# file: rows read, rows of which nothing can be judged by codes
TABLES = {
    "service_limits.csv": (1702, 99),
    "drug_limits.csv": (1423, 535),
    "duplicate_charge.csv": (201, 12),
    "bundle_members.csv": (15, 0),
    "unbundling.csv": (39, 14),
    "required_companion.csv": (156, 106),
    "surcharge_limit.csv": (523, 26),
    "surgery_discount.csv": (378, 0),
    "substitution.csv": (46, 46),
    "phantom_charge.csv": (21, 21),
}
# The structured copy of batch 1 holds a remark under the table as if it were an item; it has no code.
REMARKS = {"医疗服务项目区分性别使用": 1}


def found(folder: Path, name: str) -> Path:
    file = folder / name
    if not file.exists():
        pytest.skip(f"{name} stands in the shared data beside the project, which is not here")
    return file


def structured() -> dict[str, list[dict[str, str]]]:
    by_class: dict[str, list[dict[str, str]]] = defaultdict(list)
    with found(STRUCTURED.parent, STRUCTURED.name).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            by_class[row["rule_class"]].append(row)
    return by_class


def imported(rules: Path) -> dict[str, list[dict[str, str]]]:
    """The points of each class that the packs hold."""
    by_class: dict[str, list[dict[str, str]]] = defaultdict(list)
    for folder in read_packs(rules):
        by_class[folder.rule.rule_class] += [dict(zip(folder.header, row, strict=True)) for row in folder.rows]
    return by_class


def state(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_no_file_is_left_out() -> None:
    if not EXCEL.is_dir():
        pytest.skip("the official Excel files stand in the shared data beside the project, which is not here")
    assert {file.name for file in EXCEL.iterdir()} == OFFICIAL.keys()


@pytest.mark.parametrize("name", OFFICIAL)
def test_an_official_list_is_taken_whole(tmp_path: Path, name: str) -> None:
    rows, points, units = OFFICIAL[name]
    report = import_table([found(EXCEL, name)], tmp_path, published=DAY, source="国家医保局智能监管“两库”")
    assert (len(report.rows), report.count(Fate.ADDED), report.rejected) == (rows, rows, [])
    assert sum(plan.points for plan in report.plans) == points
    assert sum(len(plan.difference.changes) for plan in report.plans) == units
    assert {why for _, why in report.aside} <= {"表头", "合计行", "说明行"}
    folders = read_packs(tmp_path)
    write_lock(tmp_path, folders)
    assert self_check(tmp_path, every_kind=False) == []
    before = state(tmp_path)
    again = import_table([EXCEL / name], tmp_path, published=DAY, source="国家医保局智能监管“两库”")
    assert again.count(Fate.UNCHANGED) == rows
    assert state(tmp_path) == before


@pytest.mark.parametrize("name", OFFICIAL)
def test_points_and_codes_agree_with_the_structured_copy(tmp_path: Path, name: str) -> None:
    import_table([found(EXCEL, name)], tmp_path, published=DAY, source="国家医保局智能监管“两库”")
    copy = structured()
    for rule_class, points in imported(tmp_path).items():
        expected = copy[rule_class]
        assert len(points) == len(expected) - REMARKS.get(rule_class, 0), rule_class
        columns = ("item_code", "excluded_code")
        ours = sorted(
            code for point in points for column in columns if point.get(column) for code in point[column].split("|")
        )
        assert ours == sorted(code for row in expected for code in row["item_codes"].split("|") if code), rule_class


@pytest.mark.parametrize("name", TABLES)
def test_an_auditor_s_table_is_told_for_row_by_row(tmp_path: Path, name: str) -> None:
    rows, rejected = TABLES[name]
    report = import_table([found(PRACTITIONER, name)], tmp_path, published=DAY, source="审核人员自用表")
    assert (len(report.rows), len(report.rejected)) == (rows, rejected)
    folders = read_packs(tmp_path) if report.plans else []
    assert all(folder.rule.id.startswith("practitioner-") for folder in folders)
    assert all(str(folder.rule.status) == "draft" for folder in folders)
    if folders:
        write_lock(tmp_path, folders)
        assert self_check(tmp_path, every_kind=False) == []
    before = state(tmp_path)
    import_table([PRACTITIONER / name], tmp_path, published=DAY, source="审核人员自用表")
    assert state(tmp_path) == before
