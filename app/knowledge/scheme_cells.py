"""Cells of a scheme's tables (分组方案表格的单元格): CSV read row by row, every fault noted, none raised."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.knowledge.pack import PackError, read_csv
from app.knowledge.scheme_condition import Condition
from app.knowledge.scheme_condition_text import ConditionError, parse_condition
from app.knowledge.scheme_issues import SchemeIssue

_LARGEST_SEQ = 1_000_000
_NAMED = 5


class Findings:
    """What is wrong: faults refuse the scheme, warnings do not."""

    def __init__(self) -> None:
        self.faults: list[SchemeIssue] = []
        self.warnings: list[SchemeIssue] = []

    def fault(self, file: str, row: int, what: str, why: str, remedy: str) -> None:
        self.faults.append(SchemeIssue(file, row, what, why, remedy))

    def warn(self, file: str, row: int, what: str, why: str, remedy: str) -> None:
        self.warnings.append(SchemeIssue(file, row, what, why, remedy))


class Table:
    """A CSV file with the columns asked for, in the order asked for. Other columns are not read."""

    def __init__(self, files: Mapping[str, bytes], name: str, columns: Sequence[str], findings: Findings) -> None:
        self.name, self.findings = name, findings
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._at: list[int] = []
        if name not in files:
            findings.fault(name, 0, "missing file", "every scheme has it", "add it, with its header alone if empty")
            return
        try:
            header, self._rows, self._lines = read_csv(Path(name), files[name])
        except PackError as error:
            _, _, what = str(error).partition(": ")
            findings.fault(name, _line_in(str(error)), "not readable", what, "save it as CSV in UTF-8")
            return
        if absent := [column for column in columns if column not in header]:
            findings.fault(
                name, 1, f"no column {', '.join(absent)}", f"the columns are {', '.join(columns)}", "add the column"
            )
            self._rows, self._lines = [], []
        else:
            self._at = [header.index(column) for column in columns]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and stripped cells of each row."""
        at = self._at
        for line, row in zip(self._lines, self._rows, strict=True):
            yield line, [row[place].strip() for place in at]

    def seq(self, line: int, text: str) -> int | None:
        if text.isascii() and text.isdigit() and int(text) <= _LARGEST_SEQ:
            return int(text)
        self.fault(line, f"seq is {text!r}", "rows are evaluated by their number", "write a whole number")
        return None

    def condition(self, line: int, text: str) -> Condition | None:
        try:
            return parse_condition(text)
        except ConditionError as error:
            self.fault(line, f"the condition {text[:120]!r} is not understood", str(error), "mend it, see the format")
            return None

    def fault(self, line: int, what: str, why: str, remedy: str) -> None:
        self.findings.fault(self.name, line, what, why, remedy)

    def skip(self, line: int) -> None:
        """Warn of a row that names no code."""
        self.findings.warn(self.name, line, "no code", "the row says nothing and is not read", "take the row out")

    def filled(self, line: int, **cells: str) -> bool:
        """Whether none of the cells is blank; a blank one is a fault."""
        blank = [name for name, cell in cells.items() if not cell]
        for name in blank:
            self.fault(line, f"{name} is blank", "it must be filled", "fill it, or take the row out")
        return not blank


def read_pairs(
    files: Mapping[str, bytes], name: str, columns: tuple[str, str], findings: Findings, *, is_decisive: bool
) -> dict[str, str]:
    """Code to value. A code that stands twice with other values is a fault where the value decides groups."""
    table = Table(files, name, columns, findings)
    found: dict[str, str] = {}
    repeated: list[str] = []
    for line, (code, value) in table:
        if not code:
            table.skip(line)
        elif code not in found:
            found[code] = value
        elif found[code] == value or not is_decisive:
            repeated.append(code)
        else:
            why = f"it stands above with {columns[1]} {found[code]!r}, here with {value!r}"
            table.fault(line, f"duplicate code {code}", why, "keep one of the rows")
    warn_of_repeated(findings, name, repeated)
    return found


def read_codes(files: Mapping[str, bytes], name: str, findings: Findings) -> frozenset[str]:
    """The codes of a table that has no other column."""
    table = Table(files, name, ("code",), findings)
    found: set[str] = set()
    repeated = []
    for line, (code,) in table:
        if not code:
            table.skip(line)
        elif code in found:
            repeated.append(code)
        else:
            found.add(code)
    warn_of_repeated(findings, name, repeated)
    return frozenset(found)


def warn_of_repeated(findings: Findings, name: str, codes: Sequence[str]) -> None:
    if codes:
        told = ", ".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")
        what = f"duplicate code in {len(codes)} rows: {told}"
        findings.warn(name, 0, what, "the first row of a code holds", "keep one row a code")


def _line_in(text: str) -> int:
    head, _, _ = text.partition(": ")
    _, _, number = head.rpartition(" line ")
    return int(number) if number.isdigit() else 0
