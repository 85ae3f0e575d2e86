"""DIP catalogue folders: what is read, and every fault with file, row, column, reason and remedy."""

from decimal import Decimal

import pytest

from app.knowledge.dip_expression import Signs, Unreadable, read_codes, read_expression, read_prefixes, read_secondary
from app.knowledge.dip_faults import BadCatalogue
from app.knowledge.dip_files import read_dip_folder
from app.knowledge.dip_records import Bounds, Kind, Layer, OperationRule, Status
from tests.knowledge.dip_folder import GOOD, with_cell, write


def faults_of(folder, **changes):
    with pytest.raises(BadCatalogue) as caught:
        read_dip_folder(write(folder, **changes))
    return caught.value.faults


def places(faults):
    return [(one.file, one.row, one.column) for one in faults]


def test_a_good_folder_is_read_whole(tmp_path):
    files = read_dip_folder(write(tmp_path))
    assert (files.meta.id, files.meta.status) == ("test", Status.IN_FORCE)
    newborn, chemo, open_one, conservative, comprehensive = files.groups
    assert (newborn.layer, newborn.age_days, newborn.weight) == (Layer.PRIORITY, Bounds(None, 28), Bounds(None, 749))
    assert newborn.score is None
    assert chemo.main[0][0].prefixes == ("99.25",)
    assert len(chemo.secondary[0]) == 76 + 5
    assert [term.exact for term in open_one.main[0]] == [{"47.0901", "47.0900"}]
    assert (open_one.score, open_one.is_grassroots, open_one.row) == (Decimal(1000), True, 4)
    assert (conservative.layer, conservative.kind) == (Layer.BASIC, Kind.CONSERVATIVE)
    assert (comprehensive.kind, comprehensive.condition[0].fact) == (Kind.SURGERY, "days")
    assert [one.rule for one in files.operation_exclusions] == [OperationRule.NOT_MAIN, OperationRule.MAIN_ONLY_IN]
    assert [(one.code, one.incision) for one in files.operations] == [("47.0901", "1"), ("89.5*", "")]
    assert files.params.pricing.point_value == Decimal(9)
    assert files.comorbidities[0][0] == "心衰"


def test_only_groups_and_metadata_are_needed(tmp_path):
    others = ("params", "aux", "op_exclusion", "dx_exclusion", "hospital_coef", "operations", "dx_lists")
    files = read_dip_folder(write(tmp_path, **{f"{name}_csv": None for name in others}))
    assert len(files.groups) == 5
    assert files.params.layers[0] == "priority"


def test_a_byte_order_mark_and_blank_rows_are_no_trouble(tmp_path):
    text = "\ufeff" + GOOD["groups.csv"].replace("\n", "\n,,,,,,,,,,,,,,,\n", 1)
    assert read_dip_folder(write(tmp_path, groups_csv=text)).groups[0].row == 3


def test_chinese_headings_are_understood(tmp_path):
    text = "层次,病种编码,病种名称,主要诊断代码,主要操作代码,相关操作代码,分值,次均费用,是否基层病种\n"
    text += "基本,K35.9-O,阑尾切除术,K35.9,47.0901,,1000,9173,否\n"
    (group,) = read_dip_folder(write(tmp_path, groups_csv=text, aux_csv=None, hospital_coef_csv=None)).groups
    assert (group.code, group.score, group.main[0][0].exact) == ("K35.9-O", Decimal(1000), {"47.0901"})


