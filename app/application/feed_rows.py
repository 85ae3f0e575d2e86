"""The rows of a feed as sent (外部数据逐行校验): JSON lines or CSV become records, and every fault tells its line."""

import csv
import io
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from app.domain.feed import FeedRecord

R = TypeVar("R", bound=FeedRecord)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # Excel begins with one
_UNREADABLE = (msgspec.DecodeError, ArithmeticError, UnicodeDecodeError, RecursionError)


class Form(StrEnum):
    CSV = "csv"
    JSON_LINES = "ndjson"


class RowFault(NamedTuple):
    """What is wrong in a line of the text that was sent, the first being 1; `field` where one field is at fault."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class BadFeed(Exception):
    """Rows that are no records of the feed: nothing of what was sent is taken."""

    def __init__(self, faults: list[RowFault]) -> None:
        super().__init__("; ".join(map(str, faults[:5])))
        self.faults = faults


def read_rows(content: bytes, shape: type[R], form: Form) -> list[R]:
    """Every row as a record; raises BadFeed with all faults. A blank line is no row, a blank cell a field not given."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if not content.strip():
        raise BadFeed([RowFault(1, "", "nothing was sent; a CSV header line by itself says that there is nothing")])
    faults: list[RowFault] = []
    found: list[R] = []
    lines: dict[tuple[str, ...], int] = {}
    read = _csv_rows if form is Form.CSV else _json_rows
    for line, made in read(content, shape):
        if isinstance(made, RowFault):
            faults.append(made)
        elif (first := lines.setdefault(made.key, line)) != line:
            faults.append(RowFault(line, "", f"has the same key as line {first}; keep one of them"))
        else:
            found.append(made)
    if faults:
        raise BadFeed(faults)
    return found


def _json_rows(content: bytes, shape: type[R]) -> Iterator[tuple[int, R | RowFault]]:
    decode = msgspec.json.Decoder(shape).decode
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, _made(number, decode, line, {})


def _csv_rows(content: bytes, shape: type[R]) -> Iterator[tuple[int, R | RowFault]]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield line, RowFault(line, "", f"byte {error.start} is not UTF-8; save the file as UTF-8 (Excel: CSV UTF-8)")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if fault := _header_fault(header, shape):
            yield 1, RowFault(1, "", fault)
            return
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, _csv_row(reader.line_num, header, row, shape)
    except csv.Error as error:
        yield reader.line_num, RowFault(reader.line_num, "", f"{error}; mend the quotes")


def _csv_row(number: int, header: list[str], row: list[str], shape: type[R]) -> R | RowFault:
    if len(row) != len(header):
        told = f"has {len(row)} cells, but line 1 has {len(header)} columns; put a cell with a comma in quotes"
        return RowFault(number, "", told)
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
    return _made(number, lambda given: msgspec.convert(given, shape, strict=False), cells, cells)


def _header_fault(header: list[str], shape: type[FeedRecord]) -> str:
    columns = {field.name: field.required for field in msgspec.structs.fields(shape)}
    wanted = ", ".join(columns)
    if len(set(header)) != len(header):
        return "a column name stands twice; name each column once"
    if unknown := [name for name in header if name not in columns]:
        return f"unknown column {unknown[0][:40]!r}; the columns are {wanted}"
    if absent := [name for name, is_required in columns.items() if is_required and name not in header]:
        return f"the column {absent[0]!r} is missing; the columns are {wanted}"
    return ""


def _made(number: int, make: Callable[[Any], R], given: Any, cells: dict[str, str]) -> R | RowFault:
    try:
        return make(given)
    except _UNREADABLE as error:
        text = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        field = text.partition("`$.")[2].partition("`")[0]
        told = f"{field} is {cells[field][:40]!r}: {text}" if field in cells else text
        return RowFault(number, field, told[:300])
