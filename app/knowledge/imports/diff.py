"""Differences (差异): what an import changes in a rule's knowledge: added, changed, withdrawn, unchanged, rejected.

A unit that a later list says otherwise is superseded: the old words hold to the day before, the new ones from the day
of publication, so that a claim of last year is judged by last year's text. The same day's list said anew is a
correction. A unit that this source once listed and, published anew, lists no longer is withdrawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from app.knowledge.imports.book import Book, Key, Version, content, judged
from app.knowledge.imports.columns import Ref
from app.knowledge.imports.entries import Entry

_DAY = timedelta(days=1)


class Fate(StrEnum):
    """What became of a row, or of a unit. The order tells which of a row's units speaks for it."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class Change(StrEnum):
    ADDED = "added"
    CORRECTED = "corrected"
    SUPERSEDED = "superseded"
    EARLIER = "earlier"  # the same was published before already: it holds from then on
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Changed:
    """One unit's change. `before` and `after` are what was and is said of it; blank where nothing."""

    change: Change
    key: Key
    name: str
    before: str = ""
    after: str = ""


@dataclass
class Difference:
    """Of one rule: each entry's fate with why, and the changes in order."""

    fates: list[tuple[Entry, Fate, str]] = field(default_factory=list)
    changes: list[Changed] = field(default_factory=list)


def merge(
    book: Book, entries: Sequence[Entry], published: date, source: str, unread: Iterable[str] | None
) -> Difference:
    """Bring the entries into the book. `unread` are codes of rows that were refused, which are not taken as withdrawn;
    None where some such code could not be read, so that nothing is withdrawn for being absent."""
    found = Difference()
    by_key: dict[Key, list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    for key, same in by_key.items():
        if book.target.gathers and not any(one.withdrawn for one in same):
            same = [_gathered(same)]
        first = same[0]
        if any(_says(one) != _says(first) for one in same):
            where = "、".join(str(one.refs[-1]) for one in same)
            found.fates += [(one, Fate.REJECTED, f"同一编码“{_shown(key)}”的限定前后矛盾（{where}）") for one in same]
            continue
        fate, why = _apply(book, first, published, source, found.changes)
        found.fates.append((first, fate, why))
        rest = Fate.REJECTED if fate is Fate.REJECTED else Fate.UNCHANGED
        found.fates += [(one, rest, why if rest is Fate.REJECTED else f"与{first.refs[-1]}相同") for one in same[1:]]
    if unread is not None:
        _withdraw_absent(book, set(by_key), set(unread), published, source, found.changes)
    return found


def _gathered(entries: Sequence[Entry]) -> Entry:
    codes = {code for one in entries for code in one.cells["item_code"].split("|")}
    refs = tuple(dict.fromkeys(ref for one in entries for ref in one.refs))
    return replace(entries[0], cells={**entries[0].cells, "item_code": "|".join(sorted(codes))}, refs=refs)


def _says(entry: Entry) -> tuple[object, ...]:
    return entry.withdrawn, judged(entry.cells, entry.target.key)


def _shown(key: Key) -> str:
    return "×".join(part for part in key if part)


def _apply(book: Book, entry: Entry, published: date, source: str, changes: list[Changed]) -> tuple[Fate, str]:
    hand = book.covering(entry.key, published)
    if hand is not None:
        if not entry.withdrawn and judged(hand.cells, book.target.key) == judged(entry.cells, book.target.key):
            return Fate.UNCHANGED, f"人工知识点{hand.point}已有"
        return Fate.REJECTED, f"与人工知识点{hand.point}不一致（{_said(hand.cells)}）；请人工修改该知识点后再导入"
    versions = book.units.setdefault(entry.key, [])
    now = next((one for one in versions if one.start <= published <= one.end), None)
    if entry.withdrawn:
        return _withdraw(versions, now, entry, published, changes)
    cells = {name: cell for name, cell in entry.cells.items() if name not in book.target.key}
    if book.target.gathers and now is not None and now.source != source:
        cells["item_code"] = "|".join(sorted({*cells["item_code"].split("|"), *now.cells["item_code"].split("|")}))
    if now is not None and content(now.cells) == content(cells):
        return Fate.UNCHANGED, ""
    name, after = entry.cells.get("item_name", ""), _said(cells)
    if now is not None and now.start == published:
        changes.append(Changed(Change.CORRECTED, entry.key, name, _said(now.cells), after))
        now.cells, now.source = cells, source
        return Fate.CHANGED, ""
    if now is not None:
        changes.append(Changed(Change.SUPERSEDED, entry.key, name, _said(now.cells), after))
        versions.append(Version(published, now.end, cells, source=source))
        now.end = published - _DAY
    else:
        later = next((one for one in versions if one.start > published), None)
        if later is not None and content(later.cells) == content(cells):
            changes.append(Changed(Change.EARLIER, entry.key, name, later.start.isoformat(), published.isoformat()))
            later.start = published
            return Fate.CHANGED, ""
        changes.append(Changed(Change.ADDED, entry.key, name, after=after))
        versions.append(Version(published, later.start - _DAY if later else date.max, cells, source=source))
    versions.sort(key=lambda one: one.start)
    return (Fate.ADDED if now is None else Fate.CHANGED), ""


def _withdraw(
    versions: list[Version], now: Version | None, entry: Entry, published: date, changes: list[Changed]
) -> tuple[Fate, str]:
    """Publication takes the unit out, by its own words."""
    if now is None:
        if any(one.end == published - _DAY for one in versions):
            return Fate.UNCHANGED, "此前已撤下"
        return Fate.REJECTED, "表中标为撤销，但知识库中没有这一项"
    changes.append(Changed(Change.WITHDRAWN, entry.key, entry.cells.get("item_name", ""), _said(now.cells)))
    if now.start == published:
        versions.remove(now)
    else:
        now.end = published - _DAY
    return Fate.CHANGED, ""


def _withdraw_absent(
    book: Book, named: set[Key], unread: set[str], published: date, source: str, changes: list[Changed]
) -> None:
    for key, versions in book.units.items():
        if key in named or unread.intersection(key):
            continue
        for one in versions:
            if one.source == source and one.start < published and one.end == date.max:
                one.end = published - _DAY
                changes.append(Changed(Change.WITHDRAWN, key, one.cells.get("item_name", ""), _said(one.cells)))


def _said(cells: Mapping[str, str]) -> str:
    return "，".join(f"{name}={cell}" for name, cell in judged(cells, ("item_code", "excluded_code")))


def rows_of(difference: Difference) -> dict[Ref, list[tuple[Fate, str]]]:
    """What became of each row that the entries were read from."""
    found: dict[Ref, list[tuple[Fate, str]]] = {}
    for entry, fate, why in difference.fates:
        for ref in entry.refs:
            found.setdefault(ref, []).append((fate, why))
    return found
