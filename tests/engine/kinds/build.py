"""Builders shared by the tests of rule kinds: lines, encounters, and a judgement by one rule made on the spot."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.domain.line import ChargeLine, OrderLine
from app.engine.compiled import compile_rules
from app.engine.ruleset import Ruleset
from app.knowledge.pack import NATIONAL, RuleFolder
from app.knowledge.rule import Rule

DAY = date(2026, 3, 10)


def line(id: str, code: str, day: date = DAY, **fields: Any) -> ChargeLine:
    """A charge; fields may be text, as in a request."""
    return msgspec.convert({"id": id, "item_code": code, "service_date": day, **fields}, ChargeLine, strict=False)


def order(id: str, code: str, day: date = DAY, **fields: Any) -> OrderLine:
    return msgspec.convert({"id": id, "item_code": code, "service_date": day, **fields}, OrderLine, strict=False)


def encounter(*lines: ChargeLine | OrderLine, **fields: Any) -> Encounter:
    """An encounter of these lines. `facility` and `patient` may be given in part; their ids are made up."""
    written = {
        "id": "E",
        **fields,
        "facility": {"id": "F", **fields.get("facility", {})},
        "patient": {"id": "P", **fields.get("patient", {})},
        "charge_lines": [one for one in lines if isinstance(one, ChargeLine)],
        "order_lines": [one for one in lines if isinstance(one, OrderLine)],
    }
    return msgspec.convert(msgspec.to_builtins(written), Encounter, strict=False)


def rule_folder(
    kind_name: str, parameters: dict[str, Any], points: Sequence[dict[str, str]], **rule: Any
) -> RuleFolder:
    """A rule as if read from a pack. Without points it has no knowledge file; a point without an id gets one."""
    rows = [{"point": f"K{number:03d}", **point} for number, point in enumerate(points, start=1)]
    header = tuple(dict.fromkeys(name for row in rows for name in row))
    written = {
        "id": "rule-under-test",
        "title": "被测规则",
        "category": "测试",
        "version": 1,
        "status": "active",
        "kind": kind_name,
        "severity": "definite",
        "judges": "all",
        "in_force": {"2020-01-01": parameters},
        "message": "{item}有疑点",
        "remedy": "请予核对",
        "references": ["测试"],
        "examples": [],
        **rule,
    }
    cells = [[row.get(name, "") for name in header] for row in rows]
    numbers = list(range(2, len(rows) + 2))
    return RuleFolder(
        Path("rule-under-test"), NATIONAL, Rule.model_validate(written), header, cells, numbers, content_hash="test"
    )


def open_rule(kind_name: str, parameters: dict[str, Any], points: Sequence[dict[str, str]], **rule: Any) -> Ruleset:
    """The compiled rule, for tests that judge many cases by it. Raises PackError for what a rule author got wrong."""
    return Ruleset(compile_rules([rule_folder(kind_name, parameters, points, **rule)]))


def judge(
    kind_name: str,
    parameters: dict[str, Any],
    points: Sequence[dict[str, str]],
    encounter: Encounter,
    history: Sequence[Encounter] | None = None,
    stage: Stage = Stage.ORDERING,
    **rule: Any,
) -> Judgement:
    """What one rule of the kind says of the encounter; `rule` overrides fields of rule.yaml."""
    past = None if history is None else tuple(history)
    return open_rule(kind_name, parameters, points, **rule).audit(Case(encounter, stage, past))


def at_fault(judgement: Judgement) -> list[list[str]]:
    """The ids of the lines at fault, finding by finding."""
    return [list(finding.lines) for finding in judgement.findings]


def missing(judgement: Judgement) -> dict[str, list[str]]:
    """The ids of the lines that could not be judged, by the fact that was missing. A broken check fails the test."""
    found = {one.missing: list(one.lines) for one in judgement.not_evaluated}
    assert "internal_error" not in found, f"a check broke down on {found['internal_error']}"
    return found


def amount(judgement: Judgement) -> Decimal | None:
    """The amounts at issue added up, None where one is unknown."""
    amounts = [finding.amount_at_issue for finding in judgement.findings]
    return None if None in amounts else sum((one for one in amounts if one is not None), Decimal(0))
