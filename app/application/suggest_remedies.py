"""Suggest remedies (处理建议): which changes of the orders at fault would settle a finding.

Nothing is suggested that only papers over it: no diagnosis is made up, and no quantity below what the rule allows.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from app.domain.codes import CodeSet
from app.domain.encounter import Encounter
from app.domain.finding import Finding
from app.domain.line import Line
from app.engine.compiled import RuleHead
from app.engine.ruleset import Ruleset
from app.knowledge.rule import Judges

_LIMIT = "quantity_limit"
_DUPLICATES = frozenset({"mutually_exclusive", "same_class_duplicate", "repeated_elsewhere"})
_PAYMENT = frozenset({"超医保支付范围", "未履行告知义务"})
_MOST_POINTS = 5_000


class Way(StrEnum):
    ALTERNATIVE = "alternative"  # 换用可支付的项目
    REDUCE = "reduce"  # 减量
    REMOVE = "remove"  # 删除重复的医嘱
    ADD_INDICATION = "add_indication"  # 补充指征
    SELF_PAY = "self_pay"  # 改为自费并取得知情同意


class Remedy(NamedTuple):
    """One way to settle a finding: for each line to change its new quantity, None where it stays or goes altogether.

    `text` is what the way needs to say: the alternative's name, the diagnoses that would do.
    """

    way: Way
    lines: tuple[tuple[str, Decimal | None], ...]
    text: str = ""
    is_recommended: bool = False


def suggest_remedies(
    finding: Finding, ruleset: Ruleset, encounter: Encounter, lines: Mapping[str, Line]
) -> list[Remedy]:
    """The best first. `lines`: those that may still be changed, by id; a finding of others has no remedy here."""
    head = ruleset.rules.get(finding.rule)
    at_fault = [lines[one] for one in finding.lines if one in lines]
    if head is None or not at_fault or len(at_fault) < len(finding.lines):
        return []
    # Points are read once for each rule; a table of whole catalogues is not worth the wait of a doctor.
    point = ruleset.table(head).derive(_by_id).get(finding.point) if head.point_count <= _MOST_POINTS else None
    found = [*_alternatives(finding, point, at_fault), *_fewer(finding, head, ruleset, at_fault)]
    if head.kind in _DUPLICATES:
        found.append(Remedy(Way.REMOVE, tuple((line.id, None) for line in at_fault)))
    if found:
        found[0] = found[0]._replace(is_recommended=True)
    if wanted := _indication(point, encounter):
        found.append(Remedy(Way.ADD_INDICATION, tuple((line.id, None) for line in at_fault), wanted))
    if head.judges is Judges.CLAIMED and head.category in _PAYMENT:
        found.append(Remedy(Way.SELF_PAY, tuple((line.id, None) for line in at_fault)))
    return found


def _by_id(points: Sequence[Any]) -> dict[str, Any]:
    return {point.point: point for point in points}


def _alternatives(finding: Finding, point: Any, lines: list[Line]) -> list[Remedy]:
    name = finding.facts.get("alternative") or getattr(point, "alternative", "") or getattr(point, "cheaper_name", "")
    return [Remedy(Way.ALTERNATIVE, ((lines[0].id, None),), name)] if name and len(lines) == 1 else []


def _fewer(finding: Finding, head: RuleHead, ruleset: Ruleset, lines: list[Line]) -> list[Remedy]:
    """What a limit leaves: the last lines go first, and the one that straddles the limit keeps what is allowed."""
    if head.kind != _LIMIT:
        return []
    measure = _measure(head, ruleset, lines[-1])
    if measure == "times":
        return [Remedy(Way.REMOVE, tuple((line.id, None) for line in lines))]
    excess = _decimal(finding.facts.get("excess", ""))
    if measure != "quantity" or excess is None or excess <= 0:
        return []
    changes: list[tuple[str, Decimal | None]] = []
    for line in reversed(lines):
        if excess <= 0:
            break
        left = line.quantity - excess
        changes.append((line.id, left if left > 0 else None))
        excess -= line.quantity
    way = Way.REMOVE if all(left is None for _, left in changes) else Way.REDUCE
    return [Remedy(way, tuple(changes))]


def _measure(head: RuleHead, ruleset: Ruleset, line: Line) -> str:
    """What the rule counts on the line's day."""
    periods = _periods(ruleset).get(head.id, ())
    return next((measure for start, end, measure in periods if start <= line.service_date <= end), "")


class _Counts(msgspec.Struct):
    measure: str = ""


_decode_measure: Callable[[msgspec.Raw], _Counts] = msgspec.msgpack.Decoder(_Counts).decode


@lru_cache(1)  # rulesets are judged by one after the other
def _periods(ruleset: Ruleset) -> dict[str, list[tuple[date, date, str]]]:
    """When each rule on quantities counts what."""
    found: dict[str, list[tuple[date, date, str]]] = {}
    for period in ruleset.header.periods:
        head = ruleset.header.rules[period.rule]
        if head.kind == _LIMIT:
            told = _decode_measure(period.parameters).measure
            found.setdefault(head.id, []).append((period.start, period.end, told))
    return found


def _indication(point: Any, encounter: Encounter) -> str:
    """The diagnoses that the point asks for, where the patient has none of them."""
    patterns: tuple[str, ...] = getattr(point, "diagnoses", ())
    if not patterns or hasattr(point, "pathway"):  # a pathway applies because of its diagnoses
        return ""
    codes = [one.code for one in encounter.diagnoses if one.code]
    return "" if CodeSet(patterns).matching(codes) else "、".join(patterns[:5])


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
