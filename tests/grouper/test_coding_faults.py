"""Each detector of coding faults: what it finds, and the near miss that it must let pass."""

from datetime import date
from decimal import Decimal

import pytest

from app.domain.encounter import CareType, FacilityLevel, Sex
from app.domain.payment import PaymentFacts
from app.grouper.coding_case import GroupStatistics, HospitalStatistics, Statistics
from app.grouper.coding_cost import overcoding_index
from app.knowledge.coding_records import Confidence, Direction, State
from tests.grouper.coding_build import BED, case, check, found, item, one, past, unknown, with_parameters

OXYGEN = item("001203000010000", "氧气吸入")
LOCAL = item("", "自定义项目", id="local")
SALBUTAMOL = item("XR03ACS001L012010100001", "沙丁胺醇", 3000)
CHEST = item("002101020000000", "胸部X线摄影", 100)
ANTIBIOTIC = item("XJ01DDT001B001010100001", "注射用头孢曲松", 200)
VENTILATOR = [item("003106030010000", "呼吸机辅助呼吸", day=day) for day in (1, 2)]
CHOLECYSTECTOMY = item("003310060020000", "胆囊切除术", 2000)
PCI = item("003205000030000", "经皮冠状动脉内支架置入术", 5000)


def test_a2_a_sole_driver_without_a_trace():
    report = check(case("I63.900", "J96.000"))
    finding = one(report, "A2")
    assert finding.rule == "coding-driver-without-evidence"
    assert finding.codes == ("J96.000",)
    assert finding.point == "EV-001"
    assert finding.confirmation == "须由编码员确认。"
    assert (finding.status, finding.direction, finding.needs_review) == (State.TRIAL, Direction.OVER, True)
    assert (finding.recorded.drg, finding.variants[0].outcome.drg) == ("BR21", "BR25")
    assert finding.recorded.standard - finding.variants[0].outcome.standard == finding.variants[0].standard_difference
    assert finding.variants[0].payment_difference > 0
    assert "未见" in finding.evidence_for[1].text
    assert finding.confidence.reasons
    assert not finding.is_data_quality


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", "J96.000", items=[BED, OXYGEN]),
        case("I63.900", "J96.000", items=[BED, item("", "面罩吸氧")]),
        case("I63.900", "J96.000", procedures=["96.7201"]),
        case("I63.900", "J96.000", texts=["予面罩吸氧治疗"]),
        case("I63.900", "J96.000", "I21.001"),  # two carry the group
        case("J80.x01", "J96.000"),  # excluded by the principal diagnosis
    ],
)
def test_a2_lets_pass(made):
    report = check(made)
    assert "A2" not in found(report)
    assert not unknown(report, "coding-driver-without-evidence")


def test_a2_two_codes_of_one_disease_do_not_vouch_for_each_other():
    assert one(check(case("I63.900", "J96.000", "J96.100")), "A2").codes == ("J96.000", "J96.100")


@pytest.mark.parametrize(("items", "missing"), [(None, "lines"), ((), "lines"), ([BED, LOCAL], "line.item_code")])
def test_a2_cannot_tell_without_the_fee_list(items, missing):
    report = check(case("I63.900", "J96.000", items=items))
    assert "A2" not in found(report)
    assert unknown(report, "coding-driver-without-evidence") == {missing}
    assert "A2" not in report.judged


def test_a2_says_so_where_there_is_no_list_for_a_driver():
    report = check(case("I63.900", "G20.x00"))
    assert unknown(report, "coding-driver-without-evidence") == {"evidence"}


def test_a2_tells_of_the_next_level_where_it_has_no_trace_either():
    finding = one(check(case("I63.900", "J44.100", "J18.900")), "A2")
    assert [variant.outcome.drg for variant in finding.variants] == ["BR23", "BR25"]
    finding = one(check(case("I63.900", "J44.100", "J18.900", items=[BED, CHEST])), "A2")
    assert [variant.outcome.drg for variant in finding.variants] == ["BR23"]


def test_a3_denied_by_the_record():
    made = case("I63.900", "J96.000", items=[BED, OXYGEN], texts=["查体：无呼吸衰竭表现。", "PaO2 95mmHg"])
    finding = one(check(made), "A3")
    assert len(finding.evidence_for) == 3
    assert finding.evidence_against
    assert finding.confidence.grade is Confidence.LOW


