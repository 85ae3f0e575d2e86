"""Dose (剂量): how much of its active substance a line holds, in one unit of mass, from what a pack says of itself.

A row may give the content of a charged unit (`片=25`); else a line charged by mass says it by itself; else the
specification is read (`4ml:80mg`, `0.25g*24片`). What is ambiguous is not guessed: two masses in one specification, a
box that does not tell how many it holds.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from app.domain.line import Line
from app.domain.money import SMALLEST

_MASSES = {  # in milligrams
    "g": Decimal(1000),
    "克": Decimal(1000),
    "mg": Decimal(1),
    "毫克": Decimal(1),
    "μg": Decimal("0.001"),
    "ug": Decimal("0.001"),
    "mcg": Decimal("0.001"),
    "微克": Decimal("0.001"),
}
_SINGLES = frozenset("支片粒丸枚贴袋")  # what one dose form is charged by
_PACKS = frozenset({"盒", "瓶", "包", "板"})
_MASS = re.compile(r"(\d+(?:\.\d+)?)\s*(mg|mcg|ug|μg|g|毫克|微克|克)(?![a-wyzA-WYZ])")
_TIMES = re.compile(r"[*×xX]\s*(\d+)\s*(支|片|粒|丸|枚|贴|袋|板|瓶)?")
_ODD = re.compile(r"[%％]|单位|iu\b|[+＋]", re.IGNORECASE)


def is_mass(unit: str) -> bool:
    return unit.lower() in _MASSES


def read_contents(cells: Iterable[str]) -> dict[str, Decimal]:
    """`unit=content` cells as a table; raises ValueError for what is not one."""
    found = {}
    for cell in cells:
        unit, sign, number = cell.partition("=")
        try:
            content = Decimal(number)
        except InvalidOperation:
            content = Decimal(0)
        if not unit or not sign or not content.is_finite() or content < SMALLEST:
            raise ValueError(f"contents has {cell!r}; write the charged unit and what it holds, as in 片=25")
        found[unit] = content
    return found


def dose_of(line: Line, contents: Mapping[str, Decimal], unit: str) -> Decimal | None:
    """What the line holds, in `unit`; None where nobody can tell."""
    content = contents.get(line.unit)
    if content is not None:
        return line.quantity * content
    if not is_mass(unit):
        return None
    if is_mass(line.unit):
        return line.quantity * _MASSES[line.unit.lower()] / _MASSES[unit.lower()]
    milligrams = _milligrams(line.specification, line.unit)
    return None if milligrams is None else line.quantity * milligrams / _MASSES[unit.lower()]


def _milligrams(specification: str, unit: str) -> Decimal | None:
    """The milligrams in one charged unit of such a pack."""
    masses = _MASS.findall(specification)
    if len(masses) != 1 or _ODD.search(specification):
        return None
    each = Decimal(masses[0][0]) * _MASSES[masses[0][1]]
    counts = _TIMES.findall(specification)
    if unit in _SINGLES:
        return each if not counts or counts[0][1] in ("", unit) else None
    if unit in _PACKS and len(counts) == 1 and counts[0][1] != unit:
        return each * Decimal(counts[0][0])
    is_vial = unit == "瓶" and not counts and ("/瓶" in specification or "ml" in specification.lower())
    return each if is_vial else None
