"""A rival for grouping: the scheme's conditions turned into closures, MDCs and rules tried one after the other."""

import operator
from collections.abc import Callable
from pathlib import Path

from app.domain.encounter import Sex
from app.domain.stay import Stay
from app.knowledge.scheme_condition import (
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
from app.knowledge.scheme_files import read_scheme
from app.knowledge.scheme_tables import NEXT, SchemeTables

Holds = Callable[[Stay], bool]
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
_FIELDS = {
    "age": "age_years",
    "age_days": "age_days",
    "weight": "weight_grams",
    "los": "stay_days",
    "icu_hours": "icu_hours",
}
_SEXES = {"1": Sex.MALE, "2": Sex.FEMALE}


class ClosureGrouper:
    def __init__(self, path: Path) -> None:
        tables = read_scheme(path)
        self._tables = tables
        self._ungrouped = tables.manifest.ungrouped[0]
        self._mdcs = []
        for mdc in tables.mdcs:
            rules = [
                (
                    self._closure(rule.condition),
                    [(self._closure(split.condition), split.drg) for split in tables.splits.get(rule.seq, ())],
                    rule.code if rule.kind == "QY" else rule.otherwise,
                )
                for rule in tables.rules
                if rule.mdc == mdc.code
            ]
            self._mdcs.append((self._closure(mdc.condition), rules))

    def group(self, stay: Stay) -> str:
        """The DRG of the stay."""
        if not stay.sex or stay.age_years is None or not stay.diagnoses:
            return self._ungrouped
        if stay.age_years == 0 and (stay.age_days is None or (stay.age_days <= 28 and stay.weight_grams is None)):
            return self._ungrouped
        for gate, rules in self._mdcs:
            if gate(stay):
                for holds, splits, otherwise in rules:
                    if holds(stay):
                        for split, drg in splits:
                            if split(stay):
                                return drg
                        if otherwise != NEXT:
                            return otherwise
        return self._ungrouped

    def _closure(self, condition: Condition) -> Holds:
        if isinstance(condition, Truth):
            value = condition.value
            return lambda _: value
        if isinstance(condition, Not):
            inner = self._closure(condition.part)
            return lambda stay: not inner(stay)
        if isinstance(condition, And):
            parts = [self._closure(part) for part in condition.parts]
            return lambda stay: all(part(stay) for part in parts)
        if isinstance(condition, Or):
            parts = [self._closure(part) for part in condition.parts]
            return lambda stay: any(part(stay) for part in parts)
        if isinstance(condition, Member | Tagged | Valid):
            return _of_codes(condition, self._tables)
        if isinstance(condition, Sites):
            return _sites(condition, self._tables)
        if isinstance(condition, Severity):
            return _severity(condition, self._tables)
        return _number(condition) if isinstance(condition, Number) else _word(condition)


def _of_codes(atom: Member | Tagged | Valid, tables: SchemeTables) -> Holds:
    subject = "proc" if isinstance(atom, Tagged) else atom.subject
    if isinstance(atom, Valid):
        codes = tables.valid_procedures
    else:
        tag = atom.tag if isinstance(atom, Tagged) else None
        codes = frozenset(code for code, tags in tables.lists.get(atom.list, {}).items() if tag is None or tag in tags)
    found: dict[str, Holds] = {
        "pdx": lambda stay: stay.diagnoses[0] in codes,
        "proc1": lambda stay: bool(stay.procedures) and stay.procedures[0] in codes,
        "dx": lambda stay: any(code in codes for code in stay.diagnoses),
        "odx": lambda stay: any(code in codes for code in stay.diagnoses[1:]),
        "proc": lambda stay: any(code in codes for code in stay.procedures),
        "oproc": lambda stay: any(code in codes for code in stay.procedures[1:]),
    }
    return found[subject]


def _sites(atom: Sites, tables: SchemeTables) -> Holds:
    codes, compare, number = tables.lists.get(atom.list, {}), _COMPARE[atom.operator], atom.number
    return lambda stay: compare(len({tag for code in stay.diagnoses for tag in codes.get(code, ())}), number)


def _severity(atom: Severity, tables: SchemeTables) -> Holds:
    own, excludes = (tables.mcc if atom.level == "mcc" else tables.cc), tables.cce

    def holds(stay: Stay) -> bool:
        excluded = excludes.get(stay.diagnoses[0])
        return any(code in own and own[code] != excluded for code in stay.diagnoses[1:])

    return holds


def _number(atom: Number) -> Holds:
    field, compare, number, is_weight = (
        _FIELDS[atom.field],
        _COMPARE[atom.operator],
        atom.number,
        atom.field == "weight",
    )

    def holds(stay: Stay) -> bool:
        value = getattr(stay, field)
        return value is not None and compare(value, number) and not (is_weight and value == 0)

    return holds


def _word(atom: Word) -> Holds:
    if atom.field == "sex":
        sexes = {_SEXES[value] for value in atom.values}
        return lambda stay: stay.sex in sexes
    values = set(atom.values)
    field = "discharge_disposition" if atom.field == "leaving" else "department"
    return lambda stay: getattr(stay, field) in values
