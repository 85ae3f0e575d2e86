"""Other ways of doing the same checks: a plain loop over all rules, and the zen-engine (GoRules) in three forms.

All are given the same facts of each line, made by `line_facts`, which counts as part of their work; all answer
(rule, point, line) only, whereas ours also gives the message, the amount, the facts and an id of each finding.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

import zen

from app.domain.case import age_in_years
from app.domain.encounter import Encounter
from benchmarks.generate import Spec, Test

Found = list[tuple[str, str, str]]  # rule, point, line
Rival = Callable[[Encounter], Found]
_COLUMNS = ("code", "sex", "age", "categories", "quantity", "beside")
_COLUMN_OF: dict[Test, str] = {
    "sex": "sex",
    "age": "age",
    "diagnosis": "categories",
    "quantity": "quantity",
    "exclusive": "beside",
}


def line_facts(encounter: Encounter) -> list[dict[str, Any]]:
    """What the checks ask of each line: the patient, what is charged that day, and how much of the item so far."""
    sex, birth_date = str(encounter.patient.sex), encounter.patient.birth_date
    assert birth_date is not None
    categories = [diagnosis.code[:3] for diagnosis in encounter.diagnoses]
    beside: dict[Any, list[str]] = {}
    for line in encounter.charge_lines:
        beside.setdefault(line.service_date, []).append(line.item_code)
    ages = {day: age_in_years(birth_date, day) for day in beside}
    used: dict[Any, int] = {}
    facts = []
    for line in encounter.charge_lines:
        code, day = line.item_code, line.service_date
        quantity = used[code, day] = used.get((code, day), 0) + int(line.quantity)
        facts.append(
            {
                "line": line.id,
                "code": code,
                "sex": sex,
                "age": ages[day],
                "categories": categories,
                "quantity": quantity,
                "beside": beside[day],
            }
        )
    return facts


def _is_broken(spec: Spec, facts: dict[str, Any]) -> bool:
    test = spec.test
    if test == "quantity":
        return bool(facts["quantity"] > spec.limit)
    if test == "exclusive":
        return spec.kept in facts["beside"]
    return not spec.suits(facts["sex"], facts["age"], facts["categories"])


def plain_loop(specs: list[Spec]) -> Rival:
    """Every rule is asked about every line."""

    def audit(encounter: Encounter) -> Found:
        found = []
        for facts in line_facts(encounter):
            code = facts["code"]
            for spec in specs:
                if spec.code == code and _is_broken(spec, facts):
                    found.append((spec.rule, spec.point, facts["line"]))
        return found

    return audit


def zen_tables(specs: list[Spec], *, compiled: bool) -> Rival:
    """One decision table with a row for each point (hit policy: collect).

    Its documentation gives `create_decision` the text; then each call works through every cell anew. `compiled` gives
    it a `ZenDecisionContent` of the same text, which is read and indexed once.
    """
    text = json.dumps(_table(specs))
    decision = zen.ZenEngine().create_decision(zen.ZenDecisionContent(text) if compiled else text)

    def audit(encounter: Encounter) -> Found:
        found = []
        for facts in line_facts(encounter):
            for row in decision.evaluate(facts)["result"]:
                found.append((row["rule"], row["point"], facts["line"]))
        return found

    return audit


def zen_expressions(specs: list[Spec]) -> Rival:
    """One compiled expression for each point, behind a hash by item code made by hand."""
    by_code: dict[str, list[tuple[Spec, Any]]] = {}
    for spec in specs:
        by_code.setdefault(spec.code, []).append((spec, zen.compile_expression(_expression(spec))))

    def audit(encounter: Encounter) -> Found:
        found = []
        for facts in line_facts(encounter):
            for spec, expression in by_code.get(facts["code"], ()):
                if expression.evaluate(facts):
                    found.append((spec.rule, spec.point, facts["line"]))
        return found

    return audit


def zen_item_expressions(specs: list[Spec]) -> Rival:
    """As `zen_expressions`, with all points of an item in one expression that gives a list: fewer calls."""
    grouped: dict[str, list[Spec]] = {}
    for spec in specs:
        grouped.setdefault(spec.code, []).append(spec)
    by_code = {
        code: (group, zen.compile_expression(f"[{', '.join(map(_expression, group))}]"))
        for code, group in grouped.items()
    }

    def audit(encounter: Encounter) -> Found:
        found = []
        for facts in line_facts(encounter):
            if facts["code"] not in by_code:
                continue
            group, expression = by_code[facts["code"]]
            for spec, broken in zip(group, expression.evaluate(facts), strict=True):
                if broken:
                    found.append((spec.rule, spec.point, facts["line"]))
        return found

    return audit


def _table(specs: Iterable[Spec]) -> dict[str, Any]:
    rows = [
        {
            "_id": f"{spec.rule} {spec.point}",
            **dict.fromkeys(_COLUMNS, ""),
            "code": f'"{spec.code}"',
            _COLUMN_OF[spec.test]: _cell(spec),
            "rule": f'"{spec.rule}"',
            "point": f'"{spec.point}"',
        }
        for spec in specs
    ]
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": name, "name": name, "field": name} for name in _COLUMNS],
        "outputs": [{"id": name, "name": name, "field": name} for name in ("rule", "point")],
        "rules": rows,
    }
    nodes: list[dict[str, Any]] = [
        {"id": "facts", "type": "inputNode"},
        {"id": "table", "type": "decisionTableNode", "content": content},
        {"id": "found", "type": "outputNode"},
    ]
    edges = [("facts", "table"), ("table", "found")]
    return {
        "nodes": [{**node, "name": node["id"], "position": {"x": 0, "y": 0}} for node in nodes],
        "edges": [{"id": a + b, "type": "edge", "sourceId": a, "targetId": b} for a, b in edges],
    }


def _cell(spec: Spec) -> str:
    """What a line must be for the point to be broken; the column's own value is meant, written `$` where it must be."""
    if spec.test == "sex":
        return f'!= "{spec.sex}"'
    if spec.test == "age":
        return f"< {spec.low} or > {spec.high}"
    if spec.test == "diagnosis":
        return f"none($, # in {json.dumps(spec.categories)})"
    return f"> {spec.limit}" if spec.test == "quantity" else f'contains($, "{spec.kept}")'


def _expression(spec: Spec) -> str:
    if spec.test == "sex":
        return f'sex != "{spec.sex}"'
    if spec.test == "age":
        return f"age < {spec.low} or age > {spec.high}"
    if spec.test == "diagnosis":
        return f"none(categories, # in {json.dumps(spec.categories)})"
    return f"quantity > {spec.limit}" if spec.test == "quantity" else f'contains(beside, "{spec.kept}")'
