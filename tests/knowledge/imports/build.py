"""Builders of list files, for the tests of what reads them. Names and codes are made up, in the shapes of real ones."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import xlwt

Rows = Iterable[Sequence[Any]]


def drug(number: int = 1) -> str:
    return f"XA01AAA001A001010{number:06d}"


def service(number: int = 1) -> str:
    return f"0031{number:05d}000000"


def xlsx(file: Path, *sheets: Rows, names: Sequence[str] = (), merged: Sequence[str] = ()) -> Path:
    """A workbook with these sheets; `merged` are ranges of the first."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(names[number] if number < len(names) else f"Sheet{number + 1}")
        for row in rows:
            sheet.append(list(row))
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    book.save(file)
    return file


def xls(file: Path, rows: Rows) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    book.save(str(file))
    return file


def csv_file(file: Path, rows: Rows, encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))
    return file
