"""DRG grouping on a small scheme: every kind of condition, the ways out, what was tried and what would mend it."""

from decimal import Decimal

import msgspec
import pytest

from app.domain.encounter import Sex
from app.domain.stay import Stay
from app.grouper.drg import group
from app.grouper.grouping import GroupingStatus
from tests.grouper.drg_build import outcome, stay
from tests.scheme_files import small_scheme

FEMALE = {"sex": Sex.FEMALE}
BABY = {"age_years": 0, "age_days": 10, "weight_grams": 1200}

GROUPS = [
    (stay("R51.x00", procedures=["50.5100", "55.6900"]), "AB19"),
    (stay("R51.x00", procedures=["55.6900", "50.5100"]), "AB19"),
    (stay("R51.x00", procedures=["50.5100"]), "AC1"),
    (stay("R51.x00", procedures=["99.2900", "50.5100"]), "0000"),
    (stay("R51.x00", procedures=["96.0400", "50.5900", "55.6900"]), "AB19"),
    (stay("P07.100", "J96.000", **BABY), "PS11"),
    (stay("P07.100", **(BABY | {"weight_grams": 1000})), "PS13"),
    (stay("P07.100", **(BABY | {"weight_grams": 1001})), "PV1"),
    (stay("P07.100", **(BABY | {"weight_grams": 1500})), "PT1"),
    (stay("P07.100", **(BABY | {"weight_grams": 2499})), "PT1"),
    (stay("P07.100", **(BABY | {"weight_grams": 2500})), "PV1"),
    (stay("P07.100", **(BABY | {"age_days": 29})), "PV1"),
    (stay("P07.100", **(BABY | {"weight_grams": 0})), "PV1"),
    (stay("P07.100", age_years=1), "0000"),
    (stay("S06.500", "S27.300"), "ZZ1B"),
    (stay("S06.500", "S27.300", "S36.100"), "ZZ1A"),
    (stay("S06.500", "S27.300", procedures=["36.0700"]), "ZJ19"),
    (stay("S06.500", "S27.300", procedures=["88.5500", "36.0700"]), "0000"),
    (stay("N40.x00", "J96.000"), "MR11"),
    (stay("N40.x00", "J18.900"), "MR13"),
    (stay("N40.x00"), "MR15"),
    (stay("N40.x00", **FEMALE), "0000"),
    (stay("N80.000", procedures=["68.4100", "40.5900"], **FEMALE), "NA19"),
    (stay("N80.000", procedures=["68.8x00"], **FEMALE), "NA19"),
    (stay("N80.000", procedures=["68.4100"], **FEMALE), "0000"),
    (stay("N80.000", "J18.900", age_years=16, **FEMALE), "NR1A"),
    (stay("N80.000", "J18.900", age_years=17, **FEMALE), "NR15"),
    (stay("N80.000", stay_days=4, discharge_disposition="5", **FEMALE), "NR1B"),
    (stay("N80.000", stay_days=5, discharge_disposition="5", **FEMALE), "NR15"),
    (stay("N80.000", stay_days=4, discharge_disposition="1", **FEMALE), "NR15"),
    (stay("G40.900", procedures=["01.2400"], icu_hours=120.5), "BB11"),
    (stay("G40.900", procedures=["01.2400"], icu_hours=120), "BB13"),
    (stay("G40.900", procedures=["01.2400"]), "BB15"),
    (stay("G40.900", "G93.500", procedures=["99.2900", "01.2400"]), "BB11"),
    (stay("G93.500", "G40.900", procedures=["99.2900", "01.2400"]), "0000"),
    (stay("G40.900", procedures=["36.0700"]), "BQY"),
    (stay("I63.900", department="ICU"), "BR1X"),
    (stay("I63.900", "G93.500"), "BR15"),
    (stay("I61.900", "G93.500"), "BR11"),
    (stay("I63.900", "J18.900"), "BR13"),
    (stay("G40.900", "J18.900", department="ICU"), "BR21"),
    (stay("G40.900", department="ICU"), "0000"),
    (stay("I21.001", "I50.900"), "FR15"),
    (stay("I21.100", "I50.900"), "FR11"),
    (stay("R51.x00", "B20.000"), "YR1"),
    (stay("G40.900", "B20.000"), "YR1"),
]


@pytest.mark.parametrize(("case", "drg"), GROUPS, ids=[f"{number}-{drg}" for number, (_, drg) in enumerate(GROUPS)])
def test_groups(small, case, drg):
    found = group(small, case)
    assert found.drg == drg
    assert found.trace is None
    traced = group(small, case, trace=True)
    assert msgspec.structs.replace(traced, trace=None) == found


