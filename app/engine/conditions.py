"""Conditions (限定条件): checks of a single fact, for kinds that limit for whom and where an item is used."""

from collections.abc import Callable

from app.domain.case import Case
from app.domain.labels import label, labels
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, Missing, Outcome


def broken(line: Line, how: str) -> Hit:
    """The line breaks a condition; the fact `broken` says how."""
    return Hit((line,), (), {"broken": how})


def one_of(allowed: tuple[str, ...], fact: str, read: Callable[[Line, Case], str]) -> ItemCheck:
    """What `read` gives of a line must be one of these; `fact` is its path, for when it gives nothing."""
    accepted, limit = frozenset(allowed), f"限{labels(allowed)}"

    def check(line: Line, case: Case) -> Outcome:
        value = read(line, case)
        if value in accepted:
            return None
        return broken(line, f"{limit}，本次为{label(value)}") if value else Missing(fact)

    return check


def none_of(excluded: tuple[str, ...], fact: str, read: Callable[[Line, Case], str]) -> ItemCheck:
    """What `read` gives of a line must be none of these."""
    refused = frozenset(excluded)

    def check(line: Line, case: Case) -> Outcome:
        value = read(line, case)
        if value in refused:
            return broken(line, f"不得用于{label(value)}")
        return None if value else Missing(fact)

    return check