@pytest.mark.parametrize(
    "texts",
    [
        ["患者神志清"],
        ["无呼吸衰竭表现。", "次日出现呼吸衰竭"],
        ["无呼吸衰竭表现", "PaO2 55mmHg"],
        ["不能排除呼吸衰竭"],
        ["否认呼吸衰竭病史"],
        ["PaO2 95mmHg，复查PaO2 60mmHg"],
    ],
)
def test_a3_lets_pass(texts):
    assert "A3" not in found(check(case("I63.900", "J96.000", texts=texts)))


def test_a3_cannot_tell_without_texts():
    assert unknown(check(case("I63.900", "J96.000")), "coding-driver-contradicted") == {"texts"}
    assert not unknown(check(case("I63.900")), "coding-driver-contradicted")


@pytest.mark.parametrize(
    ("code", "point"), [("W19.900", "NP-001"), ("Z37.000", "NP-004"), ("B95.300", "NP-002"), ("Z85.101", "NP-005")]
)
def test_a4_codes_of_the_list(code, point):
    finding = one(check(case(code, "I63.900")), "A4")
    assert (finding.point, finding.is_data_quality, finding.variants) == (point, True, ())
    assert "A4" not in found(check(case("I63.900", code)))


def test_a4_of_the_dictionary_needs_the_whole_dictionary():
    made = case("R18.x00")  # in the small dictionary, in no MDC
    assert unknown(check(made), "coding-principal-not-allowed") == {"scheme.dictionary"}
    assert one(check(made, tables=with_parameters("A4", min_dictionary=10)), "A4").codes == ("R18.x00",)


A5_ITEMS = [BED, SALBUTAMOL, CHEST]


def test_a5_another_diagnosis_was_treated_much_more():
    finding = one(check(case("J18.900", "J44.100", items=A5_ITEMS)), "A5")
    assert finding.codes == ("J18.900", "J44.100")
    assert (finding.recorded.drg, finding.variants[0].outcome.drg) == ("ES31", "ET23")
    agrees = one(check(case("J18.900", "J44.100", items=A5_ITEMS, more={"admission_diagnoses": ("J18.901",)})), "A5")
    assert agrees.evidence_against
    assert agrees.confidence.grade is Confidence.LOW
    differs = one(check(case("J18.900", "J44.100", items=A5_ITEMS, more={"admission_diagnoses": ("J44.900",)})), "A5")
    assert "入院诊断与其他诊断一致" in " ".join(differs.confidence.reasons)


@pytest.mark.parametrize(
    "made",
    [
        case("J44.100", "J18.900", items=[BED, item("XJ01DDT001B001010100001", "头孢曲松", 3000)]),  # order pays less
        case("J18.900", "J44.100", items=[*A5_ITEMS, item("XJ01DDT001B001010100001", "头孢曲松", 1600)]),  # not twice
        case("J18.900", "J44.100", items=[BED, item("XR03ACS001L012010100001", "沙丁胺醇", 499)]),  # too little
        case(
            "J18.900",
            "J44.100",
            items=[BED, item(ANTIBIOTIC.item_code, "", 1000), item(SALBUTAMOL.item_code, "", 1999)],
        ),
        case(
            "J18.900",
            "J44.100",
            items=[BED, item("001204000060000", "头孢雾化", 3000), item(SALBUTAMOL.item_code, "", 3500)],
        ),
        case("J18.900", "J44.100", "I63.900", items=A5_ITEMS),  # a third order would pay more still
        case("J18.900", "I10.x02", items=A5_ITEMS),  # nothing is known of how the other is treated
    ],
)
def test_a5_lets_pass(made):
    report = check(made)
    assert "A5" not in found(report)
    assert not unknown(report, "coding-principal-not-most-treated")


@pytest.mark.parametrize(
    ("items", "missing"),
    [
        (None, "lines"),
        ([*A5_ITEMS, LOCAL], "line.item_code"),
        ([BED, item(SALBUTAMOL.item_code, "", None)], "line.amount"),
    ],
)
def test_a5_cannot_tell(items, missing):
    report = check(case("J18.900", "J44.100", items=items))
    assert unknown(report, "coding-principal-not-most-treated") == {missing}


