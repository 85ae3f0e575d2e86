"""What the oracles of the kinds' tests share: slow readings of the definitions that use no code of the engine."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from app.domain.audit import Judgement
from app.domain.encounter import Encounter
from app.domain.line import ChargeLine
from tests.engine.kinds import build

Finding = tuple[tuple[str, ...], frozenset[str], Decimal | None]  # lines at fault, related lines, amount


def spelled(text: str) -> list[ChargeLine]:
    """Lines written briefly, parted by `;`: id, code, a date or the days after DAY, and fields as name=value."""
    found = []
    for written in filter(None, (one.strip() for one in text.split(";"))):
        id, code, *rest = written.split()
        fields = dict(one.split("=") for one in rest if "=" in one)
        when = next((one for one in rest if "=" not in one), "+0")
        day = build.DAY + timedelta(days=int(when)) if when[0] == "+" else date.fromisoformat(when)
        found.append(build.line(id, code, day, **fields))
    return found


def matches(patterns: str, code: str) -> bool:
    """Whether one of the patterns of a cell names the code."""
    for pattern in patterns.split("|"):
        if pattern == code or (pattern.endswith("*") and code[: len(pattern) - 1] == pattern[:-1]):
            return True
        if "-" in pattern and pattern[:3] <= code[:3] <= pattern[4:]:
            return True
    return False


def counted(encounter: Encounter, patterns: str) -> list[Any]:
    """The charges and the orders not yet charged of these codes, in order of date and then as sent."""
    charged = [charge.order_id for charge in encounter.charge_lines]
    sent = [order for order in encounter.order_lines if order.id not in charged] + list(encounter.charge_lines)
    numbered = [
        (line.service_date, place, line) for place, line in enumerate(sent) if matches(patterns, line.item_code)
    ]
    return [line for _, _, line in sorted(numbered, key=lambda one: one[:2])]


def earlier(encounter: Encounter, history: Sequence[Encounter] | None, patterns: str) -> list[Any]:
    """The lines of these codes in the patient's other encounters, in order of date and then as sent."""
    others = [past for past in history or () if (past.facility.id, past.id) != (encounter.facility.id, encounter.id)]
    return sorted((line for past in others for line in counted(past, patterns)), key=lambda line: line.service_date)


def claimed(line: Any) -> Fraction | None:
    if line.amount is None and line.unit_price is None:
        return None
    total = Fraction(line.amount) if line.amount is not None else Fraction(line.unit_price) * Fraction(line.quantity)
    return max(total - Fraction(line.uncovered_amount or 0), Fraction(0))


def total(lines: Iterable[Any]) -> Fraction | None:
    amounts = [claimed(line) for line in lines]
    return None if None in amounts else sum((one for one in amounts if one is not None), Fraction(0))


def in_cents(amount: Fraction | None) -> Decimal | None:
    return None if amount is None else Decimal(floor(amount * 100 + Fraction(1, 2))) / 100


def finding(lines: Iterable[Any], related: Iterable[Any], amount: Fraction | None) -> Finding:
    return tuple(line.id for line in lines), frozenset(line.id for line in related), in_cents(amount)


def told(judgement: Judgement) -> tuple[list[Finding], dict[str, set[str]]]:
    """The findings of a judgement and the lines that were not judged by missing fact, to set beside an oracle's."""
    findings = sorted((one.lines, frozenset(one.related_lines), one.amount_at_issue) for one in judgement.findings)
    return findings, {fact: set(ids) for fact, ids in build.missing(judgement).items()}
