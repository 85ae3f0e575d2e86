"""Coding faults as a whole: what holds of every case, and speed."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.encounter import FacilityLevel, Sex
from app.domain.group_weight import PaymentScheme
from app.domain.payment import PaymentFacts
from app.grouper.coding import DETECTORS, check_coding
from app.grouper.coding_case import CONFIRM, CodingCase
from app.grouper.coding_regroup import gain
from app.knowledge.coding_records import PARAMETERS, Confidence, Direction
from tests.grouper.coding_build import BED, case, check, found, item, knowledge, one, starter, steps


def test_what_pays_more_without_it_drives_nothing():
    payment = starter().payments[-1]
    dear = replace(payment.weights["BR25"], weight=Decimal(9))
    upside_down = PaymentScheme(payment.parameters, {**payment.weights, "BR25": dear})
    assert steps(check(case("I63.900", "J96.000"), payment=upside_down)) == []
    assert steps(check(case("I63.900", "J96.000"), payment=payment))


def test_every_detector_is_told_of_and_runs():
    assert set(DETECTORS) | {"A1", "A13"} == set(PARAMETERS) == set(knowledge().detectors)
    report = check(case("I63.900"))
    rules = {knowledge().detectors[name].rule for name in DETECTORS}
    assert {knowledge().detectors[name].rule for name in report.judged} | {
        one.rule for one in report.not_evaluated
    } == rules
    assert len({one.rule for one in knowledge().detectors.values()}) == len(PARAMETERS)


def test_only_those_asked_for_run():
    report = check(case("I63.900", "J96.000"), only={"A2"})
    assert (found(report), report.judged, report.drivers) == ({"A2"}, ("A2",), ())


def test_drivers_and_many_secondaries_only_rank():
    many = case("I63.900", "J96.000", "I10.x02", "E11.900", "K29.501", "N40.x00", items=[BED, item("001203000010000")])
    report = check(many)
    assert report.ranking.score == 3
    assert "A1" not in found(report)
    assert "A13" not in found(report)
    assert check(case("I63.900")).ranking.score == 0


@pytest.mark.parametrize("stay", [{}, {"sex": Sex.UNKNOWN}, {"age_years": None}])
@pytest.mark.parametrize("codes", [(), ("",), ("?",), ("I63.900",)])
def test_a_strange_stay_is_no_fault(codes, stay):
    report = check(case(*codes, procedures=["?"], **stay))
    assert all(one.direction is Direction.QUALITY for one in report.findings if one.id in ("A4", "A10", "A12"))


CODES = [
    "I63.900",
    "J96.000",
    "J44.100",
    "J18.900",
    "I21.001",
    "K80.000x002",
    "I50.900",
    "E87.600",
    "A41.900",
    "I21.000",
]

UNRELATED = ["N39.x99", "H00.999", "M54.999"]  # no scheme knows them, no list has them

ITEMS = [
    BED,
    item("001203000010000", "氧气吸入"),
    item("002101020000000", "胸部X线摄影"),
    item("XR03ACS001L012010100001", "沙丁胺醇", 3000),
    item("003106030010000", "呼吸机辅助呼吸", day=1),
    item("003106030010000", "呼吸机辅助呼吸", day=2),
    item("003310060020000", "胆囊切除术", 2000),
    item("003205000030000", "冠状动脉内支架置入术", 5000),
]

diagnoses = st.lists(st.sampled_from(CODES), min_size=1, max_size=6, unique=True)

operations = st.lists(st.sampled_from(["36.0700", "88.5500", "51.2300", "96.7201", "47.0901"]), max_size=3, unique=True)

fees = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=6, unique=True)

costs = st.sampled_from([Decimal(900), Decimal(9000), Decimal(60000)])


def essence(report):
    return sorted((one.id, one.point, sorted(one.codes), one.message, one.confidence.grade) for one in report.findings)


@settings(deadline=None, max_examples=150)
@given(diagnoses, operations, fees, costs)
def test_every_finding_is_whole(codes, procedures, items, cost):
    report = check(case(*codes, procedures=procedures, items=items, total_amount=cost, stay_days=2))
    for made in report.findings:
        assert made.evidence_for
        assert made.confirmation == CONFIRM
        assert made.confidence.reasons
        assert "{" not in made.message
        assert made.references
        if made.is_data_quality or made.id == "A11":
            continue
        assert made.variants
        others = [variant for variant in made.variants if variant.outcome.drg != made.recorded.drg]
        assert others or made.id in ("A14", "A15")
        if made.direction is Direction.OVER and made.id not in ("A14", "A15"):
            assert all(gain(variant) > 0 for variant in made.variants)
        if made.id in ("B1", "B2"):
            assert all(gain(variant) < 0 for variant in made.variants)
        if made.needs_review:
            assert made.confidence.grade is not Confidence.HIGH


@settings(deadline=None, max_examples=120)
@given(diagnoses, operations, fees, st.lists(st.sampled_from(UNRELATED), min_size=1, max_size=3, unique=True))
def test_an_unrelated_secondary_changes_no_finding(codes, procedures, items, more):
    before = check(case(*codes, procedures=procedures, items=items))
    after = check(case(*codes, *more, procedures=procedures, items=items))
    assert essence(before) == essence(after)


@settings(deadline=None, max_examples=120)
@given(diagnoses, operations, fees, st.randoms())
def test_the_order_of_secondaries_and_lines_means_nothing(codes, procedures, items, random):
    first, rest, mixed = codes[0], codes[1:], list(items)
    before = check(case(first, *rest, procedures=procedures, items=items))
    random.shuffle(rest)
    random.shuffle(mixed)
    assert essence(before) == essence(check(case(first, *rest, procedures=procedures, items=mixed)))


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["J96.000", "R57.000", "A41.900", "J80.x01"]), st.sampled_from(["I21.001", "I50.900", "N17.900"])
)
def test_a_second_driver_takes_the_finding_away(driver, second):
    """Another category that carries as much: neither is sole."""
    alone = check(case("I63.900", driver))
    assert "A2" in found(alone)
    assert steps(alone)
    both = check(case("I63.900", driver, second))
    assert "A2" not in found(both)
    assert steps(both) == []


@settings(deadline=None, max_examples=100)
@given(diagnoses, operations, fees)
def test_more_traces_never_add_a_finding_of_overcoding_by_want_of_evidence(codes, procedures, items):
    before = check(case(*codes, procedures=procedures, items=items[:1]))
    after = check(case(*codes, procedures=procedures, items=items))
    wanting = {"A2", "A6", "A7"}
    assert found(after) & wanting <= found(before) & wanting


def test_without_facts_nothing_is_found_for_want_of_them():
    report = check_coding(
        starter(), CodingCase(stay=replace(case("I63.900", "J96.000").stay, total_amount=None)), knowledge()
    )
    assert found(report) == set()
    missing = {one.missing for one in report.not_evaluated}
    assert {"lines", "texts", "history"} <= missing


def test_a_case_takes_less_than_a_millisecond_where_audits_ask():
    asked = {name for name, one in knowledge().detectors.items() if one.in_audits}
    items = [item(f"0025010{place:02d}000000", f"检验{place}") for place in range(100)]
    made = case("I63.900", *CODES[1:8], *UNRELATED, procedures=["88.5500"], items=items)
    check(made, only=asked)
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(20):
            check(made, only=asked)
        rounds.append((time.perf_counter() - started) / 20)
    assert min(rounds) < 0.003  # the goal is 1 ms; the machine of a test may be busy


def test_facilities_of_another_level_are_priced_as_such():
    facts = PaymentFacts(facility_level=FacilityLevel.SECONDARY)
    lower = one(check(case("I63.900", "J96.000", more={"payment_facts": facts})), "A2")
    higher = one(check(case("I63.900", "J96.000")), "A2")
    assert lower.recorded.standard < higher.recorded.standard