@pytest.mark.parametrize(
    ("name", "row", "column", "value", "told"),
    [
        ("groups.csv", 2, "layer", "prior", "“prior”不是已知的值"),
        ("groups.csv", 2, "layer", "", "单元格为空"),
        ("groups.csv", 3, "code", "", "单元格为空"),
        ("groups.csv", 3, "code", "AI1", "病种编码“AI1”与第2行重复"),
        ("groups.csv", 4, "dx_patterns", "35.9", "“35.9”不是诊断编码"),
        ("groups.csv", 4, "dx_patterns", "K35||K36", "空的一项"),
        ("groups.csv", 4, "dx_patterns", "K37-K35", "起点在终点之后"),
        ("groups.csv", 4, "main_op", "47.0901/47.0900", "不是手术操作编码"),
        ("groups.csv", 4, "main_op", "47.0901+", "空的一项"),
        ("groups.csv", 4, "main_op", "47.0901|47.0901", "同一项写了两次"),
        ("groups.csv", 4, "main_op", "", "有相关操作而没有主要操作"),
        ("groups.csv", 3, "other_dx", "C75-C00", "起点在终点之后"),
        ("groups.csv", 4, "score", "-5", "值为-5"),
        ("groups.csv", 4, "score", "-0.5", "值为-0.5"),
        ("groups.csv", 4, "score", "0", "值为0"),
        ("groups.csv", 4, "score", "一千", "“一千”不是数字"),
        ("groups.csv", 4, "score", "NaN", "“NaN”不是数字"),
        ("groups.csv", 4, "score", "1e99", "“1e99”不是数字"),
        ("groups.csv", 4, "mean_cost", "-9173", "值为-9173"),
        ("groups.csv", 4, "grassroots", "也许", "“也许”无法理解"),
        ("groups.csv", 2, "age_days_max", "2.5", "“2.5”不是整数"),
        ("groups.csv", 2, "weight_min", "-0.5", "值为-0.5"),
        ("groups.csv", 2, "weight_min", "750", "下限750大于上限749"),
        ("groups.csv", 6, "kind", "", "综合病种没有治疗方式"),
        ("groups.csv", 4, "kind", "conservative", "保守治疗病种写了主要操作"),
        ("groups.csv", 6, "condition", "days=>2", "条件“days=>2”无法理解"),
        ("groups.csv", 6, "condition", "other_dx:@nobody", "名单“nobody”不在 dx_lists.csv 中"),
        ("groups.csv", 6, "condition", "sex=3", "sex 没有“3”这个值"),
        ("groups.csv", 6, "condition", "days=7..2", "应写成 days=低..高"),
        ("groups.csv", 5, "dx_patterns", "*", "任何诊断都可入组且没有其他条件"),
        ("aux.csv", 2, "code", "K99", "病种“K99”不在 groups.csv 中"),
        ("aux.csv", 2, "coefficient", "-1.2", "值为-1.2"),
        ("aux.csv", 2, "coefficient", "0", "值为0"),
        ("aux.csv", 2, "coefficient", "", "没有系数"),
        ("aux.csv", 2, "condition", "age is old", "无法理解"),
        ("aux.csv", 2, "condition", "", "单元格为空"),
        ("op_exclusion.csv", 2, "rule", "never", "“never”不是已知的值"),
        ("op_exclusion.csv", 2, "code", "00.24+00.25", "用了“且”"),
        ("op_exclusion.csv", 3, "range", "", "范围与规则不符"),
        ("op_exclusion.csv", 2, "range", "C00", "范围与规则不符"),
        ("op_exclusion.csv", 3, "code", "00.2400", "与第2行的操作相同"),
        ("dx_exclusion.csv", 2, "code", "b9-5", "不是诊断编码"),
        ("dx_exclusion.csv", 2, "code", "Z37", "与第2行的诊断相同"),
        ("hospital_coef.csv", 2, "value", "-1", "值为-1"),
        ("hospital_coef.csv", 2, "hospital", "H2", "同时写了医疗机构和级别"),
        ("hospital_coef.csv", 3, "group", "K99", "不在 groups.csv 中"),
        ("operations.csv", 2, "kind", "大手术", "“大手术”不是已知的值"),
        ("operations.csv", 3, "kind", "", "没有类别也没有级别"),
        ("operations.csv", 3, "code", "47.0901", "与第2行的操作相同"),
        ("operations.csv", 2, "code", "47.0901|47.0900", "一行写了多个操作"),
        ("dx_lists.csv", 2, "dx_patterns", "?", "不是诊断编码"),
        ("dx_lists.csv", 3, "points", "", "没有分数"),
    ],
)
def test_every_wrong_cell_is_named_with_reason_and_remedy(tmp_path, name, row, column, value, told):
    faults = faults_of(tmp_path, **{name.replace(".", "_"): with_cell(name, row, column, value)})
    one = next(fault for fault in faults if told in fault.what)
    where = row + 1 if told.startswith("与第2行的诊断") else row
    shown = {"range": "range", "main_op": "related_op" if not value else "main_op"}.get(column, column)
    assert (one.file, one.row) == (name, where)
    assert one.column == shown or value in ("conservative", "H2")
    assert one.why
    assert one.remedy
    assert str(one).startswith(f"{name} 第{where}行 {one.column}：{one.what}")