def test_a5_twice_as_much_is_enough():
    items = [BED, item(ANTIBIOTIC.item_code, "", 1000), item(SALBUTAMOL.item_code, "", 2000)]
    assert "A5" in found(check(case("J18.900", "J44.100", items=items)))
    third = check(case("I63.900", "J18.900", "J44.100"))
    assert third.recorded.standard > check(case("J18.900", "J44.100")).recorded.standard


def test_a6_a_known_pair_to_swap():
    finding = one(check(case("J18.900", "J44.100")), "A6")
    assert (finding.point, finding.codes) == ("PR-002", ("J18.900", "J44.100"))
    assert "A6" not in found(check(case("J18.900", "J44.100", items=[BED, CHEST])))
    assert "A6" not in found(check(case("J44.100", "J18.900")))  # in this scheme the recorded order pays less
    assert unknown(check(case("J18.900", "J44.100", items=[BED, LOCAL])), "coding-known-pair") == {"line.item_code"}


def test_a6_a_plain_code_in_place_of_a_dear_one():
    assert "A6" not in found(check(case("I63.900")))  # the small scheme has no group for the plain code
    dear = one(check(case("I21.001")), "A6")
    assert (dear.point, dear.variants[0].change) == ("PR-004", "主要诊断改为心绞痛（I20.900）")
    assert dear.needs_review
    assert "A6" not in found(check(case("I21.001", items=[BED, item("002503060100000", "血清肌钙蛋白I测定")])))


def test_a7_an_operation_that_nobody_charged():
    finding = one(check(case("I21.001", procedures=["36.0700", "88.5500"])), "A7")
    assert finding.codes == ("36.0700",)
    assert {variant.outcome.drg for variant in finding.variants} == {"FM39"}
    shown = [BED, item("003205000010000", "冠状动脉造影术")]
    raised = one(check(case("I21.001", procedures=["36.0700", "88.5500"], items=shown)), "A7")
    assert any("88.5500" in fact.codes for fact in raised.evidence_for)
    assert raised.confidence.grade is Confidence.MEDIUM  # one up, but its list awaits review


@pytest.mark.parametrize(
    "made",
    [
        case("I21.001", procedures=["36.0700"], items=[BED, PCI]),
        case("I21.001", procedures=["88.5500", "36.0700"]),  # the other order would pay more
        case("I63.900", procedures=["99.1000"]),  # of no list
        case("I63.900"),
    ],
)
def test_a7_lets_pass(made):
    assert "A7" not in found(check(made))


def test_a7_cannot_tell_what_is_dearer_without_a_price():
    report = check(case("I21.001", procedures=["36.0700"], items=None))
    assert unknown(report, "coding-operation-not-shown") == {"lines"}


LOW = Decimal(1000)


def test_a8_cost_far_below_the_group():
    finding = one(check(case("I63.900", "J96.000", total_amount=LOW)), "A8")
    assert finding.variants[0].outcome.drg == "BR25"
    assert "未见该诊断的诊疗依据" in " ".join(finding.confidence.reasons)
    lowered = one(check(case("I63.900", "J96.000", total_amount=LOW, items=[BED, OXYGEN])), "A8")
    assert lowered.evidence_against
    assert lowered.confidence.grade is Confidence.LOW


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", total_amount=LOW),
        case("I63.900", "J96.000", total_amount=Decimal("5600")),  # 40.6 % of the standard
        case("I63.900", "J96.000", total_amount=LOW, discharge_disposition="5"),
        case("I63.900", "J96.000", total_amount=LOW, discharge_disposition="2"),
        case("I63.900", "J96.000", "I21.001", total_amount=LOW),
    ],
)
def test_a8_lets_pass(made):
    assert "A8" not in found(check(made))


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"total_amount": None}, "total_amount"),
        ({"total_amount": LOW, "discharge_disposition": ""}, "discharge_disposition"),
    ],
)
def test_a8_cannot_tell(fields, missing):
    assert unknown(check(case("I63.900", "J96.000", **fields)), "coding-cost-far-below-group") == {missing}


