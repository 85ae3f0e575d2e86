"""What can never be reached: found by looking at the tables, beside what 3,000 aimed cases a group never reached."""

import csv

import pytest

from app.knowledge.scheme_files import check_scheme
from app.knowledge.scheme_reach import unreachable
from tests.grouper.drg_build import SCHEMES, TABLES, needs_tables


@needs_tables
@pytest.mark.parametrize("name", SCHEMES)
def test_published_schemes_load_and_what_cannot_be_reached_in_them_is_found(name):
    tables, faults, _ = check_scheme(TABLES / "schemes" / f"{name}.zip")
    assert faults == ()
    assert tables is not None
    with (TABLES / "unreachable_drgs.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {row["drg"] for row in csv.DictReader(file) if row["scheme"] == name}
    told = list(unreachable(tables))
    rules = {one.row for one in told if one.file == "rules.csv"}
    splits = {one.row for one in told if one.file == "splits.csv"}
    reached = {
        split.drg
        for rule in tables.rules
        if rule.line not in rules
        for split in tables.splits.get(rule.seq, ())
        if split.line not in splits
    }
    dead = {split.drg for found in tables.splits.values() for split in found} - reached
    assert dead <= known
    assert len(known) - len(dead) <= 2  # those that only trying finds
