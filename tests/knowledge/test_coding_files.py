"""The evidence tables: their codes are real ones, and a faulty table is told of line by line."""

import csv
import shutil
from bisect import bisect_left
from functools import cache
from pathlib import Path

import pytest

from app.domain.codes import expand
from app.knowledge.coding_files import TABLES, read_coding
from app.knowledge.coding_records import State
from app.knowledge.pack import PackError
from tests.grouper.drg_build import needs_tables, published

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "rules" / "grouping" / "evidence"
SHARED = ROOT.parent / "shared" / "data"
CATALOGUE = SHARED / "catalogue"
needs_catalogue = pytest.mark.skipif(
    not CATALOGUE.is_dir(), reason="the national code lists are not beside this repository"
)
DIAGNOSES = {
    "evidence": "diagnoses",
    "contradictions": "diagnoses",
    "not_principal": "diagnoses",
    "persons": "diagnoses",
}


def cells(table, column):
    with (EVIDENCE / f"{table}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row[column]:
                yield row["point"], row[column].split("|")


DIAGNOSIS_CELLS = [
    *[(table, column, point, text) for table, column in DIAGNOSES.items() for point, text in cells(table, column)],
    *[("treatments", "diagnoses", point, text) for point, text in cells("treatments", "diagnoses")],
    *[("pairs", column, point, text) for column in ("recorded", "plain") for point, text in cells("pairs", column)],
    *[("clues", "unless", point, text) for point, text in cells("clues", "unless")],
]
PROCEDURE_CELLS = [
    (table, point, text)
    for table in ("evidence", "pairs", "clues", "operations")
    for point, text in cells(table, "procedures")
]
ITEM_CELLS = [
    (table, point, text)
    for table in ("evidence", "pairs", "clues", "operations", "treatments")
    for point, text in cells(table, "item_code")
]


def no_code_of(patterns, known):
    """The patterns that no code meets; `known` in their order. Of a range of categories, one has to be there."""
    return [pattern for pattern in patterns if not any(is_met(one, known) for one in expand(pattern))]


def is_met(pattern, known):
    place = bisect_left(known, pattern.rstrip("*"))
    found = known[place] if place < len(known) else ""
    return found.startswith(pattern[:-1]) if pattern.endswith("*") else found == pattern


@cache
def ordered(kind):
    scheme = published("chs_drg_11")
    return sorted(scheme.diagnosis_names if kind == "diagnoses" else scheme.procedure_names)


@needs_tables
@pytest.mark.parametrize(("table", "column", "point", "patterns"), DIAGNOSIS_CELLS)
def test_diagnoses_are_those_of_the_national_edition(table, column, point, patterns):
    assert no_code_of(patterns, ordered("diagnoses")) == []


@needs_tables
@pytest.mark.parametrize(("table", "point", "patterns"), PROCEDURE_CELLS)
def test_procedures_are_those_of_the_national_edition(table, point, patterns):
    assert no_code_of(patterns, ordered("procedures")) == []


@needs_tables
def test_codes_to_add_or_to_put_in_place_are_real():
    names, done = published("chs_drg_11").diagnosis_names, published("chs_drg_11").procedure_names
    knowledge = read_coding(EVIDENCE)
    for row in knowledge.clues:
        assert names[row.add_code] == row.add_name or row.add_name in names[row.add_code]
        assert row.add_code in row.unless, f"{row.point}: the diagnosis itself explains the clue"
    for row in knowledge.pairs:
        assert not row.plain_code or row.plain_code in names
        assert not row.plain_code or row.plain_code not in row.recorded
    for row in knowledge.operations:
        assert not row.add_code or (row.add_code in done and row.add_code in row.procedures)


@cache
def national_items():
    """Codes of services and drugs, from the lists, the formulary's classes, and the rules of this project."""
    found = set()
    for name in ("nhsa_code_universe.csv", "nrdl_2024_classes.csv"):
        with (CATALOGUE / name).open(encoding="utf-8-sig") as file:
            found |= {row[0] for row in csv.reader(file)}
    for file in (*SHARED.glob("*/*.csv"), *(ROOT / "rules" / "national").glob("included-item-*/knowledge.csv")):
        text = file.read_text(encoding="utf-8-sig", errors="replace")
        found |= {part.strip("()") for line in text.splitlines() for part in line.split(",")[:8]}
    return sorted(found)


@needs_catalogue
@pytest.mark.parametrize(("table", "point", "patterns"), ITEM_CELLS)
def test_items_are_national_codes(table, point, patterns):
    """Service codes of the price guides since 2023 (01…) are not in those lists."""
    assert no_code_of([one for one in patterns if not one.startswith("01")], national_items()) == []


def test_lists_of_our_own_are_marked_for_review_and_keep_a_source():
    knowledge = read_coding(EVIDENCE)
    for table in TABLES:
        for row in getattr(knowledge, table):
            assert row.source
    assert all(not row.is_reviewed for row in (*knowledge.evidence, *knowledge.contradictions, *knowledge.clues))
    trial = {name for name, one in knowledge.detectors.items() if one.status is State.TRIAL}
    assert trial == {"A2", "A3", "A5", "A6", "A7", "B1", "B2"}
    for name in trial:
        assert any("复核" in one for one in knowledge.detectors[name].references)


def test_every_driver_disease_that_the_references_name_has_its_list():
    evidence = read_coding(EVIDENCE).evidence
    for code in ("J96.000", "A41.900", "I50.900", "J18.903", "E46.x00x003", "E87.600", "L89.201"):
        assert [row.point for row in evidence if code in row.diagnoses], code


def test_the_revision_is_of_the_content(tmp_path):
    copy = shutil.copytree(EVIDENCE, tmp_path / "evidence")
    assert read_coding(copy).revision == read_coding(EVIDENCE).revision
    file = copy / "clues.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("项目归纳", "自拟"), encoding="utf-8")
    assert read_coding(copy).revision != read_coding(EVIDENCE).revision


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("evidence.csv", "J96*|J80*", "J96-K01", "evidence.csv line 2: code range"),
        ("evidence.csv", "point,diagnoses", "point,diagnosis", "unknown column 'diagnosis'"),
        ("evidence.csv", "EV-002", "EV-001", "the point 'EV-001' stands twice"),
        ("clues.csv", "CL-001", "EV-001", "the point 'EV-001' stands twice"),
        ("clues.csv", ",2,J96*", ",0,J96*", "clues.csv line 2"),
        ("persons.csv", "female", "woman", "persons.csv line 2"),
        ("contradictions.csv", "mmHg,80,", "mmHg,eighty,", "contradictions.csv line 2"),
        ("pairs.csv", ",needed\n", ",soon\n", "review is 'soon'"),
        ("treatments.csv", "肺部感染", "", "treatments.csv line 2"),
        ("detectors.yaml", "A1:", "C1:", "must tell of each detector once"),
        ("detectors.yaml", "ratio: 0.4", "ratio: low", "A8"),
        ("detectors.yaml", "status: trial", "status: maybe", "A2"),
        ("detectors.yaml", "{least: 5}", "{most: 5}", "A13"),
        ("detectors.yaml", "A1:", "A1: [", "not readable as YAML"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path, name, old, new, told):
    copy = shutil.copytree(EVIDENCE, tmp_path / "evidence")
    text = (copy / name).read_text(encoding="utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as error:
        read_coding(copy)
    assert told in str(error.value)


def test_a_table_that_is_not_there_is_told(tmp_path):
    copy = shutil.copytree(EVIDENCE, tmp_path / "evidence")
    (copy / "clues.csv").unlink()
    (copy / "pairs.csv").unlink()
    with pytest.raises(PackError) as error:
        read_coding(copy)
    assert "clues.csv" in str(error.value)
    assert "pairs.csv" in str(error.value)
