"""Columns (列的识别): which column of a sheet means what, found by its heading, wherever that stands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.knowledge.imports.cells import Cell, fold, looks_like_code, text_of
from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.headings import role_of
from app.knowledge.imports.workbook import Sheet

CODE_ROLES = {
    "code": "name",
    "other_code": "other_name",
    "panel_code": "panel_name",
    "part_code": "part_name",
    "companion_code": "companion_name",
    "smaller_code": "smaller_name",
}
_SEARCHED = 30  # rows from the top in which the header must stand
_TOTALS = re.compile(r"(合计|总计|小计|共计|总数)(:.*)?|共\d+(条|项|个|种).*")
_REMARK = re.compile(r"(备注|注|说明|注意|附注|填表说明|制表|数据来源)[0-9]*[:.、)].*")
_SWAPPED = 0.5  # of the cells in a column of codes


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a row stands, as a person finds it."""

    file: str
    sheet: str
    row: int

    def __str__(self) -> str:
        return f"{self.file}［{self.sheet}］第{self.row}行"


@dataclass(frozen=True, slots=True)
class Row:
    """A data row by meaning. `refs` are where it was read: two rows where items and codes stood in two sheets."""

    refs: tuple[Ref, ...]
    cells: Mapping[str, Cell]

    def get(self, role: str) -> str:
        return text_of(self.cells.get(role))


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet's data. `aside` are rows that are not data: titles, the header, totals, remarks."""

    sheet: Sheet
    title: str
    roles: Mapping[str, int]
    rows: Sequence[Row]
    aside: Sequence[tuple[Ref, str]]


def read_table(sheet: Sheet) -> Table | None:
    """The sheet as a table, None where no header is found. Raises BadTable for columns that are swapped."""
    found = _find_header(sheet)
    if found is None:
        return None
    first, last, roles = found
    aside = [(_ref(sheet, place), "标题") for place in range(first) if _filled(sheet.rows[place])]
    aside += [(_ref(sheet, place), "表头") for place in range(first, last + 1)]
    header = [fold(text_of(cell)) for cell in sheet.rows[last]]
    rows: list[Row] = []
    above: Mapping[str, Cell] = {}
    for place in range(last + 1, len(sheet.rows)):
        cells = sheet.rows[place]
        if not _filled(cells):
            continue
        if why := _not_data(cells, header, roles):
            aside.append((_ref(sheet, place), why))
            continue
        above = _filled_down({role: cells[at] for role, at in roles.items() if at < len(cells)}, above)
        rows.append(Row((_ref(sheet, place),), above))
    _check_columns(sheet, roles, rows)
    title = " ".join(text_of(cell) for place in range(first) for cell in sheet.rows[place] if text_of(cell))
    return Table(sheet, title, roles, rows, aside)


def _ref(sheet: Sheet, place: int) -> Ref:
    return Ref(sheet.file, sheet.name, place + 1)


def _filled(cells: Sequence[Cell]) -> bool:
    return any(text_of(cell) for cell in cells)


def _find_header(sheet: Sheet) -> tuple[int, int, dict[str, int]] | None:
    """First and last row of the header, one or two high, and which column has which role."""
    best: tuple[int, int, dict[str, int]] | None = None
    for place, cells in enumerate(sheet.rows[:_SEARCHED]):
        choices = [(place, _roles([(text_of(cell),) for cell in cells]))]
        if place + 1 < len(sheet.rows) and len([cell for cell in cells if text_of(cell)]) > 1:
            choices.append((place + 1, _roles(list(_two_rows(sheet, place)))))
        for last, roles in choices:
            named = roles.keys() & {"code", "name"}
            if named and len(roles) >= 2 and (best is None or len(roles) > len(best[2])):
                best = (place, last, roles)
        if best is not None and best[0] < place:
            break
    return best


def _two_rows(sheet: Sheet, place: int) -> Iterator[tuple[str, ...]]:
    """What a heading of two rows says for each column: the lower row, both together, and the upper row."""
    upper, lower = sheet.rows[place], sheet.rows[place + 1]
    merged = {
        column: first[1] for first, last in sheet.merges if first[0] == place for column in range(first[1], last[1] + 1)
    }
    spanned = ""
    for column in range(max(len(upper), len(lower))):
        high = text_of(upper[column]) if column < len(upper) else ""
        low = text_of(lower[column]) if column < len(lower) else ""
        if column in merged:
            high = text_of(upper[merged[column]])
        elif not high and not sheet.merges:
            high = spanned  # CSV knows no merged cells: a blank belongs to what stands left of it
        spanned = high
        yield (high + low, low, high) if low else (high,)


def _roles(headings: Sequence[tuple[str, ...]]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for column, choices in enumerate(headings):
        for heading in choices:
            role = role_of(heading)
            if role and role not in roles:
                roles[role] = column
                break
    return roles


def _not_data(cells: Sequence[Cell], header: Sequence[str], roles: Mapping[str, int]) -> str:
    """Why a row is no data; "" where it is."""
    texts = [fold(text_of(cell)) for cell in cells]
    filled = [text for text in texts if text]
    if texts[: len(header)] == list(header):
        return "重复的表头"
    if any(looks_like_code(cells[roles[role]]) for role in CODE_ROLES if role in roles and roles[role] < len(cells)):
        return ""
    if _TOTALS.fullmatch(filled[0]):
        return "合计行"
    return "说明行" if len(filled) == 1 and (_REMARK.fullmatch(filled[0]) or len(filled[0]) > 60) else ""


def _filled_down(cells: dict[str, Cell], above: Mapping[str, Cell]) -> dict[str, Cell]:
    """A row whose name is blank goes on with the item above it, as where cells are merged downwards."""
    if (
        "name" not in cells
        or text_of(cells["name"])
        or not text_of(above.get("name"))
        or not text_of(cells.get("code"))
    ):
        return cells
    return {**above, **{role: cell for role, cell in cells.items() if text_of(cell)}}


def _check_columns(sheet: Sheet, roles: Mapping[str, int], rows: Sequence[Row]) -> None:
    for code, name in CODE_ROLES.items():
        if code not in roles or name not in roles or not rows:
            continue
        given = [row for row in rows if text_of(row.cells.get(code)) and text_of(row.cells.get(name))]
        swapped = [
            row for row in given if not looks_like_code(row.cells.get(code)) and looks_like_code(row.cells.get(name))
        ]
        if given and len(swapped) > _SWAPPED * len(given):
            ref, header = swapped[0].refs[0], swapped[0]
            raise BadTable(
                f"{sheet.file}［{sheet.name}］: 编码列与名称列互换了：第{ref.row}行编码列为“{header.get(code)}”，"
                f"名称列为“{header.get(name)}”；请改正表头后再导入"
            )
