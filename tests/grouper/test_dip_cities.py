"""City variants of DIP, each by parameters only: what public code of a working grouper does for nine cities' rules.

Source: Node-DIP (github.com/pengzhen-developer/Node-DIP, commit 87363b9), read for facts; dip.md §3 and §5.
"""

from decimal import Decimal

import pytest

from app.grouper.dip import group_dip
from app.grouper.dip_payment import Deviation
from app.grouper.dip_price import Hospital, price_dip
from tests.grouper.dip_build import catalogue, stay

NODE_CHOICE = ["and_terms", "matched_operations", "nearest_mean_cost", "type_order"]
XIAOGAN_ORDER = [
    *(f"core:{kind}" for kind in ("surgery", "treatment", "diagnostic", "conservative")),
    "grassroots:*",
    *(f"comprehensive:{kind}" for kind in ("surgery", "treatment", "diagnostic", "conservative")),
]
SHANDONG_PRICING = {
    "basis": "group_score",
    "low": {"at": "0.5", "inclusive": True},
    "high": {"at": "2", "inclusive": True, "add": "coefficient", "score": "group"},
    "fallback_factor": "0.7",
}
TAIAN_HIGH = SHANDONG_PRICING["high"] | {"inclusive": False}
TAIAN_BLANK = str(Decimal("0.4368") * Decimal("0.9"))
CITIES = {
    "general": {"operation": {"or_signs": ["/"]}, "choice": NODE_CHOICE, "comprehensive": {"by": "highest"}},
    "xiaogan": {
        "operation": {"or_signs": ["/"]},
        "layers": ["basic+comprehensive"],
        "choice": ["and_terms", "matched_operations", "type_order"],
        "type_order": XIAOGAN_ORDER,
    },
    "jingmen": {"operation": {"or_signs": ["/"]}, "choice": ["full_code", "higher_score_if_surgery", *NODE_CHOICE]},
    "xiangyang": {"operation": {"or_signs": ["/"]}, "choice": ["full_code", *NODE_CHOICE]},
    "jingzhou": {"operation": {"or_signs": ["/"]}, "choice": ["exact_operations", "higher_score", "type_order"]},
    "yichang": {
        "operation": {"or_signs": ["/"]},
        "choice": NODE_CHOICE,
        "conservative": {"by": "incision_level", "incisions": ["0"], "below_level": 3, "unlisted": "conservative"},
    },
    "jining": {
        "operation": {"and_signs": [","]},
        "choice": ["main_operation", *NODE_CHOICE, "catalogue_order"],
        "pricing": SHANDONG_PRICING | {"high": SHANDONG_PRICING["high"] | {"cap_at": "5", "cap": "standard"}},
    },
    "taian": {
        "operation": {"and_signs": [","]},
        "choice": ["main_operation", *NODE_CHOICE],
        "pricing": SHANDONG_PRICING | {"high": TAIAN_HIGH, "fallback_factor": TAIAN_BLANK},
    },
}
OPS = {"47.0100": "surgery", "47.0901": "surgery", "54.1100": "surgery", "99.2500": "treatment"}


def group(city, groups, case, **tables):
    return group_dip(catalogue(groups, CITIES[city], operations=tables.pop("operations", OPS), **tables), case)


def test_general_most_and_terms_then_most_operations_then_nearest_cost():
    groups = [
        {"code": "ONE", "dx": "K35.3", "main_op": "47.0100/47.0901", "mean_cost": "8000"},
        {"code": "TWO", "dx": "K35.3", "main_op": "47.0100+54.1100", "mean_cost": "9000"},
        {"code": "SAME", "dx": "K35.3", "main_op": "47.0100", "mean_cost": "12000"},
    ]
    assert group("general", groups, stay("K35.300", ["47.0901", "47.0100"], cost="9000")).code == "ONE"
    assert group("general", groups, stay("K35.300", ["54.1100", "47.0100"], cost="9000")).code == "TWO"
    near = group("general", groups, stay("K35.300", ["47.0100"], cost="11500"))
    assert near.code == "SAME"
    assert any("病种随费用变化" in note for note in near.notes)


def test_general_conservative_only_when_all_operations_are():
    groups = [{"code": "CONS", "dx": "K35.3"}, {"code": "S", "layer": "comprehensive", "dx": "K35", "kind": "surgery"}]
    table = {**OPS, "89.5200": "conservative"}
    assert group("general", groups, stay("K35.300", ["89.5200"]), operations=table).code == "CONS"
    assert group("general", groups, stay("K35.300", ["89.5200", "54.1100"]), operations=table).code == "S"


