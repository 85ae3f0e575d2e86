"""Builders for the tests of imports: run one, and look at what it wrote."""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from app.application.import_table import ImportReport, import_table

DAY, SOURCE = date(2025, 5, 23), "测试发布的清单"
Rows = Sequence[Sequence[Any]]


def run(rules: Path, *files: Path, **more: Any) -> ImportReport:
    return import_table(files, rules, **{"published": DAY, "source": SOURCE, **more})


def points(rules: Path, rule: str) -> list[dict[str, str]]:
    with (rules / "national" / rule / "knowledge.csv").open(encoding="utf-8", newline="") as file:
        return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]


def state(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}
