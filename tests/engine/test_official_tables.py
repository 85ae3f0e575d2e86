"""Rules on settlement lists beside the tables of the 2025 edition: whatever these allow, no rule may object to."""

import csv
from pathlib import Path

import pytest

from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import CareType, Diagnosis, Procedure, Sex
from app.engine.examples import open_rule
from app.knowledge.pack import read_rule_folder
from tests.engine.kinds import drawn

ROOT = Path(__file__).parents[2]
TABLES = ROOT.parent / "shared" / "data" / "national-library"
needs_tables = pytest.mark.skipif(not TABLES.exists(), reason="the official tables are not beside this repository")


def rows(name):
    with (TABLES / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def objects(ruleset, **fields):
    encounter = drawn.encounter(start_at=drawn.NOON, care_type=CareType.INPATIENT, **fields)
    return bool(ruleset.audit(Case(encounter, Stage.SETTLED)).findings)


@needs_tables
def test_every_operation_of_the_sex_table_fits_its_sex_and_most_are_found_on_the_other():
    ruleset = open_rule(read_rule_folder(ROOT / "rules/national/procedure-for-other-sex"))
    found, table = 0, rows("procedure_sex_2025.csv")
    for row in table:
        right, wrong = (Sex.MALE, Sex.FEMALE) if row["sex"] == "男" else (Sex.FEMALE, Sex.MALE)
        operation = (Procedure(code=row["op_code"]),)
        assert not objects(ruleset, patient={"sex": right}, procedures=operation), row
        found += objects(ruleset, patient={"sex": wrong}, procedures=operation)
    assert found > 0.9 * len(table), f"{found} of {len(table)}"


@needs_tables
def test_every_pair_of_operation_and_diagnosis_that_is_listed_passes():
    ruleset = open_rule(read_rule_folder(ROOT / "rules/national/principal-procedure-unlike-principal-diagnosis"))
    for row in rows("procedure_allowed_diagnoses_2025.csv"):
        diagnosis = (Diagnosis(code=row["dx_code"], is_principal=True),)
        operation = (Procedure(code=row["op_code"], is_principal=True),)
        assert not objects(ruleset, diagnoses=diagnosis, procedures=operation), row
