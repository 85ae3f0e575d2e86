"""Import the directory (导入科室与医师名录): departments and practitioners of a facility, from CSV as staff save it."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from app.store.reviews import Department, Directory, StaffMember

T = TypeVar("T", Department, StaffMember)

_LONGEST = {"facility": 64, "code": 64, "name": 100, "campus": 64, "head": 64, "department": 64, "title": 64}
_REQUIRED = ("facility", "code", "name")
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "facility": ("医疗机构代码", "机构代码", "定点医药机构编号", "机构"),
    "code": ("科室代码", "科室编码", "医师代码", "医师编码", "医保医师代码", "代码", "编码"),
    "name": ("科室名称", "医师姓名", "名称", "姓名"),
    "campus": ("院区",),
    "head": ("科主任代码", "科主任", "负责人代码"),
    "department": ("所属科室代码", "所属科室", "科室"),
    "title": ("职称",),
}


class BadDirectory(ValueError):
    """Nothing was stored. `faults` say why, line by line, in Chinese."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults[:5]))
        self.faults = faults


class Imported(NamedTuple):
    departments: int
    staff: int


class DirectoryImporter:
    def __init__(self, store: Directory, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now

    async def import_departments(self, content: bytes, *, caller: str, facility: str = "") -> Imported:
        """`facility`: of rows that name none. Raises BadDirectory, NotRecorded."""
        rows = read_directory(content, Department, facility)
        await self._store.put_departments(rows, caller=caller, at=self._now())
        return Imported(len(rows), 0)

    async def import_staff(self, content: bytes, *, caller: str, facility: str = "") -> Imported:
        """Likewise."""
        rows = read_directory(content, StaffMember, facility)
        await self._store.put_staff(rows, caller=caller, at=self._now())
        return Imported(0, len(rows))


def read_directory(content: bytes, shape: type[T], facility: str = "") -> list[T]:
    """Raises BadDirectory with every fault."""
    table = csv.reader(io.StringIO(_text(content), newline=""))
    fields = [one.name for one in msgspec.structs.fields(shape)]
    columns = _columns(next(table, []), fields)
    if missing := [name for name in _REQUIRED if name not in columns and not (name == "facility" and facility)]:
        raise BadDirectory([f"第1行：缺少列“{_HEADINGS[name][0]}”" for name in missing])
    found: list[T] = []
    faults: list[str] = []
    lines: dict[tuple[str, str], int] = {}
    for cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        told = {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()}
        told["facility"] = told.get("facility") or facility
        faults += _faults(told, table.line_num)
        first = lines.setdefault((told["facility"], told["code"]), table.line_num)
        if first != table.line_num:
            faults.append(f"第{table.line_num}行：代码“{told['code']}”与第{first}行重复")
        found.append(shape(**_known(told)))
    if not found and not faults:
        faults.append("文件中没有数据行")
    if faults:
        raise BadDirectory(faults)
    return found


def _known(told: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value or name in _REQUIRED}


def _text(content: bytes) -> str:
    """Excel saves CSV in the code page of the machine, unless told to use UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadDirectory(["文件不是 UTF-8 或 GB18030 编码的文本；请另存为 CSV UTF-8"])


def _columns(heading: list[str], fields: list[str]) -> dict[str, int]:
    named = {cell.strip().lower(): place for place, cell in reversed(list(enumerate(heading)))}
    found = {}
    for name in fields:
        for word in (name, *_HEADINGS[name]):
            if word in named:
                found[name] = named[word]
                break
    return found


def _faults(told: dict[str, str], line: int) -> list[str]:
    found = [f"第{line}行：“{_HEADINGS[name][0]}”为空" for name in _REQUIRED if not told[name]]
    for name, value in told.items():
        if len(value) > _LONGEST[name]:
            found.append(f"第{line}行：“{_HEADINGS[name][0]}”超过{_LONGEST[name]}个字符")
        if not value.isprintable():
            found.append(f"第{line}行：“{_HEADINGS[name][0]}”含有不可见字符")
    return found
