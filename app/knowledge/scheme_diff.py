"""Difference of two grouping schemes (分组方案对比): what changes for which codes, table by table."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import to_builtins

from app.knowledge.scheme_tables import RuleRow, SchemeTables


class Change(NamedTuple):
    """`before` and `after` are what the table says of `subject`; blank where it says nothing."""

    table: str
    subject: str
    before: str
    after: str


def diff_schemes(old: SchemeTables, new: SchemeTables) -> Iterator[Change]:
    """Every change from the one to the other. Lists tell a change for each code, rules by their place in the MDC."""
    yield from _pairs("drg", old.groups, new.groups)
    yield from _pairs("mdc", {row.code: row.text for row in old.mdcs}, {row.code: row.text for row in new.mdcs})
    yield from _pairs("rules", _rules(old), _rules(new))
    yield from _pairs("splits", _splits(old), _splits(new))
    yield from _lists(old, new)
    yield from _pairs("complication", _complications(old), _complications(new))
    yield from _pairs("exclusion", old.cce, new.cce)
    yield from _pairs("proc_valid", _marked(old.valid_procedures), _marked(new.valid_procedures))
    yield from _pairs("dx_map", old.diagnosis_map or {}, new.diagnosis_map or {})
    yield from _pairs("proc_map", old.procedure_map or {}, new.procedure_map or {})
    yield from _pairs("weights", _weights(old), _weights(new))


def _marked(codes: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(sorted(codes), "valid")


def _pairs(table: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for subject in dict.fromkeys((*old, *new)):
        before, after = old.get(subject, ""), new.get(subject, "")
        if before != after or (subject in old) != (subject in new):
            yield Change(table, subject, before, after)


def _named(tables: SchemeTables, tell: Callable[[RuleRow], str]) -> dict[str, str]:
    """By MDC and code; the second rule of a code is told as code#2."""
    found: dict[str, str] = {}
    for rule in tables.rules:
        base = name = f"{rule.mdc} {rule.code}"
        count = 1
        while name in found:
            count += 1
            name = f"{base}#{count}"
        found[name] = tell(rule)
    return found


def _rules(tables: SchemeTables) -> dict[str, str]:
    return _named(tables, lambda rule: f"{rule.text}, otherwise {rule.otherwise}")


def _splits(tables: SchemeTables) -> dict[str, str]:
    def tell(rule: RuleRow) -> str:
        return "; ".join(f"{split.drg}: {split.text}" for split in tables.splits.get(rule.seq, ()))

    return _named(tables, tell)


def _lists(old: SchemeTables, new: SchemeTables) -> Iterator[Change]:
    for name in dict.fromkeys((*old.lists, *new.lists)):
        before, after = old.lists.get(name, {}), new.lists.get(name, {})
        if before != after:
            yield from _pairs(f"list {name}", _members(before), _members(after))


def _members(codes: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {code: "in" + (f" as {', '.join(tags)}" if tags else "") for code, tags in codes.items()}


def _complications(tables: SchemeTables) -> dict[str, str]:
    found = {code: f"CC, table {table}" for code, table in tables.cc.items()}
    return found | {code: f"MCC, table {table}" for code, table in tables.mcc.items()}


def _weights(tables: SchemeTables) -> dict[str, str]:
    """What the weight table says of each group, apart from its code."""
    found = {}
    for code, weight in tables.weights.items():
        told = to_builtins(weight)
        found[code] = ", ".join(f"{name} {value}" for name, value in sorted(told.items()) if value and name != "code")
    return found