def test_a8_by_the_fifth_percentile_and_without_any_standard():
    made = case("I63.900", "J96.000", total_amount=Decimal(8000))
    assert "A8" not in found(check(made))
    for low, hit in (("8000.01", True), ("8000", False)):
        statistics = Statistics(groups={"BR21": GroupStatistics(low_amount=Decimal(low))})
        made = case("I63.900", "J96.000", total_amount=Decimal(8000), more={"statistics": statistics})
        assert ("A8" in found(check(made, payment=None))) is hit
    assert unknown(check(case("I63.900", "J96.000"), payment=None), "coding-cost-far-below-group") == {"payment"}


def test_a9_days_far_below_the_group():
    assert "A9" in found(check(case("I63.900", "J96.000", stay_days=2)))
    finding = one(check(case("I63.900", "J96.000", stay_days=1)), "A9")
    assert "住院1天" in finding.message
    report = check(case("I63.900", "J96.000", stay_days=None))
    assert unknown(report, "coding-stay-far-below-group") == {"stay_days"}
    assert "A9" not in report.judged


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", "J96.000", stay_days=3),
        case("I63.900", stay_days=1),
        case("I63.900", "J96.000", stay_days=1, discharge_disposition="5"),
        case(
            "I63.900",
            "J96.000",
            stay_days=1,
            more={"payment_facts": PaymentFacts(facility_level=FacilityLevel.TERTIARY, is_day_surgery=True)},
        ),
        case(
            "I63.900",
            "J96.000",
            stay_days=1,
            more={"statistics": Statistics(groups={"BR21": GroupStatistics(mean_days=Decimal("6.9"))})},
        ),
    ],
)
def test_a9_lets_pass(made):
    assert "A9" not in found(check(made))


@pytest.mark.parametrize(
    ("codes", "fields", "hit"),
    [
        (("N40.x00",), {"sex": Sex.FEMALE}, True),
        (("N40.x00",), {"sex": Sex.MALE}, False),
        (("I63.900", "O82.000"), {"sex": Sex.MALE}, True),
        (("I63.900", "N64.500"), {"sex": Sex.MALE}, False),
        (("O80.000",), {"sex": Sex.FEMALE, "age_years": 11}, True),
        (("O80.000",), {"sex": Sex.FEMALE, "age_years": 12}, False),
        (("O80.000",), {"sex": Sex.FEMALE, "age_years": 56}, True),
        (("P22.000",), {"age_years": 0, "age_days": 28}, False),
        (("P22.000",), {"age_years": 0, "age_days": 29}, True),
        (("P22.000",), {"age_years": 5, "age_days": None}, True),
        (("F03.x00",), {"age_years": 29}, True),
        (("F03.x00",), {"age_years": 30}, False),
    ],
)
def test_a10_fits_the_patient(codes, fields, hit):
    report = check(case(*codes, **fields))
    assert ("A10" in found(report)) is hit


@pytest.mark.parametrize(
    ("code", "fields", "missing"),
    [
        ("N40.x00", {"sex": Sex.UNKNOWN}, "patient.sex"),
        ("F03.x00", {"age_years": None}, "patient.age"),
        ("P22.000", {"age_years": 0, "age_days": None}, "patient.age"),
    ],
)
def test_a10_asks_for_what_a_diagnosis_calls_for(code, fields, missing):
    assert unknown(check(case(code, **fields)), "coding-diagnosis-unfit-for-patient") == {missing}
    assert not unknown(check(case("I63.900", **fields)), "coding-diagnosis-unfit-for-patient")


def test_a11_an_ambiguous_case_and_the_order_that_is_none():
    finding = one(check(case("I50.900", "K80.000x002", procedures=["51.2300"])), "A11")
    assert finding.direction is Direction.QUALITY
    assert [variant.change for variant in finding.variants] == ["以胆囊结石伴急性胆囊炎（K80.000x002）为主要诊断"]
    assert one(check(case("I50.900", procedures=["51.2300"])), "A11").variants == ()
    assert "A11" not in found(check(case("K80.000x002", "I50.900", procedures=["51.2300"])))
    assert "A11" not in found(check(case("I50.900", "K80.000x002", procedures=["93.9400"])))  # not a valid one


