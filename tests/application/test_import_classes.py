"""Lists of every class become drafts that pass their own checks."""

from pathlib import Path

import pytest

from app.engine.self_check import self_check
from app.knowledge.imports.classes import CLASSES
from app.knowledge.imports.diff import Fate
from app.knowledge.imports.faults import BadTable
from app.knowledge.lock import write_lock
from app.knowledge.pack import read_packs
from tests.application.importing import Rows, run, state
from tests.knowledge.imports.build import drug, service, xlsx

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
