"""Faults of a scheme folder (分组方案的差错): where, what, why it matters, and what to do."""

from collections.abc import Iterable
from typing import NamedTuple


class SchemeIssue(NamedTuple):
    """One fault or warning. `row` is the line of the file, the header being 1, and 0 for the file as a whole.

    `file` is blank where it is about the scheme.
    """

    file: str
    row: int
    what: str
    why: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.row}: " if self.row else f"{self.file}: " if self.file else ""
        return f"{where}{self.what}: {self.why}; {self.remedy}"


class SchemeError(Exception):
    """A scheme that cannot be used; `faults` tell all that is wrong with it, the text one a line."""

    def __init__(self, faults: Iterable[SchemeIssue], source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        super().__init__("\n".join(f"{source}: {fault}" if source else str(fault) for fault in self.faults))


def refuse(file: str, what: str, why: str, remedy: str, source: str = "") -> SchemeError:
    """The error for a single fault of a whole file."""
    return SchemeError([SchemeIssue(file, 0, what, why, remedy)], source)
