"""Auditors' own tables become drafts of their own, and what only names tell apart is told."""

from pathlib import Path
from typing import Any

import pytest

from app.knowledge.pack import read_packs
from tests.application.importing import points, run
from tests.knowledge.imports.build import csv_file, service

A, B, C = service(1), service(2), service(3)


def test_an_auditor_s_limits_become_suspicions_of_their_own(tmp_path: Path, rules: Path) -> None:
    header = ["诊疗编码", "诊疗名称", "机构限制", "性别限制", "疾病限制", "频次限制", "总额限制", "领域标识"]
    rows = [
        header,
        ["00331301", "卵巢手术", "", "女", "(卵巢)", "1次每周", "", "手术"],
        [service(5), "植入", "三级", "", "", "48次每年", "33000元", "手术"],
        ["331200", "地方编码", "", "女", "", "", "", "手术"],
        [service(6), "只有名称", "", "", "(肿瘤|癌)", "", "", "手术"],
        [service(7), "没有限制", "", "", "", "", "", "手术"],
    ]
    report = run(rules, csv_file(tmp_path / "service_limits.csv", rows))
    assert {folder.rule.id: str(folder.rule.severity) for folder in read_packs(rules)} == dict.fromkeys(
        (
            "practitioner-service-item-for-other-sex",
            "practitioner-service-item-repeated-too-soon",
            "practitioner-service-below-facility-level",
            "practitioner-service-item-over-yearly-quantity",
            "practitioner-service-over-paid-total",
        ),
        "slightly_suspect",
    )
    (point,) = points(rules, "practitioner-service-item-for-other-sex")
    assert (point["item_code"], point["sex"]) == ("00331301*", "female")
    assert [ref.row for ref, _ in report.rejected] == [4, 5, 6]
    assert [(ref.row, why) for ref, why in report.notes] == [(2, "疾病限制“(卵巢)”是名称，需人工写成编码")]


@pytest.mark.parametrize(
    ("header", "row", "rule", "columns"),
    [
        (
            ["主项编码", "主项名称", "从项编码", "从项名称", "来源标识"],
            ["00310511025", "甲", "(00310511016)", "(乙)", "诊疗"],
            "practitioner-service-items-charged-twice",
            {"item_code": "00310511025*", "excluded_code": "00310511016*", "excluded_name": "乙"},
        ),
        (
            ["主项编码", "主项名称", "从项编码", "从项名称", "加收限制", "来源标识"],
            [A, "甲", A[:-1] + "1", "甲(加收)", 1, "诊疗"],
            "practitioner-surcharge-without-base-item",
            {"item_code": A[:-1] + "1", "item_name": "甲(加收)", "companion_code": A, "companion_name": "甲"},
        ),
        (
            ["主项编码", "主项名称", "子项编码", "子项名称", "来源标识"],
            ["332502039010000", "凝血", f"({B}|{C}|{B})", "(乙|丙|乙)", "诊疗"],
            "practitioner-laboratory-panel-charged-by-parts",
            {"bundle_code": "332502039010000*", "item_code": f"{B}|{C}", "min_members": "2"},
        ),
        (
            ["主项编码", "主项名称", "分项编码", "分项名称", "来源标识"],
            ["00330300011", "甲", "(0033030000800)", "(乙)", "诊疗"],
            "practitioner-parts-charged-with-whole",
            {"item_code": "00330300011*", "excluded_code": "0033030000800*"},
        ),
        (
            ["主项编码", "主项名称", "关联编码", "关联名称", "来源标识"],
            ["XJ01CRP017B0", "甲", "(00250502005)", "(药敏)", "药品"],
            "practitioner-drug-without-its-service",
            {"item_code": "XJ01CRP017B0*", "companion_code": "00250502005*", "companion_name": "药敏"},
        ),
    ],
)
def test_auditors_tables(
    tmp_path: Path, rules: Path, header: list[str], row: list[Any], rule: str, columns: dict[str, str]
) -> None:
    report = run(rules, csv_file(tmp_path / "table.csv", [header, row], "gb18030"))
    assert report.rejected == []
    (point,) = points(rules, rule)
    assert columns.items() <= point.items()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (["C", "支架", "(C)", "(乙)", "材料"], "过短或不合编码规则"),
        (["00330201015", "甲", "(0033020101501)", "(乙)", "诊疗"], "有重叠"),
        (["00330201015", "甲", "(00330201)", "(乙)", "诊疗"], "有重叠"),
    ],
)
def test_what_auditors_tell_apart_by_name_only_is_rejected(
    tmp_path: Path, rules: Path, row: list[str], told: str
) -> None:
    header = ["主项编码", "主项名称", "从项编码", "从项名称", "来源标识"]
    ((ref, why),) = run(rules, csv_file(tmp_path / "table.csv", [header, row])).rejected
    assert ref.row == 2
    assert told in why
