"""The term tables: their codes exist, and their faults are told."""

import csv
from bisect import bisect_left
from pathlib import Path

import pytest

from app.domain.codes import expand
from app.domain.encounter import Sex
from app.knowledge.pack import PackError
from app.knowledge.payment_note import parse, read_terms, terms_of
from app.knowledge.payment_note.mapping import to_restricted_use
from tests.knowledge.payment_note.shared import diagnosis_codes

TABLES = Path(__file__).resolve().parents[3] / "rules" / "tables" / "terms"


def _rows() -> list[dict[str, str]]:
    with (TABLES / "diagnosis-terms.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_every_pattern_is_met_by_a_code_of_the_insurance_edition() -> None:
    codes = diagnosis_codes()

    def exists(prefix: str) -> bool:
        place = bisect_left(codes, prefix)
        return place < len(codes) and codes[place].startswith(prefix)

    assert len(codes) > 30_000
    unmet = set()
    for row in _rows():
        for pattern in filter(None, row["codes"].split("|")):
            ends = expand(pattern)
            if not any(exists(code.removesuffix("*")) for code in ends):
                unmet.add(f"{row['term']}: {pattern}")
    assert unmet == set()


def test_every_term_names_its_source() -> None:
    rows = _rows()
    assert len(rows) > 400
    assert [row["term"] for row in rows if not row["source"].strip()] == []


def test_a_table_of_ones_own_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "tables" / "terms"
    folder.mkdir(parents=True)
    (folder / "diagnosis-terms.csv").write_text("term,codes,source\n丗病,Z99*,测试\n", "utf-8")
    (folder / "restriction-words.csv").write_text("term,kind,value\n限,glue,\n", "utf-8")
    (folder / "sex-words.csv").write_text("term,sex\n丗,male\n", "utf-8")
    terms = terms_of(tmp_path)
    assert to_restricted_use(parse("限丗病", terms))["diagnoses"].split("|")[0] == "Z99*"
    assert parse("限丗病").needs_review
    assert terms.sexes_in("丗") == {Sex.MALE}


@pytest.mark.parametrize(
    ("diagnoses", "words", "told"),
    [
        ("丗病,I90-I20,测试", "限,glue,", "line 2"),
        ("丗病,Z99*,", "限,glue,", "source"),
        ("丗病,Z99*,测试", "限,nonsense,", "kind"),
        ("丗病,Z99*,测试", "丗病,glue,", "stands twice"),
    ],
)
def test_a_fault_in_a_table_is_told(tmp_path: Path, diagnoses: str, words: str, told: str) -> None:
    folder = tmp_path / "tables" / "terms"
    folder.mkdir(parents=True)
    (folder / "diagnosis-terms.csv").write_text(f"term,codes,source\n{diagnoses}\n", "utf-8")
    (folder / "restriction-words.csv").write_text(f"term,kind,value\n{words}\n", "utf-8")
    with pytest.raises(PackError, match=told):
        read_terms(tmp_path)


def test_a_folder_without_tables_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no term tables"):
        read_terms(tmp_path)
