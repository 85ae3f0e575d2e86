"""The starter DRG scheme: it checks without a warning, its examples get their groups, and its codes are real."""

import csv
import json
import zipfile
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random

import pytest

from app.application.case_objects import read_case_object
from app.application.load_scheme import load_scheme
from app.domain.encounter import FacilityLevel
from app.domain.payment import PaymentFacts
from app.grouper.drg import group
from app.grouper.payment import price
from app.knowledge.scheme_check import conditions
from app.knowledge.scheme_condition import And, Member, Not, Number, Or, Severity, Sites, Tagged, Valid, Word, atoms
from app.knowledge.scheme_files import check_scheme
from tests.grouper.drg_build import TABLES, Draw, needs_tables, outcome, stay, stay_of
from tests.grouper.drg_oracle import Oracle

FOLDER = Path(__file__).parents[2] / "rules" / "grouping" / "starter"
EXAMPLES = [json.loads(line) for line in (FOLDER / "examples.jsonl").read_text("utf-8").splitlines()]
EXPECTED = [tuple(one["expected"][field] for field in ("status", "mdc", "adrg", "drg")) for one in EXAMPLES]
SORTED_BY = {"mdc": 1, "rules": 1, "splits": 2, "lists": 3}
NATIONAL = "chs_drg_11"


@cache
def rows(name):
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def tables():
    found, faults, warnings = check_scheme(FOLDER)
    assert not faults, faults
    assert not warnings, warnings
    return found


@cache
def starter():
    return load_scheme("starter", FOLDER.parent)


@cache
def national(name):
    with zipfile.ZipFile(TABLES / "schemes" / f"{NATIONAL}.zip") as archive:
        member = next(one for one in archive.namelist() if one.rpartition("/")[2] == f"{name}.csv")
        return dict(list(csv.reader(archive.read(member).decode().splitlines()))[1:])


def test_it_checks_without_faults_and_warnings_and_says_that_it_is_not_for_settlement():
    manifest = tables().manifest
    assert manifest.id == FOLDER.name
    assert manifest.status == "not_for_settlement"
    assert "不得用于结算" in manifest.title
    assert "不得用于结算" in (FOLDER / "SOURCES.md").read_text("utf-8")
    assert manifest.period.start.year == 2025


@pytest.mark.parametrize("place", range(len(EXAMPLES)), ids=[one["case"]["Index"] for one in EXAMPLES])
def test_each_example_gets_its_group_from_us_and_from_the_slow_grouper(place):
    one, expected = EXAMPLES[place], EXPECTED[place]
    assert outcome(group(starter(), read_case_object(one["case"]).stay)) == expected, one["note"]
    assert oracle().group(one["case"]) == expected, one["note"]


@cache
def oracle():
    return Oracle(FOLDER)


def test_every_group_has_two_examples_and_every_rule_holds_in_one():
    groups = Counter(expected[3] for expected in EXPECTED)
    assert [code for code in starter().groups if groups[code] < 2] == []
    held = {group(starter(), read_case_object(one["case"]).stay, trace=True).trace.rule for one in EXAMPLES} - {None}
    assert {rule.code for rule in held} == {rule.code for rule in tables().rules}
    near = [one for one in EXAMPLES if not one["note"].startswith(one["expected"]["drg"])]
    assert len(near) > 60, "cases near a border keep the borders where they are"


def test_random_cases_get_the_group_that_the_text_of_the_conditions_gives():
    draw, seen = Draw(oracle(), seed=8), set()
    for _ in range(2_000):
        case = draw.case()
        expected = oracle().group(case)
        assert outcome(group(starter(), stay_of(case))) == expected, case
        seen.add(expected)
    assert len(seen) > 120


def test_every_useful_kind_of_condition_is_shown():
    found = {atom for _, _, condition in conditions(tables()) for atom in atoms(condition)}
    assert {type(atom) for atom in found} >= {Member, Tagged, Sites, Valid, Number, Word, Severity}
    assert {atom.subject for atom in found if isinstance(atom, Member)} == {"pdx", "proc1", "dx", "odx", "proc"}
    assert {atom.field for atom in found if isinstance(atom, Number)} == {"age", "age_days", "weight", "los"}
    assert {atom.field for atom in found if isinstance(atom, Word)} == {"sex", "leaving"}
    assert {type(condition) for _, _, condition in conditions(tables())} >= {And, Or, Not}
    assert sum(rule.kind == "QY" for rule in tables().rules) > 5


def test_files_are_utf8_with_line_feeds_and_sorted():
    for file in sorted(FOLDER.iterdir()):
        content = file.read_bytes()
        assert content.endswith(b"\n"), file.name
        assert b"\r" not in content, file.name
        assert not content.startswith(b"\xef\xbb\xbf"), file.name
        content.decode()
    for file in FOLDER.glob("*.csv"):
        keys = [list(row.values())[: SORTED_BY.get(file.stem, 1)] for row in rows(file.stem)]
        if file.stem in ("mdc", "rules", "splits"):
            keys = [[int(cell) for cell in key] for key in keys]
        assert keys == sorted(keys), file.name
        assert len({tuple(key) for key in keys}) == len(keys), file.name


