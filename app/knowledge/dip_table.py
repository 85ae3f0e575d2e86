"""Tables of a DIP catalogue (病种目录表格): CSV rows read cell by cell, every fault noted, none raised."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from app.knowledge.dip_faults import DipFault

W = TypeVar("W", bound=StrEnum)

_LARGEST = Decimal(100_000_000)
_YES = {"yes": True, "是": True, "1": True, "y": True, "no": False, "否": False, "0": False, "n": False}


class Row:
    """One row. Reading a wrong cell notes it in `faults` and gives the blank value, so that reading goes on."""

    __slots__ = ("cells", "faults", "file", "number")

    def __init__(self, file: str, number: int, cells: dict[str, str], faults: list[DipFault]) -> None:
        self.file, self.number, self.cells, self.faults = file, number, cells, faults

    def fault(self, column: str, what: str, why: str, remedy: str) -> None:
        self.faults.append(DipFault(self.file, self.number, column, what, why, remedy))

    def text(self, column: str, required: bool = False) -> str:
        text = self.cells.get(column, "")
        if required and not text:
            self.fault(column, "单元格为空", "该列必须填写", "请补填")
        return text

    def number_of(self, column: str, above: Decimal | None = None) -> Decimal | None:
        """A decimal of 0 or more, strictly above `above` where that is given; None where the cell is blank."""
        text = self.cells.get(column, "")
        if not text:
            return None
        try:
            number = Decimal(text.replace(",", ""))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number > _LARGEST:
            self.fault(column, f"“{text[:40]}”不是数字", "该列按数字计算", "请改为普通数字，没有则留空")
        elif number < 0:
            self.fault(column, f"值为{text}", "不能为负数", "请核对原目录，没有则留空")
        elif above is not None and number <= above:
            self.fault(column, f"值为{text}", f"必须大于{above}", "请核对原目录；没有标准的请留空，不要写0")
        else:
            return number
        return None

    def whole(self, column: str) -> int | None:
        number = self.number_of(column)
        if number is not None and number != int(number):
            self.fault(column, f"“{number}”不是整数", "该列按整数比较", "请改为整数")
            return None
        return None if number is None else int(number)

    def yes(self, column: str) -> bool:
        text = self.cells.get(column, "")
        if text and text.lower() not in _YES:
            self.fault(column, f"“{text[:40]}”无法理解", "只认 yes、no 或 是、否", "请改写，空白表示否")
        return _YES.get(text.lower(), False)

    def word(self, column: str, words: type[W], aliases: Mapping[str, W], required: bool = False) -> W | None:
        """One of the words, or of their Chinese aliases; None where it is blank or unknown."""
        text = self.text(column, required)
        if not text:
            return None
        found = aliases.get(text) or next((word for word in words if word == text.lower()), None)
        if found is None:
            known = "、".join(f"{word}（{name}）" for name, word in aliases.items())
            self.fault(column, f"“{text[:40]}”不是已知的值", f"可用的值为{known}", "请改为其中之一")
        return found


def read_table(
    file: Path, columns: Sequence[str], required: Sequence[str], aliases: Mapping[str, str], faults: list[DipFault]
) -> list[Row]:
    """The rows that are not blank; [] where the file or its header cannot be read (which is a fault) or is absent."""
    if not file.exists():
        return []
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(
            DipFault(file.name, 0, "", f"第{error.start}字节不是UTF-8", "无法识别文字", "请另存为 CSV UTF-8 格式")
        )
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [aliases.get(name.strip(), name.strip()) for name in next(reader, [])]
        if not _header_fits(file.name, header, columns, required, faults):
            return []
        return _rows(file.name, header, ((reader.line_num, cells) for cells in reader), faults)
    except csv.Error as error:
        faults.append(DipFault(file.name, reader.line_num, "", f"{error}", "引号不成对", "请检查该行的双引号"))
        return []


def _header_fits(
    file: str, header: list[str], columns: Sequence[str], required: Sequence[str], faults: list[DipFault]
) -> bool:
    before = len(faults)
    for name in header:
        if name not in columns:
            wanted = "、".join(columns)
            faults.append(DipFault(file, 1, name[:40], "未知的列", f"本表的列为{wanted}", "请改正列名或删除该列"))
    for name in sorted({name for name in header if header.count(name) > 1}):
        faults.append(DipFault(file, 1, name[:40], "列名重复", "无法判断以哪一列为准", "请只保留一列"))
    for name in required:
        if name not in header:
            faults.append(DipFault(file, 1, name, "缺少该列", "没有它无法读取本表", "请补上该列"))
    return len(faults) == before


def _rows(file: str, header: list[str], lines: Iterable[tuple[int, list[str]]], faults: list[DipFault]) -> list[Row]:
    found, width = [], len(header)
    for number, cells in lines:
        if len(cells) == width:
            filled = {name: text for name, cell in zip(header, cells, strict=True) if (text := cell.strip())}
            if filled:
                found.append(Row(file, number, filled, faults))
        elif any(cell.strip() for cell in cells):
            what = f"有{len(cells)}个单元格，表头有{width}列"
            faults.append(DipFault(file, number, "", what, "无法对应列", "含逗号的单元格请加双引号"))
    return found
