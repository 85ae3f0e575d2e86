"""Lists come into the packs, and every row is told for; what cannot be used leaves the packs as they were."""

from pathlib import Path
from typing import Any

import pytest

from app.application import import_table as module
from app.knowledge.imports.diff import Fate
from app.knowledge.imports.faults import BadTable
from app.knowledge.pack import PackError, read_rule_folder
from tests.application.importing import points, run, state
from tests.knowledge.build import write_rule
from tests.knowledge.imports.build import drug, service, xls, xlsx

SEX = [["药品通用名", "药品代码", "限定性别"], ["甲", drug(), "女"]]
SERVICE_SEX = [["项目名称", "国标代码", "限定性别"], ["甲", service(1), "男"]]
BAD: list[tuple[list[Any], str]] = [  # a row of the sex list, and why it is rejected
    (["甲", "2.10103E+22", "男"], "科学计数法"),
    (["甲", 1.2345678901234567e22, "男"], "只保留15位"),
    (["甲", "不详", "男"], "不是国家医保编码"),
    (["甲", None, "男"], "没有编码"),
    (["甲", service(), "男"], "是医疗服务项目的编码，与规则类别“药品区分性别使用”不符"),
    (["甲", f"{drug()}、{service()}", "男"], "一行内既有"),
    (["甲", drug(), "不限"], "不是男或女"),
    (["甲", drug(), None], "不是男或女"),
]


@pytest.mark.parametrize(("row", "told"), BAD)
@pytest.mark.parametrize("write", [xlsx, xls])
def test_a_bad_row_is_rejected_with_its_number_and_reason(
    tmp_path: Path, rules: Path, row: list[Any], told: str, write: Any
) -> None:
    rows = [["标题"], ["药品通用名", "国标代码", "限定性别"], ["乙", drug(7), "女"], row, ["合计", "", ""]]
    report = run(rules, write(tmp_path / "a.xls", rows), rule_class="67")
    ((ref, why),) = report.rejected
    assert (ref.row, told in why) == (4, True), why
    assert len(report.rows) == 2
    assert report.count(Fate.ADDED) == report.count(Fate.REJECTED) == 1
    assert [why for _, why in report.aside] == ["标题", "表头", "合计行"]


def test_codes_that_lost_only_their_zeros_are_taken(tmp_path: Path, rules: Path) -> None:
    rows = [["项目名称", "国标代码", "限定性别"], ["甲", 2101030280000, "男"], ["乙", "０02101030290000　", " 女 "]]
    run(rules, xlsx(tmp_path / "a.xlsx", rows))
    found = {point["item_code"]: point["sex"] for point in points(rules, "service-item-for-other-sex")}
    assert found == {"002101030280000": "male", "002101030290000": "female"}


def test_several_codes_in_a_cell_and_in_several_rows(tmp_path: Path, rules: Path) -> None:
    rows = [
        ["药品通用名", "国标代码", "限定性别"],
        ["甲（片）", f"{drug(1)}，{drug(2)}", "男"],
        ["甲(片)", drug(3), "男"],
        [None, drug(4), None],
    ]
    report = run(rules, xlsx(tmp_path / "a.xlsx", rows, merged=["A4:A5"]))
    assert report.count(Fate.ADDED) == 3
    (point,) = points(rules, "drug-for-other-sex")
    assert point["item_code"] == "|".join(drug(number) for number in (1, 2, 3, 4))
    assert point["item_name"] == "甲（片）"


def test_two_sheets_and_several_files(tmp_path: Path, rules: Path) -> None:
    items = [
        ["药品通用名", "药品说明", "限定类型", "限定对象"],
        ["甲", "说明", "限定性别对象", "男"],
        ["丙", "", "限定性别对象", "女"],
    ]
    codes = [
        ["药品通用名", "序号", "药品代码", "限定类型"],
        ["甲", 1, drug(1), "限定性别对象"],
        ["丁", 1, drug(9), "x"],
    ]
    more = xlsx(tmp_path / "b.xlsx", [["项目名称", "国标代码", "限定性别"], ["乙", service(), "女"]])
    report = run(rules, xlsx(tmp_path / "a.xlsx", items, codes), more)
    assert (len(report.rows), report.count(Fate.ADDED), report.count(Fate.REJECTED)) == (5, 3, 2)
    assert [(ref.sheet, ref.row) for ref, _ in report.rejected] == [("Sheet1", 3), ("Sheet2", 3)]
    assert points(rules, "drug-for-other-sex")[0]["basis"] == "说明"


def test_a_dry_run_writes_nothing(tmp_path: Path, rules: Path) -> None:
    report = run(rules, xlsx(tmp_path / "a.xlsx", SEX), dry_run=True)
    assert report.count(Fate.ADDED) == 1
    assert [plan.is_new for plan in report.plans] == [True]
    assert list(rules.iterdir()) == []


