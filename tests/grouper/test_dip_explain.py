"""DIP groups with their auxiliary coefficients (辅助目录), and the sentences that explain a group."""

from decimal import Decimal

import pytest

from app.domain.encounter import Sex
from app.grouper.dip import group_dip
from app.grouper.dip_result import DipFacts
from tests.grouper.dip_build import APPENDIX, STENT, catalogue, stay

AUX = [
    ("age", "CONS", "age>=65", "1.12"),
    ("icu", "*", "icu_days=2..7", "1.30"),
    ("icu", "*", "icu_days=8..14", "1.8"),
    ("death", "*", "death", "1.5"),
    ("severity", "CONS", "other_dx:@organ_failure & days>3", "1.4"),
    ("cci", "CONS", "cci=3..6", "1.25"),
    ("metastasis", "*", "other_category:C00-C97", "1.2"),
    ("sex", "OPEN", "sex=male", "1.01"),
]
CCI = [("心力衰竭", "I50", 1), ("糖尿病", "E10-E14", 1), ("转移瘤", "C77-C80", 6), ("转移瘤", "C78", 6)]


@pytest.mark.parametrize(
    ("fields", "others", "fired"),
    [
        ({"age_years": 64}, (), []),
        ({"age_years": 65}, (), ["1.12"]),
        ({"age_years": 70, "icu_hours": 50.0}, (), ["1.30", "1.12"]),
        ({"icu_hours": 47.9}, (), []),
        ({"icu_hours": 24 * 8}, (), ["1.8"]),
        ({"discharge_disposition": "5"}, (), ["1.5"]),
        ({"stay_days": 4}, ("R57.900",), ["1.4"]),
        ({"stay_days": 3}, ("R57.900",), []),
        ({}, ("I50.900", "E11.900"), []),
        ({}, ("C77.000", "C78.000"), ["1.25", "1.2"]),
    ],
)
def test_only_the_highest_coefficient_counts_and_the_others_are_told(fields, others, fired):
    made = catalogue(APPENDIX, aux=AUX, cci=CCI)
    answer = group_dip(made, stay("K35.900", others=others, **fields))
    told = [] if answer.auxiliary is None else [answer.auxiliary, *answer.other_auxiliaries]
    assert [str(one.coefficient) for one in told] == fired


def test_a_coefficient_that_cannot_be_judged_is_missing_not_absent():
    answer = group_dip(catalogue(APPENDIX, aux=AUX), stay("K35.900", ["47.0901"], sex=Sex.UNKNOWN))
    assert answer.auxiliary is None
    assert set(answer.missing) == {"icu_days", "disposition", "sex"}
    assert any("性别" in note and "辅助目录第9行" in note for note in answer.notes)


def test_cost_ratios_are_taken_of_the_standard_where_a_point_value_is_known():
    aux = [("cost", "*", "cost_ratio>=3", "1.6")]
    made = catalogue(APPENDIX, aux=aux)
    case = stay("K35.900", ["47.0901"], cost="27519")
    assert group_dip(made, case).auxiliary is not None  # 3 x 9,173
    assert group_dip(made, case, DipFacts(point_value=Decimal(10))).auxiliary is None  # 2.75 x 10,000


def test_tcm_bed_day_and_fallback_groups_have_no_auxiliary_coefficient():
    for layer in ("tcm", "bedday", "fallback"):
        made = catalogue([{"code": "G", "layer": layer, "dx": "S82"}], aux=[("age", "*", "age>=65", "1.2")])
        assert group_dip(made, stay("S82.100", age_years=80)).auxiliary is None


def test_a_tie_is_broken_by_code_and_said():
    groups = [{"code": "B", "dx": "D18.0", "main_op": "39.7903"}, {"code": "A", "dx": "D18.0", "main_op": "39.79"}]
    given = {"choice": ["related"]}
    answer = group_dip(catalogue(groups, given), stay("D18.000", ["39.7903"]), explain=True)
    assert (answer.code, answer.undecided) == ("A", ("B",))
    assert "请向医保部门确认本地规则" in answer.notes[0]
    assert answer.runner_ups[0].lost_by == "code"


def test_reasons_are_chinese_sentences_with_both_values():
    groups = [
        {"code": "LOW", "dx": "K35", "main_op": "47.0901", "score": "90", "mean_cost": "900"},
        {"code": "HIGH", "dx": "K35", "main_op": "47.0901", "score": "120", "mean_cost": "5000"},
    ]
    case = stay("K35.900", ["47.0901"], cost="1000")
    answer = group_dip(catalogue(groups, {"choice": ["higher_score"]}), case, explain=True)
    assert answer.runner_ups[0].reason == "分值90，低于入组病种的120"
    answer = group_dip(catalogue(groups, {"choice": ["nearest_mean_cost"]}), case, explain=True)
    assert answer.code == "LOW"
    assert answer.runner_ups[0].reason == "次均费用5000元，不如入组病种的900元接近本例费用1000元"
    assert any("病种随费用变化" in note for note in answer.notes)


def test_near_misses_tell_what_one_thing_is_missing():
    made = catalogue(STENT)
    answer = group_dip(made, stay("I21.000", ["36.0700"]), explain=True)
    assert [(one.code, one.reason) for one in answer.near_misses] == [
        ("DES-IVUS", "缺少相关手术操作00.2400|00.2400x001")
    ]


def test_a_group_that_lacks_two_things_is_no_near_miss():
    groups = [*STENT, {"code": "BOTH", "dx": "I21.0", "main_op": "37.6600", "related_op": "39.6500"}]
    answer = group_dip(catalogue(groups), stay("I21.000", ["36.0700"]), explain=True)
    assert [one.code for one in answer.near_misses] == ["DES-IVUS"]


def test_the_principal_diagnosis_is_no_comorbidity_of_its_own():
    aux = [("cci", "*", "cci>=1", "1.1")]
    made = catalogue([{"code": "G", "dx": "I50.9"}], aux=aux, cci=CCI)
    assert group_dip(made, stay("I50.900")).auxiliary is None
    assert group_dip(made, stay("I50.900", others=["E11.900"])).auxiliary is not None


@pytest.mark.parametrize(("other", "fires"), [("C34.900", False), ("C78.000", True), ("J18.900", False)])
def test_a_tumour_of_the_same_category_is_no_metastasis(other, fires):
    made = catalogue([{"code": "G", "dx": "C34.1"}], aux=[("metastasis", "*", "other_category:C00-C97", "1.2")])
    assert (group_dip(made, stay("C34.100", others=[other])).auxiliary is not None) == fires