def test_a12_what_the_dictionary_lacks():
    small = with_parameters("A12", min_dictionary=10, min_procedures=10)
    finding = one(check(case("I63.900", "A00.999", procedures=["99.9999"]), tables=small), "A12")
    assert (finding.codes, finding.is_data_quality) == (("A00.999", "99.9999"), True)
    assert "A12" not in found(check(case("I63.900"), tables=small))
    assert unknown(check(case("I63.900", "A00.999")), "coding-code-not-in-dictionary") == {"scheme.dictionary"}


def again(*codes, days, kind=CareType.INPATIENT, **fields):
    start = date(2026, 3, 1)
    gone = date.fromordinal(start.toordinal() - days)
    return past(*codes, start=date.fromordinal(gone.toordinal() - 5), end=gone, kind=kind, **fields)


def with_past(*others, codes=("I63.900",), **fields):
    return case(*codes, items=[BED, item("002103000010000", "头颅CT平扫")], more={"history": others}, **fields)


def test_a14_back_within_days():
    finding = one(check(with_past(again("I63.900", days=15))), "A14")
    assert finding.variants[0].standard_difference == finding.recorded.standard  # two paid, one due
    assert one(check(with_past(again("I63.900", "J96.000", days=0))), "A14")
    lowered = one(check(with_past(again("I63.900", days=3, discharge_disposition="2"))), "A14")
    assert lowered.evidence_against


@pytest.mark.parametrize(
    "made",
    [
        with_past(again("I63.900", days=16)),
        with_past(again("K80.000x002", days=3)),
        with_past(again("I63.900", days=3, kind=CareType.OUTPATIENT)),
        with_past(again("Z51.101", "C34.900", days=3), codes=("Z51.101", "C34.900"), procedures=["99.2500"]),
        with_past(),
    ],
)
def test_a14_lets_pass(made):
    report = check(made)
    assert "A14" not in found(report)
    assert not unknown(report, "coding-split-admission")


@pytest.mark.parametrize(("more", "missing"), [({"history": None}, "history"), ({"start_date": None}, "start_date")])
def test_a14_cannot_tell(more, missing):
    made = case("I63.900", more={"history": (again("I63.900", days=3),)} | more)
    assert unknown(check(made), "coding-split-admission") == {missing}


def outside(day, amount=600, kind=CareType.OUTPATIENT):
    return past("I63.900", start=date(2026, 3, day), end=date(2026, 3, day), kind=kind, amount=amount)


def test_a15_cost_in_the_days_of_the_stay():
    finding = one(check(with_past(outside(3), outside(4, 100, CareType.PHARMACY))), "A15")
    assert "700元" in finding.message
    assert finding.variants[0].outcome.drg == finding.recorded.drg
    statistics = Statistics(groups={"BR25": GroupStatistics(uncovered_share=Decimal("0.1"))})
    known = {"history": (outside(3),), "statistics": statistics, "uncovered_amount": Decimal(3000)}
    assert "自费占33.3%" in one(check(case("I63.900", more=known)), "A15").message


@pytest.mark.parametrize(
    "made",
    [
        with_past(outside(1)),  # the day of admission: the emergency room
        with_past(outside(9)),
        with_past(outside(3, 499)),
        with_past(outside(3, 1000), total_amount=Decimal(20001)),
        with_past(outside(3, kind=CareType.INPATIENT)),
        with_past(outside(3, kind=CareType.UNKNOWN)),
    ],
)
def test_a15_lets_pass(made):
    assert "A15" not in found(check(made))


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"history": None}, "history"),
        ({"end_date": None}, "start_date"),
        ({"history": (outside(3, None),)}, "total_amount"),
    ],
)
def test_a15_cannot_tell(more, missing):
    made = case("I63.900", more={"history": (outside(3),)} | more)
    assert unknown(check(made), "coding-cost-shifted") == {missing}


def hospital(**row):
    given = {"cases": 100, "share": Decimal("0.5"), "region_share": Decimal("0.2")} | row
    return {"statistics": Statistics(hospital={"BR2": HospitalStatistics(**given)})}


