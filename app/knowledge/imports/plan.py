"""Plans (导入方案): what an import would write into which rule, before anything is written."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.knowledge.imports.book import Book
from app.knowledge.imports.classes import CLASSES
from app.knowledge.imports.diff import Difference, merge
from app.knowledge.imports.draft import draft_rule
from app.knowledge.imports.entries import Entry
from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.targets import PRACTITIONER, Target
from app.knowledge.pack import NATIONAL, RuleFolder, read_csv, read_rule_folder
from app.knowledge.rule import ENDED, Status
from app.knowledge.text_yaml import read_yaml

_VERSION = re.compile(rb"(?m)^version:[ \t]*(\d+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """`files` are the rule's files that change, by name; none where nothing changes. `version` is that afterwards."""

    rule: str
    path: Path
    is_new: bool
    version: int
    points: int
    difference: Difference
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Publication:
    published: date
    source: str


def plan_rule(
    root: Path,
    folders: Sequence[RuleFolder],
    target: Target,
    entries: Sequence[Entry],
    publication: Publication,
    unread: Iterable[str] | None,
) -> Plan:
    """What these entries make of the rule. Raises BadTable where the rule that stands there is not for them."""
    folder = _find(folders, target)
    path = folder.path if folder else root / "national" / target.rule
    book = Book(target)
    sources_file = path / "sources.csv"
    if folder is not None:
        first = min(folder.rule.in_force)
        if publication.published < first:
            raise BadTable(
                f"规则{folder.rule.id}自{first}起施行，{publication.published}公布的内容在此之前不会被判断；"
                "请先在其rule.yaml的in_force中写明更早的施行日期"
            )
        _, rows, _ = read_csv(sources_file, sources_file.read_bytes() if sources_file.exists() else b"")
        book.read(folder.header, folder.rows, {row[0]: row[1] for row in rows})
    difference = merge(book, entries, publication.published, publication.source, unread)
    version = folder.rule.version if folder else 1
    if not difference.changes:
        return Plan(path.name, path, False, version, len(folder.rows) if folder else 0, difference, {})
    knowledge, sources = book.written()
    files = {"knowledge.csv": knowledge.encode(), "sources.csv": _sources(sources)}
    points = list(csv.DictReader(io.StringIO(knowledge, newline="")))
    if folder is None:
        draft = draft_rule(target, points, publication.published, publication.source)
        files["rule.yaml"] = draft.encode()
    else:
        files["rule.yaml"] = _raised((path / "rule.yaml").read_bytes(), version := version + 1)
    return Plan(path.name, path, folder is None, version, len(points), difference, files)


def _find(folders: Sequence[RuleFolder], target: Target) -> RuleFolder | None:
    """The rule named by the target, else the one that carries the name of the whole class in the same manner."""
    named = next((one for one in folders if one.rule.id == target.rule), None)
    if named is not None:
        if named.rule.kind != target.kind or _parameters(named) != read_yaml(target.parameters.encode()):
            raise BadTable(
                f"规则{target.rule}已存在，但类型或参数不是{target.kind} {target.parameters}；请改名或改规则后再导入"
            )
        if named.rule.status is Status.RETIRED:
            raise BadTable(f"规则{target.rule}已停用；请先恢复该规则，或改用新规则")
        return named
    if target.rule.startswith(PRACTITIONER):
        return None
    name = CLASSES[target.seq].name
    alike = [
        one
        for one in folders
        if one.rule.rule_class == name
        and one.rule.title == name
        and one.scope == NATIONAL
        and one.rule.kind == target.kind
        and one.rule.status is not Status.RETIRED
        and _parameters(one) == read_yaml(target.parameters.encode())
    ]
    return alike[0] if len(alike) == 1 else None


def _parameters(folder: RuleFolder) -> object:
    """The latest parameters."""
    in_force = folder.rule.in_force
    return next((in_force[day] for day in sorted(in_force, reverse=True) if in_force[day] != ENDED), None)


def _raised(rule: bytes, version: int) -> bytes:
    return _VERSION.sub(b"version: %d" % version, rule, count=1)


def _sources(sources: dict[str, str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("point", "source"))
    writer.writerows(sorted(sources.items()))
    return text.getvalue().encode()


def read_staged(plan: Plan, staged: Path) -> RuleFolder:
    """The rule as it would be, written below `staged`, which keeps its unchanged files too."""
    folder = staged / "national" / plan.rule
    folder.mkdir(parents=True)
    for name in ("rule.yaml", "knowledge.csv"):
        content = plan.files.get(name)
        (folder / name).write_bytes((plan.path / name).read_bytes() if content is None else content)
    return read_rule_folder(folder)