def test_every_code_has_a_name_and_lists_stay_small():
    diagnoses, procedures = {row["code"] for row in rows("dx")}, {row["code"] for row in rows("proc")}
    for name, codes in tables().lists.items():
        assert set(codes) <= (procedures if ".proc" in name else diagnoses), name
        assert len(codes) <= (60 if not name.startswith("MDC") else 200), name
    complications = {row["code"] for name in ("mcc", "cc", "cce") for row in rows(name)}
    assert complications <= diagnoses
    assert set(tables().valid_procedures) <= procedures
    for one in EXAMPLES:
        case = one["case"]
        assert set(case["zdList"]) <= diagnoses or one["note"].startswith("目录以外的编码"), one["note"]
        assert set(case["ssList"]) <= procedures, one["note"]


def test_each_list_of_an_mdc_is_the_union_of_its_groups_and_the_surgical_rest():
    for mdc in tables().mdcs:
        union = {
            code
            for name, codes in tables().lists.items()
            if name.endswith(".pdx") and name[0] == mdc.code[-1] and not name.startswith("MDC")
            for code in codes
        }
        gate = set(tables().lists.get(f"{mdc.code}.pdx", ()))
        assert union <= gate or mdc.code == "MDCZ", mdc.code


def test_a_residual_code_is_told_with_finer_codes_that_group():
    for code in ("I21.000", "K80.100", "C34.100"):
        residual = group(starter(), stay(code), trace=True).trace.residual
        assert residual is not None
        assert len(residual.siblings) >= 3, code
        assert all(one.name for one in residual.siblings)


def test_codes_of_the_clinical_edition_are_translated_and_its_own_are_kept():
    assert group(starter(), stay("I21.100x002"), translate=True).drg == group(starter(), stay("I21.103")).drg == "FR15"
    for one, expected in zip(EXAMPLES, EXPECTED, strict=True):
        case = read_case_object(one["case"]).stay
        if set(case.diagnoses) <= {code for code, to in starter().diagnosis_map.items() if code == to} and set(
            case.procedures
        ) <= set(starter().procedure_map):
            assert outcome(group(starter(), case, translate=True)) == expected, one["note"]
    changed = {code for code, to in starter().diagnosis_map.items() if to != code}
    assert 20 <= len(changed) <= 40


def test_weights_fall_with_severity_and_only_ambiguous_groups_have_no_row():
    weights = starter().weights
    assert set(starter().groups) - set(weights) == {rule.code for rule in tables().rules if rule.kind == "QY"}
    for adrg in {code[:3] for code in weights}:
        ladder = [weights[adrg + digit].weight for digit in "135" if adrg + digit in weights]
        assert ladder == sorted(ladder, reverse=True), adrg
        assert len(set(ladder)) == len(ladder), adrg
    assert [code for code, row in weights.items() if row.weight is None] == ["WB19"]
    assert all("示例" in row.attributes for row in weights.values())


def test_payment_works_at_once_and_says_that_it_is_an_example():
    first, second = starter().payments
    assert (second.parameters.in_force.start - first.parameters.in_force.end).days == 1
    for scheme in (first, second):
        assert "不得用于结算" in scheme.parameters.title
        facts = PaymentFacts(facility_level=FacilityLevel.TERTIARY, total_amount=Decimal(9000))
        paid = price("ER15", facts, scheme.parameters, scheme.weights, explain=True)
        expected = (
            scheme.weights["ER15"].weight * scheme.parameters.rate * scheme.parameters.coefficients.levels["tertiary"]
        )
        assert paid.formula_value == expected.quantize(Decimal("0.01"))
        assert "不得用于结算" in str(paid)
        assert price("WB19", facts, scheme.parameters, scheme.weights).formula_value is None


@needs_tables
def test_every_code_and_name_stands_so_in_the_national_code_set():
    for name in ("dx", "proc"):
        assert {row["code"]: row["name"] for row in rows(name)}.items() <= national(name).items()


@needs_tables
def test_translations_are_those_of_the_national_code_set():
    for name in ("dx_map", "proc_map"):
        changed = {row["code"]: row["to"] for row in rows(name) if row["to"] != "="}
        assert changed.items() <= national(name).items()


@needs_tables
def test_complications_have_the_level_that_the_public_scheme_gives_them():
    for name in ("mcc", "cc"):
        assert {row["code"] for row in rows(name)} <= set(national(name))


def test_bystanders_and_the_order_of_secondaries_change_nothing():
    random = Random(3)
    for one, expected in zip(EXAMPLES, EXPECTED, strict=True):
        case = dict(one["case"])
        rest = [*case["zdList"][1:], "I10.x00", "K80.200"]
        random.shuffle(rest)
        case["zdList"] = [*case["zdList"][:1], *rest]
        assert outcome(group(starter(), read_case_object(case).stay)) == expected, one["note"]