def test_xiaogan_core_then_grassroots_then_comprehensive_then_the_blank_group():
    groups = [
        {"code": "S", "layer": "comprehensive", "dx": "K35", "kind": "surgery"},
        {"code": "BASIC", "dx": "K35.3", "main_op": "47.0901", "grassroots": True},
        {"code": "CORE", "dx": "K35.3", "main_op": "47.0901/47.0100"},
        {"code": "KBBZ", "layer": "fallback", "dx": "*"},
    ]
    case = stay("K35.300", ["47.0901"])
    assert group("xiaogan", groups, case).code == "CORE"
    assert group("xiaogan", groups[:2], case).code == "BASIC"
    assert group("xiaogan", groups[:1], case).code == "S"
    blank = group("xiaogan", groups, stay("A00.000"))
    assert (blank.code, blank.layer, blank.notes[0][-4:]) == ("KBBZ", "fallback", "保底病种")


@pytest.mark.parametrize("city", ["jingmen", "xiangyang"])
def test_a_full_code_goes_before_a_shorter_one(city):
    groups = [
        {"code": "FULL", "dx": "K35.3", "main_op": "47.0100", "score": "100"},
        {"code": "SHORT", "dx": "K35.3", "main_op": "47.01", "score": "900"},
    ]
    assert group(city, groups, stay("K35.300", ["47.0100"])).code == "FULL"
    assert group(city, groups, stay("K35.300", ["47.0101"])).code == "SHORT"


def test_jingmen_takes_the_highest_score_for_surgery_and_only_there():
    groups = [
        {"code": "LOW", "dx": "K35.3", "main_op": "47.0100", "score": "100", "mean_cost": "1000"},
        {"code": "HIGH", "dx": "K35.3", "main_op": "47.0901", "score": "900", "mean_cost": "9000"},
    ]
    case = stay("K35.300", ["47.0100", "47.0901"], cost="1000")
    assert group("jingmen", groups, case).code == "HIGH"
    assert group("xiangyang", groups, case).code == "LOW"
    treated = {"47.0100": "treatment", "47.0901": "treatment"}
    assert group("jingmen", groups, case, operations=treated).code == "LOW"


def test_xiangyang_falls_back_by_the_letter_of_the_diagnosis():
    groups = [{"code": "K", "layer": "fallback", "dx": "K"}, {"code": "L", "layer": "fallback", "dx": "L"}]
    assert group("xiangyang", groups, stay("K35.300", ["47.0100"])).code == "K"
    assert group("xiangyang", groups, stay("M35.300", ["47.0100"])).code == ""


def test_jingzhou_exact_set_of_operations_first_then_the_higher_score():
    groups = [
        {"code": "EXACT", "dx": "K35.3", "main_op": "47.0100", "score": "100"},
        {"code": "HIGH", "dx": "K35.3", "main_op": "47.0100+54.1100", "score": "300"},
        {"code": "MORE", "dx": "K35.3", "main_op": "54.1100", "score": "900"},
    ]
    assert group("jingzhou", groups, stay("K35.300", ["47.0100"])).code == "EXACT"
    assert group("jingzhou", groups, stay("K35.300", ["47.0100", "54.1100"])).code == "HIGH"
    assert group("jingzhou", groups, stay("K35.300", ["47.0100", "54.1100", "99.2500"])).code == "MORE"


@pytest.mark.parametrize(
    ("operation", "code"),
    [("93.9400", "CONS"), ("86.0401", ""), ("86.2200", ""), ("11.1100", "CONS")],
)
def test_yichang_conservative_by_incision_and_level(operation, code):
    table = {
        "93.9400": ("treatment", 2, "0"),
        "86.0401": ("treatment", 3, "0"),  # level 3
        "86.2200": ("surgery", 2, "1"),  # with an incision
    }
    assert (
        group("yichang", [{"code": "CONS", "dx": "K35.3"}], stay("K35.300", [operation]), operations=table).code == code
    )


def test_yichang_drug_resistant_tuberculosis_by_the_auxiliary_catalogue():
    aux = [("耐药结核", "A15.0", "principal_dx:A15.000x010|A15.000x012", "1.6")]
    groups = [{"code": "A15.0", "dx": "A15.0"}]
    resistant = group("yichang", groups, stay("A15.000x012"), aux=aux)
    assert resistant.auxiliary.coefficient == Decimal("1.6")
    assert group("yichang", groups, stay("A15.000x018"), aux=aux).auxiliary is None


