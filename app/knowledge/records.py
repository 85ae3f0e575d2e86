"""Records (登记表): the small CSV files beside the rules, each row read into a typed record."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from app.knowledge.pack import PackError, read_csv

R = TypeVar("R", bound="Record")


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One row. A blank cell is a field that is not given."""


def read_records(file: Path, shape: type[R], given: Mapping[str, str] | None = None) -> list[tuple[int, R]]:
    """Line number and record of every row; no file, no rows. `given` are fields that the file's place tells.

    Raises PackError with all faults, one a line.
    """
    if not file.exists():
        return []
    given = given or {}
    header, rows, line_numbers = read_csv(file, file.read_bytes())
    _check_header(file, header, shape, given)
    found, faults = [], []
    for number, row in zip(line_numbers, rows, strict=True):
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
        try:
            found.append((number, msgspec.convert({**cells, **given}, shape, strict=False)))
        except msgspec.ValidationError as error:
            faults.append(f"{file} line {number}: {_explain(error, cells)}")
    if faults:
        raise PackError("\n".join(faults))
    return found


def _check_header(file: Path, header: tuple[str, ...], shape: type[Record], given: Mapping[str, str]) -> None:
    columns = {field.name: field.required for field in msgspec.structs.fields(shape) if field.name not in given}
    wanted = ",".join(columns)
    if unknown := [name for name in header if name not in columns]:
        raise PackError(f"{file} line 1: unknown column {unknown[0]!r}; the columns are {wanted}")
    if absent := [name for name, required in columns.items() if required and name not in header]:
        raise PackError(f"{file} line 1: the column {absent[0]!r} is missing; the columns are {wanted}")


def _explain(error: msgspec.ValidationError, cells: Mapping[str, str]) -> str:
    text = str(error)
    if "missing required field" in text:
        return f"the cell {text.split('`')[1]!r} is blank; fill it"
    where = text.partition("`$.")[2].partition("`")[0]
    return f"{where} is {cells[where]!r}: {text}" if where in cells else text
