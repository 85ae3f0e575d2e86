"""Columns found by meaning, wherever and however their headings stand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.knowledge.imports.columns import Table, read_table
from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.headings import role_of
from app.knowledge.imports.workbook import Sheet, read_workbook
from tests.knowledge.imports.build import csv_file, drug, service, xlsx


def table(*rows: Sequence[Any]) -> Table:
    found = read_table(Sheet("表.xlsx", "Sheet1", [list(row) for row in rows]))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        *[
            (heading, "code")
            for heading in ("国标代码", "药品代码", "药品编码", "项目编码", "项目代码", "医保目录编码")
        ],
        *[
            (heading, "code")
            for heading in ("国家医保编码", "诊疗编码", "主项编码", "耗材编码", "饮片代码", " 国标 代码 ")
        ],
        *[(heading, "name") for heading in ("药品通用名", "项目名称", "饮片名称", "诊疗名称", "主项名称", "通用名")],
        *[(heading, "sex") for heading in ("限定性别", "性别限制", "性别")],
        *[(heading, "level") for heading in ("医疗机构级别", "限定机构等级", "机构限制")],
        ("从项编码", "other_code"),
        ("B项目编码", "other_code"),
        ("中药饮片2名称", "other_name"),
        ("手术组", "group"),
        ("主次组别", "group"),
        ("单位时间", "window"),
        ("频度", "window"),
        ("限制数量", "limit"),
        ("频次上限", "limit"),
        ("疗程周期", "period"),
        ("限定值域", "value"),
        ("限定对象", "value"),
        ("药品说明", "note"),
        ("儿童禁用年龄阈值", "age"),
        ("最大开药天数", "limit"),
        ("药品分类", "drug_class"),
        ("序号", "number"),
        ("国标代码（必填）", "code"),
        ("阿帕他胺片", ""),
        ("", ""),
    ],
)
def test_headings(heading: str, role: str) -> None:
    assert role_of(heading) == role


def test_a_title_above_and_totals_and_remarks_below_are_no_data() -> None:
    found = table(
        ["“医疗服务项目限定频次”规则对应知识点明细", None, None],
        [None, None, None],
        ["序号", "项目名称", "项目编码"],
        [1.0, "甲", service(1)],
        [None, None, None],
        ["序号", "项目名称", "项目编码"],
        [2.0, "乙", service(2)],
        ["合计", None, None],
        ["共2条", None, None],
        ["备注：依据国家医保局梳理的项目设定", None, None],
    )
    assert [(row.refs[0].row, row.get("name")) for row in found.rows] == [(4, "甲"), (7, "乙")]
    assert [(ref.row, why) for ref, why in found.aside] == [
        (1, "标题"),
        (3, "表头"),
        (6, "重复的表头"),
        (8, "合计行"),
        (9, "合计行"),
        (10, "说明行"),
    ]
    assert "限定频次" in found.title


def test_an_item_whose_name_says_total_is_data() -> None:
    found = table(["项目名称", "项目编码"], ["总计划", service(1)], ["合计", service(2)])
    assert len(found.rows) == 2


@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_headings_in_two_rows_with_merged_cells(tmp_path: Path, format: str) -> None:
    rows = [
        ["某某规则知识点", None, None, None, None],
        ["序号", "项目", None, "限定", None],
        [None, "名称", "编码", "数量", "单位"],
        [1, "甲", service(1), 2, "日"],
    ]
    if format == "xlsx":
        file = xlsx(tmp_path / "a.xlsx", rows, merged=["A1:E1", "A2:A3", "B2:C2", "D2:E2"])
    else:
        file = csv_file(tmp_path / "a.csv", rows)
    found = read_table(read_workbook(file)[0])
    assert found is not None
    (row,) = found.rows
    assert {role: row.get(role) for role in row.cells} == {
        "number": "1",
        "name": "甲",
        "code": service(1),
        "limit": "2",
        "unit": "日",
    }


def test_a_name_merged_over_its_codes_goes_down() -> None:
    found = table(
        ["药品通用名", "国标代码", "限定性别"],
        ["甲片", drug(1), "男"],
        [None, drug(2), None],
        ["乙片", drug(3), "女"],
        [None, drug(4), None],
    )
    assert [(row.get("name"), row.get("sex")) for row in found.rows] == [
        ("甲片", "男"),
        ("甲片", "男"),
        ("乙片", "女"),
        ("乙片", "女"),
    ]


def test_swapped_columns_are_told_with_the_row() -> None:
    with pytest.raises(BadTable, match=r"表.xlsx［Sheet1］: 编码列与名称列互换了：第2行编码列为“甲片”"):
        table(["药品通用名", "国标代码"], [drug(1), "甲片"], [drug(2), "乙片"])


def test_one_row_swapped_is_not_a_swapped_table() -> None:
    assert len(table(["药品通用名", "国标代码"], [drug(1), "甲片"], ["乙片", drug(2)], ["丙片", drug(3)]).rows) == 3


def test_swapped_columns_of_the_second_item_are_told() -> None:
    with pytest.raises(BadTable, match="互换了"):
        table(["主项名称", "主项编码", "从项名称", "从项编码"], ["甲", service(1), service(2), "乙"])


@pytest.mark.parametrize("rows", [[["说明"]], [["甲", "乙"], ["丙", "丁"]], [["国标代码"], ["X"]], []])
def test_no_header(rows: list[list[str]]) -> None:
    assert read_table(Sheet("表.xlsx", "Sheet1", rows)) is None
