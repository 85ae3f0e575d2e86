"""Conditions at work (入组条件的求值): settled by what the principal codes decide, and run for the rest."""

import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.domain.encounter import Sex
from app.domain.stay import Stay
from app.grouper.compiled_scheme import CodeTable
from app.grouper.entry import BITS, HAS_CC, HAS_MCC, Entry, severity
from app.knowledge.scheme_condition import (
    FALSE,
    TRUE,
    And,
    Atom,
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

Coded = Sequence[Entry]
Record = tuple[Stay, Coded, Coded]
"""A stay with its diagnoses and procedures as the scheme sees them, both in the order recorded."""

Test = Callable[[Record], bool]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
NUMBER_FIELDS = {
    "age": "age_years",
    "age_days": "age_days",
    "weight": "weight_grams",
    "los": "stay_days",
    "icu_hours": "icu_hours",
}
SEXES = {"1": Sex.MALE, "2": Sex.FEMALE}


class Bits(NamedTuple):
    """Where the lists of a scheme stand in the sets of its codes; a list that is not there is empty."""

    diagnoses: CodeTable
    procedures: CodeTable
    valid: int

    def of(self, atom: Member | Tagged | Valid) -> int:
        """The bit of the list, the tag in it, or the valid procedures, as a mask; 0 where it is empty."""
        if isinstance(atom, Valid):
            return 1 << self.valid
        if isinstance(atom, Tagged):
            bit = self.procedures.tag_bits.get(atom.list, {}).get(atom.tag)
        else:
            bit = (self.procedures if "proc" in atom.subject else self.diagnoses).bits.get(atom.list)
        return 0 if bit is None else 1 << bit

    def of_tags(self, atom: Sites) -> int:
        found = 0
        for bit in self.diagnoses.tag_bits.get(atom.list, {}).values():
            found |= 1 << bit
        return found


class Principal(NamedTuple):
    """What a plan is made for: the bits of the principal diagnosis and of the first procedure, if any; and whether
    more procedures follow.
    """

    diagnosis: int
    procedure: int
    has_more: bool


def reduce(condition: Condition, principal: Principal, bits: Bits) -> Condition:
    """The condition with all that follows from the principal codes settled; TRUE or FALSE where nothing is open."""
    if isinstance(condition, Not):
        part = reduce(condition.part, principal, bits)
        return (FALSE if part.value else TRUE) if isinstance(part, Truth) else Not(part)
    if isinstance(condition, And):
        return _joined(condition.parts, And, FALSE, principal, bits)
    if isinstance(condition, Or):
        return _joined(condition.parts, Or, TRUE, principal, bits)
    return _settled(condition, principal, bits)


def _joined(
    parts: tuple[Condition, ...], join: type[And] | type[Or], decides: Truth, principal: Principal, bits: Bits
) -> Condition:
    left = []
    for part in parts:
        found = reduce(part, principal, bits)
        if not isinstance(found, Truth):
            left.append(found)
        elif found == decides:
            return decides
    if not left:
        return FALSE if decides.value else TRUE
    return left[0] if len(left) == 1 else join(tuple(left))


def _settled(atom: Atom, principal: Principal, bits: Bits) -> Condition:
    if isinstance(atom, Member | Tagged | Valid):
        mask = bits.of(atom)
        subject = "proc" if isinstance(atom, Tagged) else atom.subject
        if subject == "pdx":
            return TRUE if principal.diagnosis & mask else FALSE
        if subject == "proc1":
            return TRUE if principal.procedure & mask else FALSE
        if (subject == "dx" and principal.diagnosis & mask) or (subject == "proc" and principal.procedure & mask):
            return TRUE
        if not mask or (subject in ("proc", "oproc") and not principal.has_more):
            return FALSE
    return atom


def test_of(condition: Condition, bits: Bits) -> Test:
    """The condition as a function."""
    if isinstance(condition, Not):
        inner = test_of(condition.part, bits)
        return lambda record: not inner(record)
    if isinstance(condition, And | Or):
        tests = [test_of(part, bits) for part in condition.parts]
        if isinstance(condition, And):
            return lambda record: all([test(record) for test in tests])
        return lambda record: any([test(record) for test in tests])
    return _test_of_atom(condition, bits)


def _test_of_atom(atom: Atom, bits: Bits) -> Test:
    if isinstance(atom, Truth):
        value = atom.value
        return lambda _: value
    if isinstance(atom, Number):
        return _test_of_number(atom)
    if isinstance(atom, Word):
        return _test_of_word(atom)
    if isinstance(atom, Severity):
        wanted = HAS_MCC if atom.level == "mcc" else HAS_CC
        return lambda record: bool(severity(record[1]) & wanted)
    if isinstance(atom, Sites):
        sites, compare, number = bits.of_tags(atom), COMPARE[atom.operator], atom.number
        return lambda record: compare((together(record[1]) & sites).bit_count(), number)
    mask = bits.of(atom)
    return _TESTS["proc" if isinstance(atom, Tagged) else atom.subject](mask)


def together(entries: Coded) -> int:
    """All lists that hold any of the codes."""
    found = 0
    for entry in entries:
        found |= entry[BITS]
    return found


_TESTS: dict[str, Callable[[int], Test]] = {
    "pdx": lambda mask: lambda record: bool(record[1][0][BITS] & mask),
    "dx": lambda mask: lambda record: bool(together(record[1]) & mask),
    "odx": lambda mask: lambda record: bool(together(record[1][1:]) & mask),
    "proc1": lambda mask: lambda record: bool(together(record[2][:1]) & mask),
    "proc": lambda mask: lambda record: bool(together(record[2]) & mask),
    "oproc": lambda mask: lambda record: bool(together(record[2][1:]) & mask),
}


def _test_of_number(atom: Number) -> Test:
    field, compare, number = NUMBER_FIELDS[atom.field], COMPARE[atom.operator], atom.number
    is_weight = atom.field == "weight"

    def test(record: Record) -> bool:
        value = getattr(record[0], field)
        return value is not None and compare(value, number) and not (is_weight and value == 0)

    return test


def _test_of_word(atom: Word) -> Test:
    if atom.field == "sex":
        sexes = {SEXES[value] for value in atom.values}
        return lambda record: record[0].sex in sexes
    values = frozenset(atom.values)
    if atom.field == "leaving":
        return lambda record: record[0].discharge_disposition in values
    return lambda record: record[0].department in values
