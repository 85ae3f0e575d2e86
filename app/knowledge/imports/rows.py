"""Rows (数据行): the tables of a file brought together: where items and codes stand in two sheets, they are joined."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.knowledge.imports.cells import Cell, fold
from app.knowledge.imports.columns import CODE_ROLES, Ref, Row, Table, read_table
from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.workbook import read_workbook

# what a sheet that only lists codes may have besides; anything else is a condition, and the sheet stands by itself
_SAYS_NOTHING = {"number", "name", "kind", "code", "note", "unit", "logic", "mark", "field", "change"}


@dataclass
class FileRows:
    """A file's rows, joined. `read` are all data rows; `alone` those that the other sheet does not know, with why."""

    file: str
    title: str
    rows: list[Row]
    read: list[Ref]
    alone: list[tuple[Row, str]] = field(default_factory=list)
    aside: list[tuple[Ref, str]] = field(default_factory=list)


def read_rows(path: Path) -> FileRows:
    """Raises BadTable where the file has no list that can be recognised."""
    tables: list[Table] = []
    aside: list[tuple[Ref, str]] = []
    for sheet in read_workbook(path):
        table = read_table(sheet)
        if table is None:
            aside += [
                (Ref(sheet.file, sheet.name, place), "此工作表没有可识别的表头")
                for place, row in enumerate(sheet.rows, 1)
                if any(cell not in (None, "") for cell in row)
            ]
        else:
            tables.append(table)
            aside += table.aside
    if not tables:
        raise BadTable(
            f"{path.name}: 前30行内没有可识别的表头；需要一列名称（如“药品通用名”“项目名称”）"
            "和一列编码（如“国标代码”“药品代码”“项目编码”）"
        )
    if not any("code" in table.roles for table in tables):
        raise BadTable(f"{path.name}: 没有编码列（如“国标代码”“药品代码”“项目编码”）；只有名称的清单无法用于审核")
    title = " ".join([path.stem, *(text for table in tables for text in (table.sheet.name, table.title))])
    found = FileRows(path.name, title, [], [row.refs[0] for table in tables for row in table.rows], aside=aside)
    found.rows = list(_joined(tables, found.alone))
    return found


def _joined(tables: Sequence[Table], alone: list[tuple[Row, str]]) -> Iterator[Row]:
    items = [table for table in tables if "code" not in table.roles]
    for table in tables:
        if "code" in table.roles and not (items and set(table.roles) <= _SAYS_NOTHING):
            yield from table.rows
    if not items:
        return
    by_name: dict[str, list[Row]] = {}
    for row in (row for table in items for row in table.rows):
        by_name.setdefault(fold(row.get("name")), []).append(row)
    used: set[Ref] = set()
    for code_row in (row for table in tables if set(table.roles) <= _SAYS_NOTHING for row in table.rows):
        matches = by_name.get(fold(code_row.get("name")), ())
        if not matches:
            alone.append((code_row, f"另一工作表中没有“{code_row.get('name')}”，不知其限定内容"))
        for item_row in matches:
            used.add(item_row.refs[0])
            yield Row((*item_row.refs, *code_row.refs), {**code_row.cells, **_given(item_row)})
    for row in (row for rows in by_name.values() for row in rows):
        if row.refs[0] not in used:
            alone.append((row, f"编码工作表中没有“{row.get('name')}”的编码"))


def _given(row: Row) -> dict[str, Cell]:
    return {role: cell for role, cell in row.cells.items() if role != "number" and row.get(role)}


def code_cells(row: Row) -> Iterable[str]:
    """The roles of a row that hold codes and are not blank."""
    return [role for role in CODE_ROLES if row.get(role)]
