"""Lists of every class become drafts that pass their own checks; every row is told for."""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.application import import_table as module
from app.application.import_table import ImportReport, import_table
from app.engine.self_check import self_check
from app.knowledge.imports.classes import CLASSES
from app.knowledge.imports.diff import Fate
from app.knowledge.imports.faults import BadTable
from app.knowledge.lock import write_lock
from app.knowledge.pack import PackError, read_packs, read_rule_folder
from tests.knowledge.build import write_rule
from tests.knowledge.imports.build import csv_file, drug, service, xls, xlsx

DAY, SOURCE = date(2025, 5, 23), "测试发布的清单"
Rows = Sequence[Sequence[Any]]


def run(rules: Path, *files: Path, **more: Any) -> ImportReport:
    return import_table(files, rules, **{"published": DAY, "source": SOURCE, **more})


def points(rules: Path, rule: str) -> list[dict[str, str]]:
    with (rules / "national" / rule / "knowledge.csv").open(encoding="utf-8", newline="") as file:
        return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]


def state(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    made = tmp_path / "rules"
    made.mkdir()
    return made


PIECE, CONSUMABLE = ("T000700200", "T001700233"), ("C0202010010101010101", "C0202020010101010101")
A, B, C = service(1), service(2), service(3)
CASES: dict[int, Rows] = {  # of each class that can be imported: header and rows
    1: [["药品通用名", "国标代码", "限定对象"], ["甲", drug(), "工伤"]],
    2: [["药品通用名", "国标代码", "限定对象"], ["甲", drug(), "生育"]],
    3: [["饮片名称", "饮片代码"], ["阿胶", PIECE[1]]],
    4: [["饮片名称", "饮片代码"], ["丁香", PIECE[0]]],
    5: [["药品通用名", "药品代码", "关联编码", "关联名称"], ["甲", drug(), "XA10BAA001A001010000001", "乙"]],
    6: [["药品通用名", "药品代码"], ["甲", drug()]],
    7: [["药品通用名", "药品代码", "备注"], ["甲", drug(), "限儿童。"]],
    8: [["药品通用名", "药品代码", "疾病编码", "备注"], ["甲", drug(), "E11*、O24.1*", "限2型糖尿病"]],
    9: [["药品通用名", "药品代码", "最大开药天数"], ["甲", drug(), 7]],
    10: [["药品通用名", "药品代码", "备注"], ["甲", drug(), "支付不超过14天。"]],
    12: [["药品通用名", "药品代码", "医疗机构级别"], ["甲", drug(), "二级"]],
    13: [["药品通用名", "药品代码", "限定就医方式"], ["甲", drug(), "住院"]],
    14: [["项目名称", "项目编码", "最高限价"], ["甲", A, 21.5]],
    15: [["项目名称", "项目编码", "手术组"], ["甲", A, "胃肠手术组"], ["乙", B, "胃肠手术组"]],
    16: [["项目名称", "项目编码", "限定险种"], ["甲", A, "工伤"]],
    17: [["项目名称", "项目编码"], ["甲", A]],
    18: [["项目名称", "项目编码"], ["甲", A]],
    19: [["项目名称", "项目编码", "限定年龄"], ["甲", A, "6岁及以下"]],
    20: [["项目名称", "项目编码", "诊断编码"], ["甲", A, "I63-I64"]],
    22: [["项目名称", "项目编码", "就医方式"], ["甲", A, "门诊"]],
    23: [
        ["项目名称", "项目编码", "备注"],
        ["甲", A, "支付不超过30天。"],
        ["乙", B, "支付不超过一年，每周最多支付一次。"],
    ],
    24: [["项目名称", "项目编码", "备注"], ["甲", A, "限三级医疗机构"]],
    25: [
        ["主项名称", "主项编码", "从项名称", "从项编码", "频度"],
        ["甲", A, "乙", B, "单日"],
        ["甲", A, "丙", C, "单次就诊"],
        ["乙", B, "丙", C, "6小时"],
    ],
    26: [["主项名称", "主项编码", "子项编码"], ["甲", A, f"{B}|{C}"]],
    27: [
        ["项目名称", "项目编码", "单位时间", "上限"],
        ["甲", A, "日", 2],
        ["乙", B, "每次住院", 3],
        ["丙", C, "自然月", 4],
        ["丁", service(4), "年", 5],
    ],
    28: [["项目名称", "项目编码", "总额限制"], ["甲", A, "2500元"]],
    29: [["项目名称", "项目编码", "备注"], ["甲", A, "参保人年龄超出法定就业年龄限制"]],
    30: [["项目名称", "项目编码", "B项目名称", "B项目编码"], ["甲", A, "乙", CONSUMABLE[0]]],
    31: [["项目名称", "项目编码", "频次上限", "疗程周期"], ["甲", A, 1, 15]],
    32: [["耗材名称", "耗材编码"], ["甲", CONSUMABLE[0]]],
    33: [["耗材名称", "耗材编码"], ["甲", CONSUMABLE[0]]],
    34: [["耗材名称", "耗材编码", "限定总额"], ["甲", CONSUMABLE[0], 400.5]],
    36: [["项目名称", "项目编码", "关联编码"], ["甲", A, B]],
    47: [["药品通用名", "药品代码", "逻辑依据"], ["甲", drug(), "不得开具"]],
    64: [["药品通用名", "药品代码", "关联编码"], ["甲", drug(), A]],
    65: [["药品通用名", "药品代码", "限定对象"], ["甲", drug(), "儿童"]],
    66: [["药品通用名", "药品代码", "儿童禁用年龄阈值"], ["甲", drug(), "12岁"]],
    67: [["药品通用名", "药品代码", "限定性别"], ["甲", drug(), "女"]],
    69: [["药品通用名", "药品代码", "药品分类"], ["甲", drug(), "某类"], ["乙", "XA10BAA001A001010000001", "某类"]],
    70: [["药品通用名", "药品代码", "疾病编码"], ["甲", drug(), "J45*"]],
    71: [["药品通用名", "药品代码", "疾病编码"], ["甲", drug(), "I60-I62"]],
    72: [["药品通用名", "药品代码", "限定年龄"], ["甲", drug(), "64岁及以下"]],
    74: [["药品1名称", "药品1代码", "药品2名称", "药品2代码"], ["甲", drug(), "乙", "XA10BAA001A001010000001"]],
    75: [["中药饮片1名称", "中药饮片1代码", "中药饮片2名称", "中药饮片2代码"], ["丁香", PIECE[0], "郁金", PIECE[1]]],
    79: [["项目名称", "项目编码", "关联编码", "关联名称"], ["甲", A, B, "乙"]],
    80: [["项目名称", "国标代码", "限定对象"], ["甲", A, "儿童"], ["乙", B, "新生儿"], ["丙", C, "婴幼儿"]],
    81: [["项目名称", "国标代码", "限定性别"], ["甲", A, "男"]],
    82: [["项目名称", "国标代码", "疾病编码"], ["甲", A, "I60*"]],
    83: [["项目名称", "国标代码", "疾病编码"], ["甲", A, "I60*"]],
    84: [["耗材名称", "耗材编码", "关联编码"], ["甲", CONSUMABLE[0], A]],
    86: [["耗材名称", "耗材编码", "上限数量", "单位"], ["甲", CONSUMABLE[0], 2, "个/日"]],
    87: [["耗材名称", "耗材编码", "限定性别"], ["甲", CONSUMABLE[0], "男"]],
    88: [["耗材名称", "耗材编码", "疾病编码"], ["甲", CONSUMABLE[0], "I60*"]],
}


def test_every_class_has_a_case() -> None:
    assert CASES.keys() == CLASSES.keys()


@pytest.mark.parametrize("seq", CASES)
def test_a_list_of_each_class_becomes_a_draft_that_passes_its_checks(tmp_path: Path, rules: Path, seq: int) -> None:
    file = xlsx(tmp_path / "list.xlsx", CASES[seq])
    report = run(rules, file, rule_class=str(seq))
    assert report.rejected == []
    assert report.count(Fate.ADDED) == len(CASES[seq]) - 1
    folders = read_packs(rules)
    assert {folder.rule.rule_class for folder in folders} == {CLASSES[seq].name}
    assert {str(folder.rule.status) for folder in folders} == {"draft"}
    write_lock(rules, folders)
    assert self_check(rules, every_kind=False) == []
    before = state(rules)
    again = run(rules, file, rule_class=str(seq))
    assert again.count(Fate.UNCHANGED) == len(CASES[seq]) - 1
    assert state(rules) == before


@pytest.mark.parametrize(
    ("seq", "title"),
    [
        (27, "“医疗服务项目限定频次”规则对应知识点明细"),
        (47, "超互联网医院药品支付范围"),
        (4, "中药饮片单方使用不予支付"),
    ],
)
def test_the_title_names_the_class(tmp_path: Path, rules: Path, seq: int, title: str) -> None:
    run(rules, xlsx(tmp_path / "a.xlsx", [[title], *CASES[seq]]))
    assert {folder.rule.rule_class for folder in read_packs(rules)} == {CLASSES[seq].name}


@pytest.mark.parametrize("seq", [1, 2, 12, 13, 15, 25, 28, 31, 34, 65, 67, 69, 80, 81, 87])
def test_the_columns_tell_the_class(tmp_path: Path, rules: Path, seq: int) -> None:
    kinds = {65: "限定年龄对象", 80: "限定年龄对象", 1: "限定保险类型", 2: "限定保险类型"}
    header, *rows = CASES[seq]
    if seq in kinds:
        header, rows = [*header, "限定类型"], [[*row, kinds[seq]] for row in rows]
    run(rules, xlsx(tmp_path / "a.xlsx", [header, *rows]))
    assert {folder.rule.rule_class for folder in read_packs(rules)} == {CLASSES[seq].name}


def test_what_tells_no_class_asks_for_one(tmp_path: Path, rules: Path) -> None:
    report = run(rules, xlsx(tmp_path / "a.xlsx", CASES[3]))
    assert [why for _, why in report.rejected] == ["无法从列名和内容判断规则类别；请用 --class 指定"]
    assert state(rules) == {}


@pytest.mark.parametrize("written", ["99", "没有的类别", "88x"])
def test_a_class_that_is_not_known(tmp_path: Path, rules: Path, written: str) -> None:
    with pytest.raises(BadTable, match="没有可导入的规则类别"):
        run(rules, xlsx(tmp_path / "a.xlsx", CASES[3]), rule_class=written)


def test_the_class_by_code_or_name(tmp_path: Path, rules: Path) -> None:
    file = xlsx(tmp_path / "a.xlsx", CASES[3])
    run(rules, file, rule_class="GZ10000101003000")
    assert run(rules, file, rule_class="中药饮片单复方均不予支付").count(Fate.UNCHANGED) == 1


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
    report = run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]), dry_run=True)
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
    run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]))
    assert (folder / "rule.yaml").read_text("utf-8") == old.replace("version: 4", "version: 5")
    assert [point["point"] for point in points(rules, "drug-for-other-sex")][1] == "DS-001"
    assert read_rule_folder(folder).rule.version == 5
    before = state(rules)
    run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]))
    assert state(rules) == before


