"""The published points and the ICD-10 table that lie beside the repository, where they do."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
POINTS = SHARED / "national-library" / "knowledge_points_batches_01_12.csv"
CATALOGUE = SHARED / "catalogue" / "nrdl_2024.csv"
SCHEME = SHARED / "drg" / "schemes" / "chs_drg_11.zip"


def needed(file: Path) -> Path:
    if not file.exists():
        pytest.skip(f"{file.name} is not beside the repository, and it is not part of it")
    return file


def diagnosis_codes() -> list[str]:
    """Every part of every ICD-10 insurance code: of a pair 病因+表现 both."""
    with zipfile.ZipFile(needed(SCHEME)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/dx.csv")]
        rows = csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")))
        return sorted({part for row in rows for part in row["code"].split("+")})
