"""Workbooks (工作簿): a file of a list as sheets of cells, whether .xlsx, .xls or CSV; told by content, not by name."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import python_calamine

from app.knowledge.imports.apart import read_apart
from app.knowledge.imports.archive import MAX_CELLS, MAX_TEXT, MAX_WORKBOOK, check_archive, check_size
from app.knowledge.imports.cells import Cell
from app.knowledge.imports.faults import BadTable

_ZIP = b"PK"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCODINGS = ("utf-8-sig", "gb18030")  # Excel on Chinese Windows saves CSV as the second
_FIELD_LIMIT = 4 * 1024 * 1024  # characters of a CSV cell; a long list of codes in one cell is not a fault
Merge = tuple[tuple[int, int], tuple[int, int]]  # first and last cell, as (row, column) from 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are all rows from the first on, blank ones too, so that the place in the list tells the row number."""

    file: str
    name: str
    rows: Sequence[Sequence[Cell]]
    merges: Sequence[Merge] = ()


def read_workbook(path: Path) -> list[Sheet]:
    """The sheets that hold anything. Raises BadTable with what to do."""
    name = path.name
    try:
        with path.open("rb") as file:
            is_workbook = file.read(len(_OLD_EXCEL)).startswith((_ZIP, _OLD_EXCEL))
        check_size(path.stat().st_size, name, MAX_WORKBOOK if is_workbook else MAX_TEXT)
        content = path.read_bytes()
    except OSError as error:
        raise BadTable(f"{path}: 无法读取（{error.strerror}）") from error
    if not content.strip():
        raise BadTable(f"{name}: 文件是空的")
    if content.startswith(_ZIP):
        check_archive(content, name)
        sheets = read_excel(content, name)
    elif content.startswith(_OLD_EXCEL):
        sheets = msgspec.msgpack.decode(read_apart(content, name), type=list[Sheet])
    else:
        sheets = [_csv(content, name)]
    found = [sheet for sheet in sheets if any(cell not in (None, "") for row in sheet.rows for cell in row)]
    if not found:
        raise BadTable(f"{name}: 工作表里没有内容")
    return found


def read_excel(content: bytes, name: str) -> list[Sheet]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        worksheets = [
            one.name for one in workbook.sheets_metadata if one.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        return [_sheet(workbook, title, name) for title in worksheets]
    except python_calamine.PasswordError as error:
        raise BadTable(f"{name}: 工作簿有密码；请去掉密码后再导入") from error
    except (python_calamine.CalamineError, OSError) as error:
        raise BadTable(f"{name}: 不是能打开的Excel文件（{error}）；请用Excel重新另存") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the reader's Rust code raises; it derives from no Exception
            raise
        raise BadTable(f"{name}: 工作簿内容错乱，无法读取；请用Excel打开后另存") from error


def _sheet(workbook: python_calamine.CalamineWorkbook, title: str, name: str) -> Sheet:
    sheet = workbook.get_sheet_by_name(title)
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise BadTable(f"{name}: 工作表“{title}”格子过多；请删除数据区以外的内容后另存")
    rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    return Sheet(name, title, rows, tuple(sheet.merged_cell_ranges or ()))


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else repr(value)


def _csv(content: bytes, name: str) -> Sheet:
    if b"\0" in content[:4096]:
        raise BadTable(f"{name}: 既不是Excel也不是CSV文件；请用Excel另存为.xlsx或CSV")
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise BadTable(f"{name}: 文字编码既不是UTF-8也不是GB18030；请在Excel中另存为“CSV UTF-8”")
    if text.lstrip()[:1] == "<":
        raise BadTable(f"{name}: 是网页（HTML或XML），不是Excel；请用Excel打开后另存为.xlsx")
    head = text.partition("\n")[0]
    delimiter = max(",\t;", key=head.count)
    previous = csv.field_size_limit(_FIELD_LIMIT)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows: list[list[Cell]] = [list(row) for row in reader]
    except csv.Error as error:
        raise BadTable(f"{name}: 第{reader.line_num}行的引号或分隔符有误（{error}）") from error
    finally:
        csv.field_size_limit(previous)
    return Sheet(name, path_stem(name), rows)


def path_stem(name: str) -> str:
    return name.rpartition(".")[0] or name