def test_all_faults_of_all_files_come_in_one_go(tmp_path):
    groups = with_cell("groups.csv", 4, "score", "-5").replace("Z51.1,化疗,Z51.1", "Z51.1,化疗,?")
    faults = faults_of(
        tmp_path,
        groups_csv=groups,
        aux_csv=with_cell("aux.csv", 3, "coefficient", "x"),
        params_csv="key,value\nlayers,priority;nowhere\npricing.low.at,-1\ncolour,red\n",
        catalogue_yaml="id: Test\nname: n\n",
    )
    found = set(places(faults))
    assert {
        ("groups.csv", 3, "dx_patterns"),
        ("groups.csv", 4, "score"),
        ("aux.csv", 3, "coefficient"),
        ("params.csv", 3, "pricing.low.at"),
        ("params.csv", 4, "colour"),
        ("catalogue.yaml", 0, "id"),
        ("catalogue.yaml", 0, "region"),
    } <= found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("layer,code,name\nbasic,A,B\n", "缺少该列"),
        ("layer,code,name,dx_patterns,main_opp\n", "未知的列"),
        ("layer,code,name,dx_patterns,code\n", "列名重复"),
        ("layer,code,name,dx_patterns\nbasic,A,B\n", "有3个单元格，表头有4列"),
        ('layer,code,name,dx_patterns\nbasic,A,"B,K35\n', "unexpected end of data"),
        ("层次".encode("gbk"), "不是UTF-8"),
        ("layer,code,name,dx_patterns\n", "没有病种"),
    ],
)
def test_a_table_that_is_none_is_told(tmp_path, text, told):
    faults = faults_of(tmp_path, groups_csv=text, aux_csv=None, hospital_coef_csv=None)
    assert any(told in one.what for one in faults), faults


def test_a_layer_that_no_stage_names_is_refused(tmp_path):
    faults = faults_of(tmp_path, params_csv="key,value\nlayers,priority;basic;comprehensive\n")
    assert [one.what for one in faults] == ["有1个病种属于 dxaux 层，但参数 layers 没有这一层"]


def test_a_folder_without_groups_or_with_a_stray_file_is_refused(tmp_path):
    with pytest.raises(BadCatalogue, match="没有这个文件"):
        read_dip_folder(tmp_path)
    assert places(faults_of(tmp_path, aux2_csv="a\n")) == [("aux2.csv", 0, "")]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (None, [""]),
        (": :", [""]),
        ("- a", [""]),
        (GOOD["catalogue.yaml"] + "colour: red\n", ["colour"]),
        (GOOD["catalogue.yaml"].replace("2026-01-01", "2026-13-01"), ["start"]),
        (GOOD["catalogue.yaml"] + 'end: "2025-01-01"\n', ["end"]),
        (GOOD["catalogue.yaml"].replace("in_force", "official"), ["status"]),
    ],
)
def test_metadata_that_is_wrong_is_told(tmp_path, text, fields):
    assert [one.column for one in faults_of(tmp_path, catalogue_yaml=text)] == fields


def test_an_other_sign_for_or_needs_a_parameter_and_then_works(tmp_path):
    groups = with_cell("groups.csv", 4, "main_op", "47.0901/47.0900")
    (fault,) = faults_of(tmp_path, groups_csv=groups)
    assert "operation.or_signs" in fault.remedy
    files = read_dip_folder(write(tmp_path, groups_csv=groups, params_csv="key,value\noperation.or_signs,|;/\n"))
    assert files.groups[2].main[0][0].exact == {"47.0901", "47.0900"}


@pytest.mark.parametrize(
    ("text", "signs", "found"),
    [
        ("", Signs(), []),
        ("47.0100", Signs(), [["47.0100"]]),
        ("A", None, None),
        ("47.0100|47.0901+54.1100", Signs(), [["47.0100|47.0901", "54.1100"]]),
        ("47.0100|47.0901+54.1100", Signs(or_is_tighter=False), [["47.0901", "54.1100"], ["47.0100"]]),
        ("47.01|47.09*", Signs(), [["47.01*|47.09*"]]),
        ("33.6X00", Signs(), [["33.6x00"]]),
        ("47.0100", Signs(extensions=True), [["47.0100|47.0100x*"]]),
        ("47.0100x001", Signs(extensions=True), [["47.0100x001"]]),
        ("47.0100,54.1100", Signs(and_signs=(",",)), [["47.0100", "54.1100"]]),
    ],
)
def test_operation_expressions(text, signs, found):
    if found is None:
        with pytest.raises(Unreadable):
            read_expression(text, Signs())
    else:
        assert [[term.text for term in terms] for terms in read_expression(text, signs)] == found


def test_diagnosis_prefixes_codes_and_ranges():
    assert read_prefixes("K35|K35.3*|I83") == ("K35.3", "I83", "K35")
    assert read_prefixes("*") == ("",)
    assert len(read_prefixes("Y98-Z01")) == 4
    assert read_secondary("C00-C02+I50|E11") == (("C00", "C01", "C02"), ("E11", "I50"))
    assert (read_codes("A09.900|A15").exact, read_codes("A09.900|A15").prefixes) == ({"A09.900"}, ("A15",))
