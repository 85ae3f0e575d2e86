"""DIP grouping: exclusions, layers, choice, auxiliary catalogue, explanations; city variants by parameters only."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from app.grouper.dip import group_dip
from app.grouper.dip_result import DipFacts, DipStatus
from app.knowledge.dip_records import Kind, Layer, Status
from tests.grouper.dip_build import APPENDIX, META, STENT, catalogue, stay


def code_of(groups, given=None, case=None, **tables):
    return group_dip(catalogue(groups, given, **tables), case).code


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ((), "CONS"),
        (("47.0901",), "OPEN"),
        (("47.0100",), "SCOPE"),
        (("47.0100", "47.0901"), "SCOPE"),  # the main operation decides
        (("47.0901", "47.0100"), "OPEN"),
        (("47.0100x001",), ""),  # another code: the catalogue writes 47.0100 in full
        (("89.5200",), "CONS"),  # an examination, listed as conservative
        (("89.5200", "47.0901"), "OPEN"),
        (("99.9999",), ""),  # nobody says that it is conservative
    ],
)
def test_one_diagnosis_groups_by_its_operation(operations, code):
    made = catalogue(APPENDIX, operations={"89.5*": "conservative", "47.0901": "surgery", "47.0100": "surgery"})
    assert group_dip(made, stay("K35.900", operations)).code == code


def test_the_answer_says_what_matched_and_what_is_left_over():
    made = catalogue(STENT)
    answer = group_dip(made, stay("I21.000x001", ["36.0700", "00.2400x001", "88.5600"], ["I10.x00"]))
    assert (answer.code, answer.layer, answer.status) == ("DES-IVUS", Layer.BASIC, DipStatus.GROUPED)
    assert answer.matched.diagnosis == "I21.0"
    assert answer.matched.operations == ("36.0700", "00.2400x001")
    assert answer.matched.left_over == ("88.5600",)


def test_full_codes_may_mean_their_extensions_where_the_city_says_so():
    given = {"operation": {"extensions": True}}
    assert code_of(APPENDIX, given, stay("K35.900", ["47.0100x001"])) == "SCOPE"
    assert code_of(APPENDIX, given, stay("K35.900", ["47.0101"])) == ""


def test_a_dagger_code_groups_by_its_first_part():
    assert code_of([{"code": "G", "dx": "E11.3"}], None, stay("E11.300x011+H36.0*")) == "G"


def test_a_diagnosis_that_may_not_be_principal_is_returned_with_the_row():
    made = catalogue(APPENDIX, barred=["B95", "K35.900"])
    answer = group_dip(made, stay("B95.000"), explain=True)
    assert answer.status is DipStatus.RETURNED
    assert answer.notes[0].startswith("诊断B95.000不能作为主要诊断（dx_exclusion.csv 第2行）")
    assert "返回病案" in answer.notes[0]
    assert group_dip(made, stay("K35.900")).status is DipStatus.RETURNED
    assert group_dip(made, stay("K35.900x001")).code == "CONS"  # a full code bars itself only


def test_without_a_principal_diagnosis_nothing_is_grouped_and_it_says_so():
    answer = group_dip(catalogue(APPENDIX), stay())
    assert answer.status is DipStatus.RETURNED
    assert "没有主要诊断" in answer.notes[0]


@pytest.mark.parametrize(
    ("rule", "where", "principal", "code"),
    [
        ("conservative", "", "K35.900", "CONS"),
        ("not_main", "", "K35.900", ""),
        ("main_only_in", "K36", "K35.900", ""),
        ("main_only_in", "K35|K36", "K35.900", "OPEN"),
    ],
)
def test_operation_rules(rule, where, principal, code):
    assert code_of(APPENDIX, None, stay(principal, ["47.0901"]), op_rules=[("47.0901", rule, where)]) == code


def test_an_operation_that_may_not_be_main_still_is_related():
    answer = group_dip(
        catalogue(STENT, op_rules=[("00.2400", "not_main", "")]),
        stay("I21.000", ["00.2400", "36.0700"]),
        explain=True,
    )
    assert answer.code == "DES-IVUS"
    assert "手术操作00.2400不可作为主要手术操作（op_exclusion.csv 第2行）" in answer.trace


NEWBORN = [
    {"code": "AI1", "layer": "priority", "dx": "P07", "age_days": (None, 28), "weight": (None, 749)},
    {"code": "AI2", "layer": "priority", "dx": "P07", "age_days": (None, 28), "weight": (750, 999)},
    {"code": "P07.2", "dx": "P07.2"},
]


@pytest.mark.parametrize(
    ("days", "grams", "code"),
    [(0, 749, "AI1"), (28, 749, "AI1"), (29, 749, "P07.2"), (28, 750, "AI2"), (3, 999, "AI2"), (3, 1000, "P07.2")],
)
def test_newborns_by_age_and_weight(days, grams, code):
    assert code_of(NEWBORN, None, stay("P07.200", age_days=days, weight_grams=grams)) == code


def test_a_newborn_without_weight_is_explained():
    answer = group_dip(catalogue(NEWBORN), stay("P07.200", age_days=3))
    assert (answer.code, answer.missing) == ("P07.2", ("weight",))
    assert "缺少体重（克），未能判断AI1、AI2" in answer.notes
    older = group_dip(catalogue(NEWBORN), stay("P07.200", age_years=2))
    assert older.missing == ()  # too old for either, whatever the weight


def test_layers_come_in_order_and_the_explanation_names_the_later_ones():
    groups = [
        {"code": "C", "layer": "comprehensive", "dx": "K35", "kind": "surgery"},
        {"code": "B", "dx": "K35.3", "main_op": "47.0901"},
        {"code": "M", "layer": "merge", "dx": "K35", "main_op": "47.0901|47.0100"},
        {"code": "P", "layer": "priority", "dx": "*", "main_op": "33.6x00"},
    ]
    made = catalogue(groups, operations={"47.0901": "surgery", "33.6x00": "surgery"})
    answer = group_dip(made, stay("K35.300", ["47.0901", "33.6x00"]), explain=True)
    assert answer.code == "P"
    assert [(one.code, one.lost_by) for one in answer.runner_ups] == [("M", "layer"), ("B", "layer"), ("C", "layer")]
    assert answer.runner_ups[1].reason == "基本层在先期分组层之后匹配"
    answer = group_dip(made, stay("K35.300", ["47.0901"]), explain=True)
    assert answer.code == "M"
    assert answer.trace[:3] == ("主要诊断K35.300", "参与分组的手术操作：47.0901", "先期分组层：没有可入的病种")


CHEMO = [
    {"code": "SOLID", "layer": "dxaux", "dx": "Z51.1", "main_op": "99.25", "other_dx": "C00-C75"},
    {"code": "LEUK", "layer": "dxaux", "dx": "Z51.1", "main_op": "99.25", "other_dx": "C91-C95"},
    {
        "code": "SOLID-I", "layer": "dxaux", "dx": "Z51.1", "main_op": "99.25", "related_op": "99.2800x005",
        "other_dx": "C00-C75",
    },
]  # fmt: skip


@pytest.mark.parametrize(
    ("others", "operations", "code"),
    [
        (["C34.101"], ["99.2503"], "SOLID"),
        (["E11.900", "C91.000"], ["99.2503"], "LEUK"),
        (["C34.101"], ["99.2503", "99.2800x005"], "SOLID-I"),
        (["C34.101"], ["99.2503", "99.2800x006"], "SOLID"),
        (["I10.x00"], ["99.2503"], ""),
    ],
)
def test_secondary_diagnoses_divide_chemotherapy(others, operations, code):
    assert code_of(CHEMO, None, stay("Z51.100x001", operations, others)) == code


@pytest.mark.parametrize(
    ("operations", "by", "kind"),
    [
        ((), "principal", "conservative"),
        (("89.5200",), "principal", "conservative"),
        (("88.5600", "68.4901"), "principal", "diagnostic"),
        (("88.5600", "68.4901"), "highest", "surgery"),
        (("89.5200", "68.4901"), "principal", "surgery"),
    ],
)
def test_comprehensive_groups_by_category_and_kind(operations, by, kind):
    kinds = ["surgery", "treatment", "diagnostic", "conservative"]
    groups = [{"code": one, "layer": "comprehensive", "dx": "C54", "kind": one} for one in kinds]
    table = {"68.4": "surgery", "88.56*": "diagnostic", "89.5200": "conservative"}
    table = {code + "*" * (len(code) < 7 and not code.endswith("*")): told for code, told in table.items()}
    made = catalogue(groups, {"comprehensive": {"by": by}}, operations=table)
    answer = group_dip(made, stay("C54.100", operations))
    assert (answer.code, answer.kind) == (kind, Kind(kind))


def test_an_operation_of_unknown_kind_is_named_where_nothing_takes_the_stay():
    made = catalogue([{"code": "C", "layer": "comprehensive", "dx": "C54", "kind": "surgery"}])
    answer = group_dip(made, stay("C54.100", ["68.4901"]))
    assert answer.status is DipStatus.UNGROUPED
    assert "68.4901不在操作属性表中" in answer.notes[0]


def test_tcm_and_bed_day_groups_ask_for_what_their_condition_says():
    groups = [
        {"code": "TCM", "layer": "tcm", "dx": "S82", "condition": "tcm_share>=0.6 & days>=10"},
        {"code": "BED", "layer": "bedday", "dx": "F20", "condition": "days>=60"},
        {"code": "S82", "dx": "S82.1"},
        {"code": "F20", "dx": "F20.0"},
    ]
    made = catalogue(groups)
    facts = DipFacts(tcm_share=Decimal("0.6"))
    assert group_dip(made, stay("S82.100", stay_days=10), facts).code == "TCM"
    assert group_dip(made, stay("S82.100", stay_days=9), facts).code == "S82"
    unknown = group_dip(made, stay("S82.100", stay_days=10))
    assert (unknown.code, unknown.missing) == ("S82", ("tcm_share",))
    assert group_dip(made, stay("F20.000", stay_days=60)).code == "BED"
    assert group_dip(made, stay("F20.000", stay_days=59)).code == "F20"


def test_the_default_never_looks_at_the_bill():
    cheap, dear = (stay("K35.900", ["47.0100", "47.0901"], cost=cost) for cost in ("4000", "90000"))
    made = catalogue(APPENDIX)
    assert group_dip(made, cheap).code == group_dip(made, dear).code
    assert not group_dip(made, dear).notes


@pytest.mark.parametrize(("status", "told"), [(Status.TRIAL, "仅供参考"), (Status.NOT_FOR_SETTLEMENT, "不得用于结算")])
def test_a_catalogue_that_is_not_in_force_says_so_every_time(status, told):
    made = catalogue(APPENDIX, meta=msgspec.structs.replace(META, status=status))
    for case in (stay("K35.900"), stay("A00.000"), stay()):
        assert told in group_dip(made, case).notes[-1]


def test_small_letters_and_capital_placeholders_are_read_alike():
    made = catalogue([{"code": "T", "layer": "priority", "dx": "*", "main_op": "33.6X00"}])
    assert group_dip(made, stay("J84.101", ["33.6X00"])).code == "T"


def test_two_hundred_diagnoses_and_operations_are_no_trouble():
    others = [f"C{number:02d}.900" for number in range(99)] * 2
    case = stay("Z51.100", ["99.2503", *(f"{number:02d}.1100" for number in range(99))], others)
    assert group_dip(catalogue(CHEMO, {"choice": ["matched_operations"]}), case, explain=True).code in ("SOLID", "LEUK")


def test_the_day_of_the_catalogue_is_known():
    assert META.period.covers(date(2026, 6, 1))