def test_the_answer_names_its_parts(small):
    found = group(small, stay("G40.900", procedures=["01.2400"]))
    assert (outcome(found), found.name, found.adrg_name) == (("分组成功", "MDCB", "BB1", "BB15"), "BB15组", "开颅")
    assert outcome(group(small, stay("G40.900", procedures=["36.0700"]))) == ("歧义病案", "MDCB", "QY", "BQY")
    assert outcome(group(small, stay("R51.x00"))) == ("无法入组", "0000", "00", "0000")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"sex": Sex.UNKNOWN}, "性别"),
        ({"age_years": None}, "年龄"),
        ({"age_years": 0, "age_days": None}, "日龄"),
        ({"age_years": 0, "age_days": 28, "weight_grams": None}, "体重"),
        ({"diagnoses": ()}, "诊断"),
    ],
)
def test_a_stay_that_lacks_facts_fails_the_check_and_is_told_what_to_fill_in(small, fields, word):
    case = msgspec.structs.replace(stay("I63.900"), **fields)
    found = group(small, case)
    assert outcome(found) == ("信息校验不通过", "0000", "00", "0000")
    assert len(found.complaints) == 1
    assert word in found.complaints[0]
    assert group(small, case, trace=True).trace.hints == found.complaints


def test_everything_that_is_missing_is_told_at_once(small):
    assert len(group(small, Stay()).complaints) == 3


def test_what_is_not_needed_may_be_missing(small):
    assert group(small, stay("I63.900", age_days=None, weight_grams=None)).drg == "BR15"
    assert group(small, stay("P07.100", age_years=0, age_days=29)).drg == "PV1"


def test_variants_of_0000(make_scheme):
    variant = make_scheme(fail_drg=["0000A", "0000B"])
    assert outcome(group(variant, stay("R51.x00"))) == ("无法入组", "0000", "00", "0000A")
    assert outcome(group(variant, Stay())) == ("信息校验不通过", "", "", "")
    unmapped = group(variant, stay("no such code"), translate=True)
    assert outcome(unmapped) == ("诊断不能转换为分组器支持的编码", "", "", "")


def test_a_scheme_may_retry_with_each_other_procedure_alone(make_scheme):
    retrying = make_scheme(retry_single_procedure=True)
    case = stay("R51.x00", procedures=["99.2900", "88.5500", "50.5100", "55.6900"])
    found = group(retrying, case, trace=True)
    assert (found.drg, found.trace.retried_with) == ("AC1", "50.5100")
    assert group(retrying, case).drg == "AC1"
    nothing = stay("R51.x00", procedures=["99.2900", "88.5500"])
    assert group(retrying, nothing).drg == group(retrying, nothing, trace=True).drg == "0000"


def test_translation(small):
    case = stay("I21.9", "X00", "J18.900", procedures=["50.51"])
    found = group(small, case, translate=True, trace=True)
    assert found.drg == "AC1"
    told = {one.code: one.to for one in found.trace.translations}
    assert told == {"I21.9": "I21.001", "X00": "", "50.51": "50.5100"}
    assert outcome(group(small, case, translate=True)) == outcome(found)
    assert group(small, stay("I21.9", "I50.900"), translate=True).drg == "FR15"  # I21.100, the map's second link: FR11


def test_a_code_that_the_maps_do_not_hold_stops_the_stay_before_its_check(small):
    lost = stay("I21.9", "Q00", sex=Sex.UNKNOWN)
    found = group(small, lost, translate=True)
    assert outcome(found) == ("诊断不能转换为分组器支持的编码", "0000", "00", "0000")
    assert "Q00" in found.complaints[0]
    assert group(small, stay("X00"), translate=True).status is GroupingStatus.DIAGNOSIS_UNTRANSLATABLE
    operation = group(small, stay("I21.9", procedures=["36.0700", "11"]), translate=True, trace=True)
    assert operation.status is GroupingStatus.PROCEDURE_UNTRANSLATABLE
    assert operation.trace.hints == operation.complaints


def test_a_scheme_without_maps_does_not_translate(make_scheme):
    bare = make_scheme(without=("dx_map.csv", "proc_map.csv"))
    assert group(bare, stay("I63.900")).drg == "BR15"
    with pytest.raises(ValueError, match="no code maps"):
        group(bare, stay("I63.900"), translate=True)