def existing(rules: Path, **more: Any) -> Path:
    rows = ("DS-001,XA02AAA001A*,乙片,female",)
    given = {"rule_class": None, "class": "药品区分性别使用", "version": "4", "title": "药品区分性别使用"}
    examples = [
        {
            "name": name,
            "encounter": {
                "patient": {"sex": sex},
                "charge_lines": [{"id": "L1", "item_code": "XA02AAA001A1", "service_date": "2026-03-01"}],
            },
            "hits": hits,
        }
        for name, sex, hits in (("男", "male", ["L1"]), ("女", "female", []))
    ]
    return write_rule(
        rules, more.pop("name", "drug-for-other-sex"), rows=rows, **{**given, "examples": examples, **more}
    )


def test_an_existing_rule_gets_the_rows_and_a_higher_version(tmp_path: Path, rules: Path) -> None:
    folder = existing(rules)
    old = (folder / "rule.yaml").read_text("utf-8").replace('"version": "4"', "version: 4  # 见变更记录")
    (folder / "rule.yaml").write_text(old, "utf-8")
    run(rules, xlsx(tmp_path / "a.xlsx", SEX))
    assert (folder / "rule.yaml").read_text("utf-8") == old.replace("version: 4", "version: 5")
    assert [point["point"] for point in points(rules, "drug-for-other-sex")][1] == "DS-001"
    assert read_rule_folder(folder).rule.version == 5
    before = state(rules)
    run(rules, xlsx(tmp_path / "a.xlsx", SEX))
    assert state(rules) == before


def test_a_rule_of_another_name_that_carries_the_class_is_used(tmp_path: Path, rules: Path) -> None:
    folder = existing(rules, name="wrong-sex")
    (folder / "rule.yaml").write_text(
        (folder / "rule.yaml").read_text("utf-8").replace('"version": "4"', "version: 4"), "utf-8"
    )
    (plan,) = run(rules, xlsx(tmp_path / "a.xlsx", SEX)).plans
    assert (plan.rule, plan.is_new, plan.version) == ("wrong-sex", False, 5)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "retired"}, "已停用"),
        ({"in_force": {"2026-01-01": {}}}, "自2026-01-01起施行"),
        ({"kind": "not_payable", "in_force": {"2025-01-01": {"when": "always"}}}, "类型或参数不是restricted_use"),
    ],
)
def test_a_rule_that_is_not_for_the_rows(tmp_path: Path, rules: Path, changes: dict[str, Any], told: str) -> None:
    existing(rules, **changes)
    before = state(rules)
    with pytest.raises(BadTable, match=told):
        run(rules, xlsx(tmp_path / "a.xlsx", SEX))
    assert state(rules) == before


def test_an_import_that_breaks_a_rule_s_example_is_stopped(tmp_path: Path, rules: Path) -> None:
    existing(rules)
    before = state(rules)
    files = [
        xlsx(tmp_path / "a.xlsx", SERVICE_SEX),
        xlsx(tmp_path / "b.xlsx", [["药品通用名", "国标代码", "限定性别"], ["甲", drug(), "男"]]),
    ]
    breaking = rules / "national" / "drug-for-other-sex" / "rule.yaml"
    text = breaking.read_text("utf-8").replace("XA02AAA001A1", drug())
    breaking.write_text(text, "utf-8")
    before = state(rules)
    with pytest.raises(BadTable, match=r"规则drug-for-other-sex导入后未通过自检，未写入任何文件"):
        run(rules, *files)
    assert state(rules) == before


def test_a_rule_of_the_packs_that_cannot_be_read_stops_the_import(tmp_path: Path, rules: Path) -> None:
    (existing(rules) / "rule.yaml").write_text("title: [", "utf-8")
    with pytest.raises(PackError):
        run(rules, xlsx(tmp_path / "a.xlsx", SEX))


def test_a_failing_disk_leaves_no_half_of_a_rule(tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: Path, content: bytes) -> None:
        if file.name == "knowledge.csv":
            raise OSError(28, "No space left on device")
        file.write_bytes(content)

    existing(rules)
    before = state(rules)
    monkeypatch.setattr(module, "_flushed", full)
    with pytest.raises(OSError, match="No space"):
        run(rules, xlsx(tmp_path / "a.xlsx", SEX))
    assert state(rules) == before


def test_a_source_is_required(tmp_path: Path, rules: Path) -> None:
    with pytest.raises(BadTable, match="来源不能为空"):
        run(rules, xlsx(tmp_path / "a.xlsx", SEX), source="  ")


def test_a_lost_row_would_be_seen(tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rows_of", lambda _: {})
    with pytest.raises(AssertionError, match="1 rows read"):
        run(rules, xlsx(tmp_path / "a.xlsx", SEX))
    assert state(rules) == {}
