"""What conditions leave possible (条件的取值范围): codes, numbers, words; to see what excludes or implies what."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.knowledge.scheme_condition import (
    FALSE,
    And,
    Condition,
    Member,
    Not,
    Number,
    Or,
    Severity,
    Sites,
    Tagged,
    Truth,
    Valid,
    Word,
)
from app.knowledge.scheme_tables import SchemeTables

_INFINITE = float("inf")
_ANY_OF = {"dx": ("pdx",), "proc": ("proc1",)}  # what is in `pdx in L` is in `dx any L` too


@dataclass(slots=True)
class Bounds:
    """`codes`: what the principal diagnosis (pdx) and first procedure (proc1) can be; absent: anything."""

    tables: SchemeTables
    parts: frozenset[Condition]
    codes: dict[str, frozenset[str]] = field(default_factory=dict)
    ranges: dict[str, tuple[float, bool, float, bool]] = field(default_factory=dict)
    words: dict[str, frozenset[str]] = field(default_factory=dict)


def bounds_of(parts: Iterable[Condition], tables: SchemeTables) -> Bounds | None:
    """What cases can meet all parts; None where none can."""
    bounds = Bounds(tables, frozenset(parts))
    for part in bounds.parts:
        if part == FALSE or not _narrow(bounds, part):
            return None
    for part in bounds.parts:
        if isinstance(part, Not) and implies(bounds, part.part):
            return None
        if isinstance(part, Or) and all(_excluded(bounds, one) for one in part.parts):
            return None
    return bounds


def _narrow(bounds: Bounds, part: Condition) -> bool:
    """Take the part into account; False where nothing is left."""
    if isinstance(part, Member):
        codes = frozenset(bounds.tables.lists.get(part.list, ()))
        return bool(codes) if part.subject not in ("pdx", "proc1") else _meet(bounds, part.subject, codes)
    if isinstance(part, Valid) and part.subject == "proc1":
        return _meet(bounds, "proc1", bounds.tables.valid_procedures)
    if isinstance(part, Not) and isinstance(part.part, Member) and part.part.subject in bounds.codes:
        bounds.codes[part.part.subject] -= frozenset(bounds.tables.lists.get(part.part.list, ()))
        return bool(bounds.codes[part.part.subject])
    if isinstance(part, Tagged):
        return any(part.tag in tags for tags in bounds.tables.lists.get(part.list, {}).values())
    if isinstance(part, Number):
        return _meet_range(bounds, part)
    if isinstance(part, Word):
        values = bounds.words.get(part.field, frozenset(part.values)) & frozenset(part.values)
        bounds.words[part.field] = values
        return bool(values)
    return True


def _meet(bounds: Bounds, subject: str, codes: frozenset[str]) -> bool:
    bounds.codes[subject] = bounds.codes.get(subject, codes) & codes
    return bool(bounds.codes[subject])


def _range(number: Number) -> tuple[float, bool, float, bool]:
    """Lower end, whether it is excluded, upper end, whether it is excluded."""
    value = number.number
    least = (0.0, number.field == "weight")  # a weight of 0 is not given
    if number.operator == "=":
        return value, False, value, False
    if number.operator in (">", ">="):
        return value, number.operator == ">", _INFINITE, False
    return *least, value, number.operator == "<"


def _meet_range(bounds: Bounds, number: Number) -> bool:
    low, low_out, high, high_out = _range(number)
    known = bounds.ranges.get(number.field)
    if known is not None:
        low, low_out = max((low, low_out), known[:2])
        high, inside = min((high, not high_out), (known[2], not known[3]))
        high_out = not inside
    bounds.ranges[number.field] = (low, low_out, high, high_out)
    return low < high or (low == high and not low_out and not high_out)


def _excluded(bounds: Bounds, part: Condition) -> bool:
    return bounds_of((*(one for one in bounds.parts if not isinstance(one, Or)), part), bounds.tables) is None


def implies(bounds: Bounds, part: Condition) -> bool:
    """Whether every case within the bounds meets the part, as far as can be told; False where it cannot."""
    if part in bounds.parts:
        return True
    if isinstance(part, Truth):
        return part.value
    if isinstance(part, And):
        return all(implies(bounds, one) for one in part.parts)
    if isinstance(part, Or):
        return any(implies(bounds, one) for one in part.parts) or _severities(bounds, part)
    if isinstance(part, Member):
        return _implies_member(bounds, part)
    if isinstance(part, Valid):
        return bool(bounds.codes) and bounds.codes.get("proc1", frozenset({""})) <= bounds.tables.valid_procedures
    if isinstance(part, Number):
        return _implies_number(bounds, part)
    if isinstance(part, Word):
        return part.field in bounds.words and bounds.words[part.field] <= frozenset(part.values)
    if isinstance(part, Not) and isinstance(part.part, Member):
        codes = bounds.codes.get(part.part.subject)
        return codes is not None and codes.isdisjoint(bounds.tables.lists.get(part.part.list, ()))
    return False


def _implies_member(bounds: Bounds, part: Member) -> bool:
    codes = bounds.tables.lists.get(part.list, {}).keys()
    for subject in (part.subject, *_ANY_OF.get(part.subject, ())):
        if subject in bounds.codes and bounds.codes[subject] <= codes:
            return True
    weaker = {"dx": ("dx", "odx"), "proc": ("proc", "oproc")}.get(part.subject, (part.subject,))
    return any(
        isinstance(one, Member) and one.subject in weaker and bounds.tables.lists.get(one.list, {}).keys() <= codes
        for one in bounds.parts
        if isinstance(one, Member) and one.list in bounds.tables.lists
    )


def _implies_number(bounds: Bounds, part: Number) -> bool:
    known = bounds.ranges.get(part.field)
    if known is None:
        return False
    low, low_out, high, high_out = _range(part)
    return (known[0], known[1]) >= (low, low_out) and (known[2], not known[3]) <= (high, not high_out)


def _severities(bounds: Bounds, part: Or) -> bool:
    """`mcc or cc` holds where a case must have either."""
    return any(isinstance(one, Or) and set(one.parts) <= set(part.parts) for one in bounds.parts) and all(
        isinstance(one, Severity | Sites) for one in part.parts
    )
