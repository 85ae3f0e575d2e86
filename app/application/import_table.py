"""Import tables (导入知识表): official lists and auditors' tables into rule packs, every row told for.

A list that cannot be read, or a rule that would fail its own examples, stops the import before anything is written.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from app.engine.self_check import rule_faults
from app.knowledge.imports.cells import codes_of
from app.knowledge.imports.classes import class_of_argument, class_of_title
from app.knowledge.imports.columns import Ref, Row
from app.knowledge.imports.diff import Fate, rows_of
from app.knowledge.imports.entries import Entry, read_row
from app.knowledge.imports.faults import BadTable, Refused
from app.knowledge.imports.plan import Plan, Publication, plan_rule, read_staged
from app.knowledge.imports.rows import FileRows, read_rows
from app.knowledge.imports.targets import Target
from app.knowledge.pack import RuleFolder, read_packs

_NEW_FIRST = (Fate.ADDED, Fate.CHANGED, Fate.UNCHANGED, Fate.REJECTED)


@dataclass
class ImportReport:
    """`rows` tells what became of every row read. `notes` are what a person should look at in rows that were taken."""

    rows: dict[Ref, Fate]
    rejected: list[tuple[Ref, str]]
    notes: list[tuple[Ref, str]]
    aside: list[tuple[Ref, str]]
    plans: list[Plan]
    withdrawals_judged: bool = True

    def count(self, fate: Fate) -> int:
        return sum(one is fate for one in self.rows.values())


@dataclass
class _Read:
    """The rows of all files, as entries or refused."""

    rows: list[Ref] = field(default_factory=list)
    entries: dict[Target, list[Entry]] = field(default_factory=dict)
    refused: list[tuple[Row, str]] = field(default_factory=list)
    notes: list[tuple[Ref, str]] = field(default_factory=list)
    aside: list[tuple[Ref, str]] = field(default_factory=list)


def import_table(
    files: Sequence[Path],
    rules_dir: Path,
    *,
    published: date,
    source: str,
    rule_class: str = "",
    dry_run: bool = False,
) -> ImportReport:
    """Import the files into the packs below `rules_dir`. Raises BadTable or PackError, and has then written nothing."""
    if not source.strip():
        raise BadTable("来源不能为空；请写明发布的文件，如“国家医保局智能监管“两库”第八批”")
    forced = class_of_argument(rule_class) if rule_class else None
    read = _Read()
    for file in files:
        _take(read_rows(file), forced, read)
    folders: list[RuleFolder] = read_packs(rules_dir) if any(rules_dir.glob("*/*/rule.yaml")) else []
    unread = _unread(read.refused)
    publication = Publication(published, " ".join(source.split()))
    plans = [
        plan_rule(rules_dir, folders, target, entries, publication, unread)
        for target, entries in sorted(read.entries.items(), key=lambda one: one[0].rule)
    ]
    report = _account(read, plans, unread is not None)
    _self_test(plans)
    if not dry_run:
        for plan in plans:
            _write(plan, rules_dir)
    return report


def _take(found: FileRows, forced: int | None, read: _Read) -> None:
    read.rows += found.read
    read.aside += found.aside
    read.refused += found.alone
    seq = forced or class_of_title(found.title)
    for row in found.rows:
        try:
            entries, notes = read_row(row, seq)
        except Refused as error:
            read.refused.append((row, str(error)))
            continue
        read.notes += [(row.refs[0], note) for note in notes]
        for entry in entries:
            read.entries.setdefault(entry.target, []).append(entry)


def _unread(refused: Iterable[tuple[Row, str]]) -> set[str] | None:
    """The codes of refused rows; None where one of them is not known."""
    found: set[str] = set()
    for row, _ in refused:
        try:
            codes = codes_of(row.cells.get("code"))
        except Refused:
            return None
        if not codes:
            return None
        found.update(codes)
    return found


def _account(read: _Read, plans: Sequence[Plan], withdrawals_judged: bool) -> ImportReport:
    """One fate for each row. Raises AssertionError where a row would be lost or counted twice."""
    told: dict[Ref, list[tuple[Fate, str]]] = {}
    for row, why in read.refused:
        for ref in row.refs:
            told.setdefault(ref, []).append((Fate.REJECTED, why))
    for plan in plans:
        for ref, fates in rows_of(plan.difference).items():
            told.setdefault(ref, []).extend(fates)
    rows: dict[Ref, Fate] = {}
    rejected: list[tuple[Ref, str]] = []
    notes = list(dict.fromkeys(read.notes))
    for ref, fates in sorted(told.items(), key=lambda one: (one[0].file, one[0].sheet, one[0].row)):
        rows[ref] = min((fate for fate, _ in fates), key=_NEW_FIRST.index)
        reasons = dict.fromkeys(why for fate, why in fates if fate is Fate.REJECTED)
        (rejected if rows[ref] is Fate.REJECTED else notes).extend((ref, why) for why in reasons)
    counts = Counter(rows.values())
    if rows.keys() != set(read.rows) or len(read.rows) != sum(counts[fate] for fate in Fate):
        lost = set(read.rows).symmetric_difference(rows)
        raise AssertionError(f"{len(read.rows)} rows read, {counts} told: {sorted(map(str, lost))[:5]}")
    return ImportReport(rows, rejected, notes, read.aside, list(plans), withdrawals_judged)


def _self_test(plans: Iterable[Plan]) -> None:
    """Every rule that changes must compile and keep to its examples as it would be."""
    for plan in plans:
        if not plan.files:
            continue
        with tempfile.TemporaryDirectory() as staged:
            faults = rule_faults(read_staged(plan, Path(staged)))
        if faults:
            raise BadTable(
                f"规则{plan.rule}导入后未通过自检，未写入任何文件：\n" + "\n".join(faults).replace(staged, "…")
            )


def _write(plan: Plan, rules_dir: Path) -> None:
    """A new rule appears whole. Of an old one the raised version comes first: cut short, it only says too much."""
    if not plan.files:
        return
    with tempfile.TemporaryDirectory(dir=rules_dir, prefix=".import-", ignore_cleanup_errors=True) as made:
        folder = Path(made) / plan.rule
        folder.mkdir()
        for name, content in plan.files.items():
            _flushed(folder / name, content)
        if plan.is_new:
            plan.path.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(plan.path)
            return
        for name in ("rule.yaml", "sources.csv", "knowledge.csv"):
            (folder / name).replace(plan.path / name)


def _flushed(file: Path, content: bytes) -> None:
    with file.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
