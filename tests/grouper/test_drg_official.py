"""The published schemes: every published case, and many random ones against the slow grouper of drg_oracle.py."""

import zipfile
from random import Random

import pytest

from app.application.case_objects import read_case_object
from app.grouper.drg import group
from tests.grouper.drg_build import (
    CASES,
    SCHEMES,
    TABLES,
    Draw,
    needs_tables,
    outcome,
    published,
    published_cases,
    stay_of,
)
from tests.grouper.drg_oracle import Oracle

_RANDOM_CASES = 1_500


@needs_tables
@pytest.mark.parametrize("name", CASES)
def test_every_published_case_gets_its_group(name):
    scheme, count = published(name), 0
    for case, expected in published_cases(name):
        count += 1
        assert outcome(group(scheme, read_case_object(case).stay)) == expected, case
    assert count >= 4_000


@needs_tables
@pytest.mark.parametrize("name", SCHEMES)
def test_random_cases_get_the_group_that_the_text_of_the_conditions_gives(name, tmp_path):
    with zipfile.ZipFile(TABLES / "schemes" / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    oracle = Oracle(next(tmp_path.rglob("scheme.json")).parent)
    draw, scheme, seen = Draw(oracle, seed=6), published(name), set()
    for _ in range(_RANDOM_CASES):
        case = draw.case()
        expected = oracle.group(case)
        assert outcome(group(scheme, stay_of(case))) == expected, case
        seen.add(expected)
    assert len(seen) > 250, "the cases reach too few groups to mean much"


@needs_tables
@pytest.mark.parametrize("name", CASES)
def test_the_trace_of_published_cases_ends_in_the_same_group(name):
    scheme = published(name)
    for number, (case, expected) in enumerate(published_cases(name)):
        if number % 20 == 0:
            traced = group(scheme, stay_of(case), trace=True)
            assert outcome(traced) == expected
            assert all(traced.trace.sentences())


@needs_tables
def test_examples_of_the_published_algorithm():
    scheme = published("chs_drg_11")
    examples = [
        (["I63.900"], [], "BR25"),
        (["I63.900", "J18.900"], [], "BR23"),
        (["I63.900", "J96.000"], [], "BR21"),
        (["I63.900", "I10.x00", "G45.900"], [], "BR25"),
        (["J44.100", "J18.900"], [], "ET23"),
        (["J18.900", "J44.100"], [], "ES31"),
        (["I21.001"], ["36.0700", "88.5500"], "FM19"),
        (["I21.001"], ["88.5500", "36.0700"], "FM39"),
        (["K80.100x001"], ["51.2300", "99.2900"], "HC29"),
        (["K80.100x001"], ["99.2900", "51.2300"], "HU15"),
    ]
    for diagnoses, procedures, expected in examples:
        case = {"gender": "1", "age": 60, "zdList": diagnoses, "ssList": procedures}
        assert group(scheme, read_case_object(case).stay).drg == expected, (diagnoses, procedures)


@needs_tables
def test_a_residual_code_is_told_with_finer_codes_that_group():
    scheme = published("chs_drg_11")
    traced = group(scheme, read_case_object({"gender": "1", "age": 60, "zdList": ["K80.100"]}).stay, trace=True)
    siblings = traced.trace.residual.siblings
    assert len(siblings) == 10
    assert all(one.code.startswith("K80.") and one.name and one.drg.startswith("H") for one in siblings)
    assert siblings[0].code in traced.trace.residual.sentence


@needs_tables
def test_chained_maps_translate_a_code_once():
    scheme = published("chs_drg_11")
    maps = scheme.diagnosis_map
    chained = {code: to for code, to in maps.items() if to != code and maps.get(to, to) != to}
    assert len(chained) == 76
    codes = tuple(chained)
    case = read_case_object({"gender": "1", "age": 60, "zdList": list(codes)}).stay
    traced = group(scheme, case, translate=True, trace=True)
    assert {one.code: one.to for one in traced.trace.translations} == chained


@needs_tables
def test_bystanders_and_the_order_of_secondaries_change_no_published_case():
    scheme, random = published("chs_drg_11"), Random(11)
    bystanders = [code for code in scheme.diagnosis_names if code not in scheme.diagnoses]
    assert len(bystanders) > 1_000
    for number, (case, expected) in enumerate(published_cases("chs_drg_11")):
        if number % 5 == 0 and case["zdList"]:
            first, *rest = case["zdList"]
            rest += random.sample(bystanders, 3)
            random.shuffle(rest)
            assert outcome(group(scheme, stay_of({**case, "zdList": [first, *rest]}))) == expected, case
