"""Books (知识表): a rule's knowledge as units with their times, read from its rows and written as rows again.

A unit is a code, or a pair of codes; a point is a row, which holds all codes of which the same is said for the same
time. Rows that people wrote are kept as they are, and are told from imported ones by the shape of the point's id.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain.codes import CodeSet
from app.knowledge.imports.cells import fold
from app.knowledge.imports.targets import Target
from app.knowledge.pack import PackError

Key = tuple[str, ...]
IMPORTED = re.compile(r"\d\d-[0-9a-f]{10}(-\d+)?")
TEXTS = frozenset({"item_name", "basis", "excluded_name", "companion_name", "unit"})  # said, not judged
_DATES = ("effective_start", "effective_end")
_ORDER = ("point", "item_code", "item_name", "excluded_code", "excluded_name", "bundle_code", "bundle_name", "group")
_LAST = ("basis", *_DATES)


@dataclass(slots=True)
class Version:
    """What holds for a unit from `start` to `end`, both included. `point` is the row that says so, "" if none."""

    start: date
    end: date
    cells: dict[str, str]
    point: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ByHand:
    """A row that a person wrote: the codes that it covers, by the columns of the key, and what it says."""

    point: str
    codes: tuple[CodeSet, ...]
    start: date
    end: date
    cells: Mapping[str, str]


@dataclass
class Book:
    target: Target
    header: tuple[str, ...] = ()
    kept: list[dict[str, str]] = field(default_factory=list)
    by_hand: list[ByHand] = field(default_factory=list)
    units: dict[Key, list[Version]] = field(default_factory=dict)
    _exact: dict[Key, list[ByHand]] = field(default_factory=dict)
    _wide: list[ByHand] = field(default_factory=list)

    def covering(self, key: Key, day: date) -> ByHand | None:
        """The row by hand that speaks of the unit on this day."""
        candidates: list[ByHand] = [*self._exact.get(key, ()), *self._wide]
        for one in candidates:
            if one.start <= day <= one.end and all(code in codes for code, codes in zip(key, one.codes, strict=True)):
                return one
        return None

    def read(self, header: Sequence[str], rows: Iterable[Sequence[str]], sources: Mapping[str, str]) -> None:
        """Take in the rows of the rule's knowledge. Raises PackError for one whose dates cannot be read."""
        self.header = tuple(header)
        for row in rows:
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
            start, end = _date(cells, "effective_start", date.min), _date(cells, "effective_end", date.max)
            point = cells.get("point", "")
            if IMPORTED.fullmatch(point):
                said = {name: cell for name, cell in cells.items() if name not in ("point", *_DATES, *self.target.key)}
                for key in self._keys(cells):
                    version = Version(start, end, dict(said), point, sources.get(point, ""))
                    self.units.setdefault(key, []).append(version)
            else:
                self.kept.append(cells)
                self._keep(ByHand(point, self._code_sets(cells), start, end, cells), cells)
        for versions in self.units.values():
            versions.sort(key=lambda one: one.start)

    def _keep(self, one: ByHand, cells: Mapping[str, str]) -> None:
        self.by_hand.append(one)
        if any(codes.prefixes for codes in one.codes):
            self._wide.append(one)
            return
        keys: list[Key] = [()]
        for column in self.target.key:
            keys = [(*key, code) for key in keys for code in cells.get(column, "").split("|")]
        for key in keys:
            self._exact.setdefault(key, []).append(one)

    def _code_sets(self, cells: Mapping[str, str]) -> tuple[CodeSet, ...]:
        return tuple(_set(cells.get(column, "").split("|")) for column in self.target.key)

    def _keys(self, cells: Mapping[str, str]) -> Iterator[Key]:
        if not self.target.joins:
            yield tuple(cells.get(column, "") for column in self.target.key)
            return
        for code in cells.get("item_code", "").split("|"):
            yield tuple(code if column == "item_code" else cells.get(column, "") for column in self.target.key)

    def written(self) -> tuple[str, dict[str, str]]:
        """The knowledge as CSV text, and the source of every imported point."""
        rows, sources = list(self.kept), {}
        for point, version, cells in self._points():
            row = {"point": point, **cells}
            if version.start != date.min:
                row["effective_start"] = version.start.isoformat()
            if version.end != date.max:
                row["effective_end"] = version.end.isoformat()
            rows.append(row)
            if version.source:
                sources[point] = version.source
        rows.sort(key=lambda row: row["point"])
        header = [*self.header, *(name for name in _columns(rows) if name not in self.header)]
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue(), sources

    def _points(self) -> Iterator[tuple[str, Version, dict[str, str]]]:
        """Each point with its id: the one that most of its units had, so that ids last; else one of what it says."""
        groups: dict[tuple[date, date, Key, tuple[tuple[str, str], ...], str], list[tuple[Key, Version]]] = {}
        for key in sorted(self.units):
            for version in self.units[key]:
                rest = tuple(part for part, column in zip(key, self.target.key, strict=True) if column != "item_code")
                own = rest if self.target.joins else key
                said = (version.end, version.start, own, content(version.cells), version.source)
                groups.setdefault(said, []).append((key, version))
        used: set[str] = set()
        for group in sorted(groups, key=lambda one: (date.max - one[0], one[1:])):
            members = groups[group]
            version = members[0][1]
            had = Counter(one.point for _, one in members if one.point and one.point not in used)
            point = min(had, key=lambda one: (-had[one], one)) if had else self._new_id(group[1:4], used)
            used.add(point)
            yield point, version, {**self._key_cells([key for key, _ in members]), **version.cells}

    def _key_cells(self, keys: Sequence[Key]) -> dict[str, str]:
        cells = dict(zip(self.target.key, keys[0], strict=True))
        if self.target.joins:
            place = self.target.key.index("item_code")
            cells["item_code"] = "|".join(sorted({key[place] for key in keys}))
        return cells

    def _new_id(self, said: tuple[object, ...], used: set[str]) -> str:
        digest = hashlib.sha256(repr(said).encode()).hexdigest()[:10]
        stem = f"{self.target.seq:02d}-{digest}"
        return next(one for one in _numbered(stem) if one not in used)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 1
    while True:
        number += 1
        yield f"{stem}-{number}"


def content(cells: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What the cells say, whichever way it is spelled."""
    return tuple(
        sorted((name, fold(cell) if name in TEXTS else _ordered(cell)) for name, cell in cells.items() if cell)
    )


def judged(cells: Mapping[str, str], key: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The part of it by which lines are judged."""
    skipped = {*TEXTS, *key, *_DATES, "point"}
    return tuple(sorted((name, _ordered(cell)) for name, cell in cells.items() if cell and name not in skipped))


def _ordered(cell: str) -> str:
    return "|".join(sorted(cell.split("|"))) if "|" in cell else cell


def _set(codes: Sequence[str]) -> CodeSet:
    try:
        return CodeSet(codes)
    except ValueError:  # a name, as of a group: only equal to itself
        found = CodeSet(())
        found.exact = frozenset(codes)
        return found


def _date(cells: Mapping[str, str], name: str, default: date) -> date:
    try:
        return date.fromisoformat(cells[name]) if name in cells else default
    except ValueError as error:
        raise PackError(f"{name} is {cells[name]!r}; write a date as 2026-01-31") from error


def _columns(rows: Iterable[Mapping[str, str]]) -> list[str]:
    names = {name for row in rows for name in row}
    middle = sorted(names - {*_ORDER, *_LAST})
    return [name for name in (*_ORDER, *middle, *_LAST) if name in names]
