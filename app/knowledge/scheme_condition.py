"""Conditions of a grouping scheme (入组条件): what mdc.csv, rules.csv and splits.csv may ask, as a tree.

The text is read by scheme_condition_text.py.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

Subject = Literal["pdx", "proc1", "dx", "odx", "proc", "oproc"]
Operator = Literal["<", "<=", ">", ">=", "="]
NumberField = Literal["age", "age_days", "weight", "los", "icu_hours"]
WordField = Literal["sex", "leaving", "dept"]
Level = Literal["mcc", "cc"]


class Truth(Struct, frozen=True, tag="truth", array_like=True, gc=False):
    value: bool


class Member(Struct, frozen=True, tag="member", array_like=True, gc=False):
    """The subject, or any of its codes, stands in the list."""

    subject: Subject
    list: str


class Tagged(Struct, frozen=True, tag="tagged", array_like=True, gc=False):
    list: str
    tag: str


class Sites(Struct, frozen=True, tag="sites", array_like=True, gc=False):
    list: str
    operator: Operator
    number: int


class Valid(Struct, frozen=True, tag="valid", array_like=True, gc=False):
    subject: Literal["proc1", "proc"]


class Number(Struct, frozen=True, tag="number", array_like=True, gc=False):
    """Unknown values meet no comparison; a weight of 0 is unknown."""

    field: NumberField
    operator: Operator
    number: int | float


class Word(Struct, frozen=True, tag="word", array_like=True, gc=False):
    field: WordField
    values: tuple[str, ...]


class Severity(Struct, frozen=True, tag="severity", array_like=True, gc=False):
    level: Level


class Not(Struct, frozen=True, tag="not", array_like=True):
    part: "Condition"


class And(Struct, frozen=True, tag="and", array_like=True):
    parts: tuple["Condition", ...]


class Or(Struct, frozen=True, tag="or", array_like=True):
    parts: tuple["Condition", ...]


Atom = Truth | Member | Tagged | Sites | Valid | Number | Word | Severity
Condition = Truth | Member | Tagged | Sites | Valid | Number | Word | Severity | Not | And | Or

TRUE, FALSE = Truth(True), Truth(False)
VALID = {"proc1": Valid("proc1"), "proc": Valid("proc")}


def atoms(condition: Condition) -> Iterator[Atom]:
    """Every atom of the tree, from left to right."""
    if isinstance(condition, Not):
        yield from atoms(condition.part)
    elif isinstance(condition, And | Or):
        for part in condition.parts:
            yield from atoms(part)
    else:
        yield condition


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """The parts that must all hold."""
    if isinstance(condition, And):
        for part in condition.parts:
            yield from conjuncts(part)
    else:
        yield condition
