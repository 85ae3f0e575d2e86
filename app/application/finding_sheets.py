"""Sheets of findings (疑点表格): CSV and Excel with Chinese headings, a watermark, and nothing in them that is run."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import IO, NamedTuple, Protocol

import xlsxwriter

from app.domain.labels import ANSWER_LABELS, SEVERITY_LABELS, STAGE_LABELS, label
from app.domain.review import Review
from app.domain.review_labels import DEADLINE_LABELS, STATE_LABELS
from app.domain.review_reasons import REASONS
from app.domain.working_days import CHINA

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet takes for a formula
_LONGEST_CELL = 32_767  # of Excel
Cell = str | float | int | None


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class Row(NamedTuple):
    """A finding with the names of its department and physician, where they are known."""

    review: Review
    department: str
    practitioner: str


class Column(NamedTuple):
    name: str  # that of the field
    heading: str
    width: int
    cell: Callable[[Row], Cell]


class Watermark(NamedTuple):
    who: str
    at: datetime
    what: str

    def lines(self) -> list[str]:
        return [
            "医保疑点导出 · 内部资料，仅限医保管理工作使用，不得外传",
            f"导出人：{self.who}　导出时间：{moment(self.at)}",
            f"筛选条件：{self.what}",
        ]


class Sheet(Protocol):
    def add(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


def moment(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def harmless(text: str) -> str:
    """The text such that no spreadsheet runs it (公式注入): with a mark before it, where it begins like a formula."""
    text = text.replace("\0", "")[: _LONGEST_CELL - 1]
    return f"'{text}" if text.startswith(_RUN) else text


def _yuan(cents: int | None) -> float | None:
    return None if cents is None else cents / 100


_REASON_WORDS: Mapping[str, str] = {code: text for reasons in REASONS.values() for code, text in reasons.items()}

COLUMNS: tuple[Column, ...] = (
    Column("id", "疑点编号", 34, lambda row: row.review.id),
    Column("state", "状态", 12, lambda row: STATE_LABELS[row.review.state]),
    Column("severity", "等级", 10, lambda row: SEVERITY_LABELS[row.review.severity]),
    Column("title", "规则名称", 30, lambda row: row.review.title),
    Column("rule", "规则编码", 30, lambda row: row.review.rule),
    Column("rule_version", "规则版本", 8, lambda row: row.review.rule_version),
    Column("category", "违规行为分类", 16, lambda row: row.review.category),
    Column("message", "违规内容", 50, lambda row: row.review.message),
    Column("amount", "涉及金额（元）", 14, lambda row: _yuan(row.review.amount_cents)),
    Column("refund", "退费金额（元）", 14, lambda row: _yuan(row.review.refund_cents)),
    Column("facility", "医疗机构", 16, lambda row: row.review.facility),
    Column("campus", "院区", 12, lambda row: row.review.campus),
    Column("department", "科室", 18, lambda row: _named(row.review.department, row.department)),
    Column("practitioner", "医师", 18, lambda row: _named(row.review.practitioner, row.practitioner)),
    Column("encounter", "就诊编号", 20, lambda row: row.review.encounter),
    Column("lines", "违规明细", 24, lambda row: "、".join(row.review.lines)),
    Column("insurance_type", "险种", 10, lambda row: label(row.review.insurance_type)),
    Column("care_type", "医疗类别", 10, lambda row: label(row.review.care_type)),
    Column("stage", "环节", 8, lambda row: STAGE_LABELS[row.review.stage]),
    Column("first_found_at", "首次发现", 20, lambda row: moment(row.review.first_found_at)),
    Column("last_found_at", "最近发现", 20, lambda row: moment(row.review.last_found_at)),
    Column("times_found", "发现次数", 8, lambda row: row.review.times_found),
    Column("doctor_answer", "医师处理", 10, lambda row: _answer(row.review)),
    Column("assignee", "处理人", 18, lambda row: row.review.assignee),
    Column("reason_code", "处理理由", 24, lambda row: _REASON_WORDS.get(row.review.reason_code, "")),
    Column("deadline_step", "期限事项", 12, lambda row: _step(row.review)),
    Column("deadline", "期限", 12, lambda row: row.review.deadline.isoformat() if row.review.deadline else ""),
    Column("is_trial", "试运行规则", 10, lambda row: "是" if row.review.is_trial else "否"),
)


def _named(code: str, name: str) -> str:
    return f"{name}（{code}）" if name else code


def _answer(one: Review) -> str:
    return ANSWER_LABELS[one.doctor_answer] if one.doctor_answer is not None else ""


def _step(one: Review) -> str:
    return DEADLINE_LABELS[one.deadline_step] if one.deadline_step is not None else ""


class CsvSheet:
    """UTF-8 with a byte order mark, so that Excel reads it; the watermark stands before the headings."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column], mark: Watermark) -> None:
        self._columns = columns
        self._text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        for line in mark.lines():
            self._writer.writerow([harmless(line)])
        self._writer.writerow([one.heading for one in columns])

    def add(self, rows: Sequence[Row]) -> None:
        self._writer.writerows([[_csv(column.cell(row)) for column in self._columns] for row in rows])

    def close(self) -> None:
        self._text.flush()
        self._text.detach()  # the file is read on


def _csv(cell: Cell) -> str:
    if cell is None:
        return ""
    return harmless(cell) if isinstance(cell, str) else f"{cell:.2f}" if isinstance(cell, float) else str(cell)


class XlsxSheet:
    """One row at a time goes to the disk; the watermark stands above the headings, in the head of every printed page
    and in the properties of the file.
    """

    def __init__(self, file: IO[bytes], columns: Sequence[Column], mark: Watermark) -> None:
        self._columns = columns
        self._book = xlsxwriter.Workbook(
            file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        lines = mark.lines()
        self._book.set_properties({"title": "医保疑点导出", "author": mark.who, "comments": "\n".join(lines)})
        self._sheet = self._book.add_worksheet("疑点")
        bold, self._money = self._book.add_format({"bold": True}), self._book.add_format({"num_format": "#,##0.00"})
        for at, one in enumerate(columns):
            self._sheet.set_column(at, at, one.width)
        self._sheet.set_header("&L&8" + _in_header(lines[0]) + "&R&8" + _in_header(lines[1]))
        for at, line in enumerate(lines):
            self._sheet.write_string(at, 0, harmless(line))
        self._next = len(lines)
        for at, one in enumerate(columns):
            self._sheet.write_string(self._next, at, one.heading, bold)
        self._next += 1
        self._sheet.freeze_panes(self._next, 1)

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            for at, column in enumerate(self._columns):
                cell = column.cell(row)
                if isinstance(cell, str):
                    self._sheet.write_string(self._next, at, harmless(cell))
                elif isinstance(cell, float):
                    self._sheet.write_number(self._next, at, cell, self._money)
                elif cell is not None:
                    self._sheet.write_number(self._next, at, cell)
            self._next += 1

    def close(self) -> None:
        self._book.close()


def _in_header(line: str) -> str:
    """A header holds 255 characters in all, and takes & for the beginning of a code."""
    return line.replace("&", "&&")[:100]


SHEETS: Mapping[Format, Callable[[IO[bytes], Sequence[Column], Watermark], Sheet]] = {
    Format.CSV: CsvSheet,
    Format.XLSX: XlsxSheet,
}