def test_the_trace_tells_each_step(small):
    trace = group(small, stay("I61.900", "G93.500", "J18.900", "I10.x00", "R51.x00"), trace=True).trace
    assert [one.mdc for one in trace.mdcs] == ["MDCA", "MDCP", "MDCZ", "MDCM", "MDCN", "MDCB"]
    assert [one.held for one in trace.mdcs] == [False] * 5 + [True]
    assert "没有手术操作" in trace.mdcs[0].sentence
    assert (trace.rule.code, trace.rule.name, trace.rule.condition) == ("BR1", "脑病", "pdx in B.stroke")
    assert [(one.drg, one.held) for one in trace.splits] == [("BR1X", False), ("BR11", True)]
    assert [(one.level, one.table, one.counts) for one in trace.complications] == [
        ("mcc", "20", True),
        ("cc", "101", True),
        ("cc", "99", True),
        ("", "", False),
    ]
    assert list(trace.sentences())[-1] == "分组结果：MDCB，ADRG BR1脑病，DRG BR11BR11组。"


def test_an_excluded_complication_is_told_with_its_table(small):
    trace = group(small, stay("I21.001", "I50.900"), trace=True).trace
    assert trace.principal_table == "95"
    [told] = trace.complications
    assert (told.level, told.table, told.counts) == ("mcc", "95", False)
    assert "被排除" in told.sentence
    assert [one.held for one in trace.splits] == [False, False, True]


def test_a_rule_that_holds_without_a_group_is_passed_over(small):
    trace = group(small, stay("G40.900", department="ICU"), trace=True).trace
    assert [one.code for one in trace.passed_over] == ["BR2"]
    assert trace.rule is None


def test_a_residual_code_is_told_with_its_siblings(small):
    trace = group(small, stay("I21.000", "I50.900"), trace=True).trace
    assert [(one.code, one.drg) for one in trace.residual.siblings] == [("I21.001", "FR15"), ("I21.100", "FR11")]
    assert "灰码" in trace.residual.sentence
    assert [one.code for one in trace.other_principals] == ["I50.900"]
    assert group(small, stay("R51.x00"), trace=True).trace.residual is None


@pytest.mark.parametrize(
    ("case", "hint"),
    [
        (stay("N40.x00", sex=Sex.FEMALE), "主诊断N40.x00属于MDCM，但患者性别为女，要求性别为男"),
        (stay("P07.100", age_years=3), "年龄为3岁，不满足年龄＝0岁"),
        (stay("Z99.900"), "一般不宜作主诊断"),
        (stay("Q99.900"), "不在本方案的诊断目录中"),
        (stay("I21.9"), "可转换为I21.001"),
        (stay("R51.x00", procedures=["99.2900", "50.5100"]), "若以50.5100操作50.5100为主要手术操作，可入AC1"),
        (stay("R51.x00", "I63.900"), "若以I63.900诊断I63.900为主诊断，可入BR15"),
        (stay("G40.900", procedures=["36.0700", "01.2400"]), "若以01.2400操作01.2400为主要手术操作，可入BB15"),
        (stay("G40.900", procedures=["36.0700"]), "与主诊断G40.900无关"),
    ],
)
def test_what_would_mend_it_is_told(small, case, hint):
    assert any(hint in one for one in group(small, case, trace=True).trace.hints)


def test_a_case_of_two_hundred_diagnoses(small):
    case = stay("I61.900", *[f"Q{number:03}" for number in range(198)], "J96.000")
    assert group(small, case).drg == "BR11"
    assert len(group(small, case, trace=True).trace.complications) == 199


def test_what_the_scheme_tells_of_codes(small):
    assert small.complication("J96.000") == ("mcc", "109")
    assert small.complication("E11.900") == ("cc", "30")
    assert small.complication("R51.x00") == ("", "")
    assert (small.excluded_table("I63.900"), small.excluded_table("R51.x00")) == ("20", "")
    assert small.is_valid_procedure("36.0700")
    assert not small.is_valid_procedure("99.2900")
    assert small.weights == {}
    assert small.payments == ()


def test_weights_and_payment_come_with_the_scheme(make_scheme):
    scheme = make_scheme(
        extra={"weights.csv": "drg,weight_tertiary,weight_secondary\nBR15,0.6866,\n"},
    )
    weight = scheme.weight_of("BR15")
    assert weight is not None
    assert set(weight.weights.values()) == {Decimal("0.6866")}
    assert len(weight.weights) == 1


def test_a_complication_without_a_table_counts_and_a_principal_without_one_excludes_nothing(make_scheme):
    files = small_scheme()
    scheme = make_scheme(
        extra={"mcc.csv": files["mcc.csv"].replace(",109", ","), "cce.csv": files["cce.csv"].replace(",77", ",")}
    )
    assert group(scheme, stay("N40.x00", "J96.000")).drg == "MR11"
    assert scheme.complication("J96.000") == ("mcc", "")
    assert scheme.excluded_table("N40.x00") == ""
