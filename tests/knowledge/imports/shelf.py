"""A knowledge file to which lists are published, one after another."""

import csv
import io
from collections.abc import Sequence
from datetime import date

from app.knowledge.imports.book import Book
from app.knowledge.imports.columns import Ref
from app.knowledge.imports.diff import Difference, merge
from app.knowledge.imports.entries import Entry
from app.knowledge.imports.targets import TARGETS
from tests.knowledge.imports.build import drug

SEX = TARGETS[67, ""]
FIRST, SECOND, THIRD = date(2025, 5, 23), date(2026, 1, 28), date(2026, 6, 1)


def entry(
    number: int, sex: str = "male", *, row: int = 2, name: str = "甲片", withdrawn: bool = False, **more: str
) -> Entry:
    cells = {"item_code": drug(number), "item_name": name, "sex": sex, **more}
    return Entry(SEX, (drug(number),), cells, (Ref("表.xlsx", "Sheet1", row),), withdrawn)


def read(text: str, sources: dict[str, str]) -> Book:
    book = Book(SEX)
    if text:
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        book.read(header, rows, sources)
    return book


class Shelf:
    """A knowledge file to which lists are published."""

    def __init__(self, text: str = "") -> None:
        self.text, self.sources = text, dict[str, str]()

    def publish(
        self, day: date, entries: Sequence[Entry], source: str = "一", unread: set[str] | None = frozenset()
    ) -> Difference:
        book = read(self.text, self.sources)
        found = merge(book, entries, day, source, unread)
        if found.changes:
            self.text, self.sources = book.written()
        return found

    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.text, newline="")))

    def held(self, code: str, day: date) -> set[str]:
        """What the file says of a code on a day, read without the code under test."""
        return {
            row["sex"]
            for row in self.rows()
            if code in row["item_code"].split("|")
            and row.get("effective_start", "") <= day.isoformat() <= (row.get("effective_end") or "9999-12-31")
        }
