"""Principal diagnoses that do not stand: what each detector finds, and the near miss that it must let pass."""

import pytest

from app.knowledge.coding_records import Confidence
from tests.grouper.coding_build import BED, CHEST, LOCAL, case, check, found, item, one, unknown, with_parameters

SALBUTAMOL = item("XR03ACS001L012010100001", "沙丁胺醇", 3000)

ANTIBIOTIC = item("XJ01DDT001B001010100001", "注射用头孢曲松", 200)


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


def test_b3_finer_codes_that_group():
    finding = one(check(case("I21.000")), "B3")
    assert "I21.001" in finding.message
    assert "0000" in finding.evidence_for[0].text
    assert all(variant.outcome.is_group for variant in finding.variants)
    assert finding.confidence.grade is Confidence.HIGH
    assert "A4" not in found(check(case("I21.000")))
    assert "B3" not in found(check(case("I21.001")))
    assert "B3" not in found(check(case("R18.x00")))  # nothing finer
