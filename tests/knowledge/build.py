"""Builders of rule packs on disk, for the tests of what reads them."""

from pathlib import Path
from typing import Any

import yaml

HEADER = "point,item_code,item_name,sex"
ROWS = ("K1,001,甲,male", "K2,002*,乙,female")


def rule_document(**changes: Any) -> dict[str, Any]:
    """A whole `rule.yaml`, with these fields changed; a field given as None is left out."""
    document = {
        "title": "区分性别使用",
        "category": "虚构医药服务项目",
        "version": "1",
        "status": "active",
        "kind": "restricted_use",
        "severity": "definite",
        "judges": "all",
        "in_force": {"2025-01-01": {}},
        "message": "{item}{broken}。",
        "remedy": "核对患者性别与项目。",
        "references": ["测试用规则"],
        "examples": [
            {
                "name": "女性患者使用",
                "encounter": {
                    "patient": {"sex": "female"},
                    "charge_lines": [{"id": "L1", "item_code": "001", "service_date": "2026-03-01"}],
                },
                "hits": ["L1"],
            },
            {
                "name": "男性患者使用",
                "encounter": {
                    "patient": {"sex": "male"},
                    "charge_lines": [{"id": "L1", "item_code": "001", "service_date": "2026-03-01"}],
                },
                "hits": [],
            },
        ],
    }
    return {name: value for name, value in {**document, **changes}.items() if value is not None}


def write_rule(
    root: Path,
    name: str = "item-for-other-sex",
    *,
    place: str = "national",
    header: str = HEADER,
    rows: tuple[str, ...] = ROWS,
    **changes: Any,
) -> Path:
    """Write a rule's folder and give its path. No rows: no knowledge file."""
    folder = root / place / name
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(rule_document(**changes), allow_unicode=True, sort_keys=False, default_style='"')
    (folder / "rule.yaml").write_text(text, encoding="utf-8")
    if rows:
        (folder / "knowledge.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return folder


def write_csv(file: Path, *rows: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file