def test_jining_all_operations_of_a_list_and_the_main_operation_first():
    groups = [
        {"code": "BOTH", "dx": "K35.3", "main_op": "54.1100,47.0100"},
        {"code": "MAIN", "dx": "K35.3", "main_op": "47.0100"},
    ]
    assert group("jining", groups, stay("K35.300", ["47.0100", "54.1100"])).code == "MAIN"
    assert group("jining", groups, stay("K35.300", ["54.1100", "47.0100"])).code == "BOTH"
    assert group("jining", groups, stay("K35.300", ["54.1100"])).code == ""


SEVERITY = [
    {"code": "J18.9-4", "dx": "J18.9", "condition": "death & days>3"},
    {"code": "J18.9-3", "dx": "J18.9", "condition": "other_dx:@organ_failure & days>3"},
    {"code": "J18.9-2", "dx": "J18.9", "condition": "other_dx:I50 & days>3"},
    {"code": "J18.9-1", "dx": "J18.9"},
]


@pytest.mark.parametrize(
    ("days", "others", "disposition", "code"),
    [
        (4, (), "5", "J18.9-4"),
        (3, (), "5", "J18.9-1"),
        (4, ("A41.900", "I50.900"), "1", "J18.9-3"),
        (4, ("I50.900",), "1", "J18.9-2"),
        (3, ("A41.900",), "1", "J18.9-1"),
        (9, (), "1", "J18.9-1"),
    ],
)
def test_jining_severity_codes_ask_for_more_than_three_days(days, others, disposition, code):
    fields = {"stay_days": days, "discharge_disposition": disposition}
    assert group("jining", SEVERITY, stay("J18.900", others=others, **fields)).code == code


ONE = [
    {"code": "G", "dx": "K35.3", "score": "1000"},
    {"code": "KBBZ", "layer": "fallback", "dx": "*", "score": "500", "mean_cost": "10000"},
]


def pay(city, cost, coefficients, dx="K35.300", insurance_type=""):
    made = catalogue(ONE, CITIES[city], coefficients=coefficients)
    who = Hospital(id="H1", insurance_type=insurance_type)
    return price_dip(group_dip(made, stay(dx)), made, Decimal(cost), Decimal(10), hospital=who)


JINING_HOSPITAL = [("H1", "", "*", "", "0.8")]


@pytest.mark.parametrize(
    ("cost", "deviation", "score"),
    [
        ("5000", Deviation.ULTRA_LOW, "500"),  # exactly half of 10,000 is low already; no coefficient
        ("5001", Deviation.NORMAL, "800"),
        ("19999", Deviation.NORMAL, "800"),
        ("20000", Deviation.ULTRA_HIGH, "800"),  # 1,000 x (2 - 2 + 0.8)
        ("30000", Deviation.ULTRA_HIGH, "1800"),
        ("50000", Deviation.ULTRA_HIGH, "3800"),
        ("50001", Deviation.CAPPED, "800"),
    ],
)
def test_jining_scores_of_deviating_cases(cost, deviation, score):
    paid = pay("jining", cost, JINING_HOSPITAL)
    assert (paid.deviation, paid.settled_score) == (deviation, Decimal(score))


def test_jining_blank_group_at_seven_tenths():
    paid = pay("jining", "8000", JINING_HOSPITAL, dx="A00.000")
    assert (paid.deviation, paid.settled_score) == (Deviation.FALLBACK, Decimal(280))  # 500 x 0.8 x 0.7
    assert paid.official_amount == Decimal("2800.00")


TAIAN = {"employee": "0.611", "resident": "0.631", "": "1"}
TAIAN_HOSPITALS = [("", "", "*", kind, value) for kind, value in TAIAN.items()]


@pytest.mark.parametrize(
    ("kind", "cost", "score"),
    [
        ("employee", "9000", "611"),
        ("resident", "9000", "631"),
        ("employee", "20000", "611"),
        ("resident", "25000", "1131"),
    ],
)
def test_taian_coefficients_by_insurance_type(kind, cost, score):
    assert pay("taian", cost, TAIAN_HOSPITALS, insurance_type=kind).settled_score == Decimal(score)


def test_taian_blank_group():
    assert pay("taian", "8000", (), dx="A00.000").settled_score == Decimal("157.248")  # 500 x 0.8 x 0.4368 x 0.9