def test_a16_the_hospital_is_above_the_region_or_jumped():
    finding = one(check(case("I63.900", "J96.000", items=[BED, OXYGEN], more=hospital())), "A16")
    assert "区域为20%" in finding.message
    jumped = hospital(region_share=None, previous_share=Decimal("0.35"))
    assert one(check(case("I63.900", "J96.000", more=jumped)), "A16")
    assert one(check(case("I63.900", "J96.000", more=hospital(cases=30))), "A16")


@pytest.mark.parametrize(
    "row",
    [
        {"cases": 29},
        {"share": Decimal("0.29")},
        {"cases": 30, "share": Decimal("0.41")},  # within three deviations
        {"region_share": None, "previous_share": Decimal("0.36")},
    ],
)
def test_a16_lets_pass(row):
    assert "A16" not in found(check(case("I63.900", "J96.000", more=hospital(**row))))
    assert "A16" not in found(check(case("I63.900", more=hospital())))


def test_a16_needs_statistics():
    assert unknown(check(case("I63.900", "J96.000")), "coding-hospital-level") == {"statistics.hospital"}


def test_the_index_of_overcoding():
    assert overcoding_index(Decimal("1.2"), Decimal("1")) == Decimal("0.2")
    assert overcoding_index(Decimal("0.9"), Decimal("1.2")) < 0
    for wrong in ("0", "-1", "NaN"):
        with pytest.raises(ValueError, match="must be above 0"):
            overcoding_index(Decimal(1), Decimal(wrong))


def test_b1_a_clue_to_what_was_not_coded():
    finding = one(check(case("I63.900", items=[BED, *VENTILATOR])), "B1")
    assert finding.direction is Direction.UNDER
    assert finding.variants[0].standard_difference < 0
    assert (finding.recorded.drg, finding.variants[0].outcome.drg) == ("BR25", "BR21")


@pytest.mark.parametrize(
    "made",
    [
        case("I63.900", items=[BED, VENTILATOR[0]]),  # one day only
        case("I63.900", "J96.900x003", items=[BED, *VENTILATOR]),  # there is a diagnosis for it
        case("I63.900", "G47.300", items=[BED, *VENTILATOR]),  # another diagnosis for it
        case("I63.900", "I21.001", items=[BED, *VENTILATOR]),  # would change nothing
        case("J80.x01", items=[BED, *VENTILATOR]),  # excluded, and explained
        case("I63.900"),
        case("I63.900", items=[item("002600000000000", "输血前检查"), item("002502030290000", "血浆纤维蛋白原测定")]),
    ],
)
def test_b1_lets_pass(made):
    assert "B1" not in found(check(made))


def test_b1_cannot_tell():
    assert unknown(check(case("I63.900", items=None)), "coding-missing-complication") == {"lines"}
    undated = [item("003106030010000", "呼吸机辅助呼吸", day=None, id=str(place)) for place in range(2)]
    assert unknown(check(case("I63.900", items=undated)), "coding-missing-complication") == {"line.service_date"}


def test_b2_an_operation_in_the_fees_only():
    finding = one(check(case("K80.000x002", items=[BED, CHOLECYSTECTOMY])), "B2")
    assert finding.variants[0].outcome.drg.startswith("HC2")
    assert finding.evidence_for[0].lines == (CHOLECYSTECTOMY.id,)


@pytest.mark.parametrize(
    "made",
    [
        case("K80.000x002", procedures=["51.2300"], items=[BED, CHOLECYSTECTOMY]),
        case("K80.000x002"),
        case("K80.000x002", items=[BED, item("002203020000000", "胆囊切除术后超声")]),
        case("I50.900", items=[BED, CHOLECYSTECTOMY]),  # would make the case ambiguous
    ],
)
def test_b2_lets_pass(made):
    report = check(made)
    assert "B2" not in found(report)
    assert not unknown(report, "coding-missing-operation")


def test_b3_finer_codes_that_group():
    finding = one(check(case("I21.000")), "B3")
    assert "I21.001" in finding.message
    assert "0000" in finding.evidence_for[0].text
    assert all(variant.outcome.is_group for variant in finding.variants)
    assert finding.confidence.grade is Confidence.HIGH
    assert "A4" not in found(check(case("I21.000")))
    assert "B3" not in found(check(case("I21.001")))
    assert "B3" not in found(check(case("R18.x00")))  # nothing finer
