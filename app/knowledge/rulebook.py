"""Rules about rules (规则库自检): what a single rule's file cannot show to be wrong."""

from collections.abc import Iterator, Sequence
from datetime import date

from app.knowledge.pack import RuleFolder, Scope
from app.knowledge.rule import Status

_SAYS_NOTHING = {"point", "item_name", "basis"}  # columns that do not change what is judged


def rulebook_faults(folders: Sequence[RuleFolder]) -> list[str]:
    """What is wrong with the rules taken together, each with what to do; [] where nothing is."""
    faults = [fault for folder in folders for fault in (*_reference_faults(folder), *_date_faults(folder))]
    return [*faults, *_twin_faults(folders)]


def _reference_faults(folder: RuleFolder) -> Iterator[str]:
    if not all(reference.strip() for reference in folder.rule.references):
        yield f"{folder.path / 'rule.yaml'}: a reference is blank; name the policy and its public source"


def _date_faults(folder: RuleFolder) -> Iterator[str]:
    periods = [period for period, _ in folder.rule.periods()]
    if not periods and folder.rule.status is not Status.RETIRED:
        yield f"{folder.path / 'rule.yaml'}: in_force has no day on which the rule holds; write from when it does"
    if not periods or not {"effective_start", "effective_end"} & set(folder.header):
        return
    for number, row in zip(folder.line_numbers, folder.rows, strict=True):
        cells = dict(zip(folder.header, row, strict=True))
        try:
            start = date.fromisoformat(cells.get("effective_start") or date.min.isoformat())
            end = date.fromisoformat(cells.get("effective_end") or date.max.isoformat())
        except ValueError:
            continue  # compiling says so, with the cell
        if not any(start <= period.end and period.start <= end for period in periods):
            yield (
                f"{folder.path / 'knowledge.csv'} line {number}: the point is effective from {start} to {end}, "
                "never while the rule is in force; mend its dates, or take the row out"
            )


def _twin_faults(folders: Sequence[RuleFolder]) -> Iterator[str]:
    """Two rules of one kind with the same knowledge would say everything twice."""
    seen: dict[tuple[str, Scope, frozenset[tuple[tuple[str, str], ...]]], RuleFolder] = {}
    for folder in folders:
        if folder.rule.status is Status.RETIRED:
            continue
        first = seen.setdefault((folder.rule.kind, folder.scope, _knowledge(folder)), folder)
        if first is not folder:
            yield (
                f"{folder.path}: has the same points as {first.path.name}, and both are {folder.rule.kind}; "
                "keep one of the rules, or merge them"
            )


def _knowledge(folder: RuleFolder) -> frozenset[tuple[tuple[str, str], ...]]:
    """What the points judge; for a rule without a knowledge file, its parameters do."""
    if not folder.header:
        return frozenset({tuple((str(period), str(parameters)) for period, parameters in folder.rule.periods())})
    columns = sorted((name, place) for place, name in enumerate(folder.header) if name not in _SAYS_NOTHING)
    return frozenset(tuple((name, row[place]) for name, place in columns if row[place]) for row in folder.rows)