def test_a_rule_of_another_name_that_carries_the_class_is_used(tmp_path: Path, rules: Path) -> None:
    folder = existing(rules, name="wrong-sex")
    (folder / "rule.yaml").write_text(
        (folder / "rule.yaml").read_text("utf-8").replace('"version": "4"', "version: 4"), "utf-8"
    )
    (plan,) = run(rules, xlsx(tmp_path / "a.xlsx", CASES[67])).plans
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
        run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]))
    assert state(rules) == before


def test_an_import_that_breaks_a_rule_s_example_is_stopped(tmp_path: Path, rules: Path) -> None:
    existing(rules)
    before = state(rules)
    files = [
        xlsx(tmp_path / "a.xlsx", CASES[81]),
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
        run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]))


def test_a_failing_disk_leaves_no_half_of_a_rule(tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: Path, content: bytes) -> None:
        if file.name == "knowledge.csv":
            raise OSError(28, "No space left on device")
        file.write_bytes(content)

    existing(rules)
    before = state(rules)
    monkeypatch.setattr(module, "_flushed", full)
    with pytest.raises(OSError, match="No space"):
        run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]))
    assert state(rules) == before


def test_a_source_is_required(tmp_path: Path, rules: Path) -> None:
    with pytest.raises(BadTable, match="来源不能为空"):
        run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]), source="  ")


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


def test_a_lost_row_would_be_seen(tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rows_of", lambda _: {})
    with pytest.raises(AssertionError, match="1 rows read"):
        run(rules, xlsx(tmp_path / "a.xlsx", CASES[67]))
    assert state(rules) == {}
