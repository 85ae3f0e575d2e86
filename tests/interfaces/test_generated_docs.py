import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from app.interfaces.generated_docs import rule_schema

ROOT = Path(__file__).parent.parent.parent


class _EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: dates are text, and only decimal numbers are numbers."""


_EditorLoader.yaml_implicit_resolvers = {}
_EditorLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9]\d*)$"), list("-0123456789"))
_EditorLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false$"), list("tf"))

FINE: dict[str, Any] = {
    "title": "限次数",
    "category": "超标准收费",
    "version": 1,
    "status": "active",
    "kind": "quantity_limit",
    "severity": "definite",
    "in_force": {"2026-01-01": {"measure": "quantity", "per": "day"}, "2028-01-01": "ended"},
    "message": "一日最多一次。",
    "remedy": "退回多收的费用。",
    "references": ["依据"],
    "examples": [{"name": "两次", "encounter": {}, "hits": ["L2"]}],
}


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(json.dumps(rule_schema()))


def test_a_rule_is_valid_without_its_id(validator: Any) -> None:
    validator.validate(FINE)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "no_such_kind"},
        {"status": "on"},
        {"in_force": {"2026-01-01": {"measure": "weight", "per": "day"}}},
        {"in_force": {"2026-01-01": {"measure": "quantity", "per": "day", "perhaps": "1"}}},
        {"in_force": {"2026-01-01": "stopped"}},
        {"misspelt": "x"},
        {"id": "given-twice"},
    ],
    ids=lambda change: json.dumps(change),
)
def test_what_the_reader_would_refuse_is_refused_in_the_editor(validator: Any, change: dict[str, Any]) -> None:
    assert not validator.is_valid({**FINE, **change})


@pytest.mark.parametrize("file", sorted((ROOT / "rules").rglob("rule.yaml")), ids=lambda file: file.parent.name)
def test_every_rule_of_the_packs_satisfies_the_schema(validator: Any, file: Path) -> None:
    with file.open("rb") as opened:
        written = yaml.load(opened, _EditorLoader)
    assert [error.message for error in validator.iter_errors(written)] == []
