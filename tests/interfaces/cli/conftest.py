"""A small pack of rules of its own, so that these tests do not hang on the national library."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.interfaces.cli import main
from tests.application.build import packs
from tests.interfaces.cli.backup_place import PASSPHRASE, Installation
from tests.servers import Postgres

RULE = """\
title: 项目区分性别
category: 虚构医药服务项目
version: 1
status: active
kind: restricted_use
severity: definite
in_force:
  2025-01-01: {}
message: "{item}{broken}。"
remedy: 核对患者性别与项目。
references:
  - 测试依据
examples:
  - name: 男性患者
    encounter:
      patient: {sex: male}
      charge_lines: [{id: L1, item_code: 003112010070000, service_date: 2026-03-01}]
    hits: [L1]
  - name: 女性患者
    encounter:
      patient: {sex: female}
      charge_lines: [{id: L1, item_code: 003112010070000, service_date: 2026-03-01}]
    hits: []
"""
KNOWLEDGE = "point,item_code,item_name,sex\nP1,003112010070000,后穹窿穿刺术,female\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "rules" / "national" / "item-for-other-sex"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(RULE, "utf-8")
    (folder / "knowledge.csv").write_text(KNOWLEDGE, "utf-8")
    return tmp_path / "rules"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("MINGJIAN_RULES_DIR", "")

    def invoke(*arguments: object, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(one) for one in arguments], input=stdin)

    return invoke


def request(encounter: str = "E1", sex: str = "male", **line: Any) -> str:
    """One audit request as a line of JSON: a charge that only women may have."""
    charge = {"id": "L1", "item_code": "003112010070000", "item_name": "后穹窿穿刺术", "service_date": "2026-03-01"}
    return json.dumps(
        {
            "stage": "settling",
            "encounter": {
                "id": encounter,
                "facility": {"id": "F"},
                "patient": {"id": "P", "sex": sex},
                "diagnoses": [{"code": "N73.900"}],
                "charge_lines": [{**charge, "amount": 50, **line}],
            },
        },
        ensure_ascii=False,
    )


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres) -> Installation:
    url = postgres.new_database() if request.param == "postgresql" else None
    return Installation(tmp_path / "data", packs(tmp_path / "rules"), url)


@pytest.fixture
def alone(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data", packs(tmp_path / "rules"))
