"""Two sheets of one list, and what neither sheet can say alone."""

from pathlib import Path

import pytest

from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.rows import read_rows
from tests.knowledge.imports.build import csv_file, drug, xlsx

ITEMS = [["药品通用名", "药品说明", "限定类型", "限定对象"], ["甲片（男用）", "说明", "限定性别对象", "男"]]
CODES = [["药品通用名", "序号", "国标代码", "限定类型"]]


def test_items_and_codes_are_joined_by_name_however_it_is_spelled(tmp_path: Path) -> None:
    codes = [*CODES, ["甲片(男用)", 1, drug(1), "限定性别对象"], ["甲片（男用） ", 2, drug(2), "限定性别对象"]]
    found = read_rows(xlsx(tmp_path / "a.xlsx", ITEMS, codes))
    assert [(row.get("code"), row.get("value"), row.get("name")) for row in found.rows] == [
        (drug(1), "男", "甲片（男用）"),
        (drug(2), "男", "甲片（男用）"),
    ]
    assert [[ref.row for ref in row.refs] for row in found.rows] == [[2, 2], [2, 3]]
    assert len(found.read) == 3
    assert found.alone == []


def test_the_sheets_may_stand_the_other_way_round(tmp_path: Path) -> None:
    found = read_rows(xlsx(tmp_path / "a.xlsx", [*CODES, ["甲片（男用）", 1, drug(1), "x"]], ITEMS))
    assert [row.get("value") for row in found.rows] == ["男"]


def test_what_only_one_sheet_knows_is_told(tmp_path: Path) -> None:
    codes = [*CODES, ["乙片", 1, drug(1), "限定性别对象"]]
    found = read_rows(xlsx(tmp_path / "a.xlsx", ITEMS, codes))
    assert found.rows == []
    assert [(row.refs[0].sheet, why) for row, why in found.alone] == [
        ("Sheet2", "另一工作表中没有“乙片”，不知其限定内容"),
        ("Sheet1", "编码工作表中没有“甲片（男用）”的编码"),
    ]


def test_a_sheet_without_a_table_is_set_aside(tmp_path: Path) -> None:
    table = [["药品通用名", "国标代码", "限定性别"], ["甲片", drug(1), "男"]]
    found = read_rows(xlsx(tmp_path / "a.xlsx", [["填表说明"], [], ["本表按月更新"]], table))
    assert len(found.rows) == 1
    assert [(ref.sheet, ref.row) for ref, _ in found.aside] == [("Sheet1", 1), ("Sheet1", 3), ("Sheet2", 1)]


def test_two_sheets_that_are_tables_of_their_own(tmp_path: Path) -> None:
    table = [["药品通用名", "国标代码", "限定性别"], ["甲片", drug(1), "男"]]
    other = [["药品通用名", "国标代码", "限定性别"], ["乙片", drug(2), "女"]]
    assert len(read_rows(xlsx(tmp_path / "a.xlsx", table, other)).rows) == 2


def test_no_header_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="没有可识别的表头"):
        read_rows(csv_file(tmp_path / "a.csv", [["甲", "乙"], ["丙", "丁"]]))


def test_a_list_without_codes_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="没有编码列"):
        read_rows(xlsx(tmp_path / "a.xlsx", ITEMS))
