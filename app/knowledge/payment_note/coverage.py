"""Coverage of notes (备注解读覆盖率): how many of a file's points are fully structured, and which want reading."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from app.knowledge.pack import PackError
from app.knowledge.payment_note import parse
from app.knowledge.payment_note.classes import Basis, PointText, Structured, structure
from app.knowledge.payment_note.describe import columns_line, conditions_line
from app.knowledge.payment_note.note import Coverage
from app.knowledge.payment_note.terms import Terms


class ClassCoverage(Struct, frozen=True, kw_only=True):
    """`judged`: points that leave something sure to judge by; `by_class`: those whose class is the restriction."""

    rule_class: str
    points: int
    full: int
    partly: int
    none: int
    judged: int
    by_class: int


class ToReview(Struct, frozen=True, kw_only=True):
    """A text that a person must read, with the points that share it, what was read in it and what would be judged."""

    rule_class: str
    text: str
    reasons: tuple[str, ...]
    item_names: tuple[str, ...]
    read: str
    judged: str


class Report(Struct, frozen=True, kw_only=True):
    total: ClassCoverage
    classes: tuple[ClassCoverage, ...]
    review: tuple[ToReview, ...]

    @property
    def share(self) -> float:
        return self.total.full / self.total.points if self.total.points else 0.0


def read_points(file: Path, column: str) -> list[PointText]:
    """Every row of the CSV that has a text or a class. Raises PackError where it is no UTF-8 CSV with the column."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            if column not in (reader.fieldnames or ()):
                columns = ", ".join(reader.fieldnames or ()) or "none"
                raise PackError(f"{file} line 1: there is no column {column!r}; the columns are {columns}")
            points = [_point(row, column) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PackError(f"{file}: is not a CSV file in UTF-8: {error}") from error
    return [point for point in points if point.constraint or point.rule_class]


def _point(row: dict[str, str | None], column: str) -> PointText:
    cells = {name: (cell or "").strip() if isinstance(cell, str) else "" for name, cell in row.items()}
    codes = cells.get("item_codes", "")
    return PointText(
        constraint=cells.get(column, ""),
        rule_class=cells.get("rule_class", ""),
        item_name=cells.get("item_name", "") or cells.get("drug_name", ""),
        detect_logic=cells.get("detect_logic", ""),
        item_codes=tuple(codes.split("|")) if codes else (),
    )


def report(points: Sequence[PointText], terms: Terms | None = None) -> Report:
    read = [(point, structure(point, terms)) for point in points]
    names = dict.fromkeys(point.rule_class for point in points)
    classes = tuple(_sum(name, [found for point, found in read if point.rule_class == name]) for name in names)
    return Report(total=_sum("", [found for _, found in read]), classes=classes, review=_review(read, terms))


def _sum(name: str, found: Sequence[Structured]) -> ClassCoverage:
    counts = Counter(one.coverage for one in found)
    return ClassCoverage(
        rule_class=name,
        points=len(found),
        full=counts[Coverage.FULL],
        partly=counts[Coverage.PARTLY],
        none=counts[Coverage.NONE],
        judged=sum(bool(one.columns) for one in found),
        by_class=sum(one.basis is Basis.CLASS for one in found),
    )


def _review(read: Iterable[tuple[PointText, Structured]], terms: Terms | None) -> tuple[ToReview, ...]:
    groups: dict[tuple[str, str], tuple[Structured, list[str]]] = {}
    for point, found in read:
        if found.reasons:
            groups.setdefault((point.rule_class, point.constraint), (found, []))[1].append(point.item_name)
    return tuple(
        ToReview(
            rule_class=name,
            text=text,
            reasons=found.reasons,
            item_names=tuple(dict.fromkeys(items)),
            read=conditions_line(parse(text, terms)) if found.basis is Basis.TEXT else "",
            judged=columns_line(found),
        )
        for (name, text), (found, items) in groups.items()
    )
