"""Rule packs (规则包) on disk: one folder per rule, `rule.yaml` with `knowledge.csv` beside it.

rules/national/<rule>/            holds everywhere
rules/areas/<pooling area>/<rule>/    only for encounters of that pooling area
rules/hospitals/<facility>/<rule>/    only in that facility
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from app.knowledge.rule import Rule
from app.knowledge.text_yaml import read_yaml


class PackError(Exception):
    """Something in a rule pack is wrong; the text says what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule or an exception holds: everywhere, in one pooling area, or in one facility."""

    area: str = ""
    facility: str = ""


NATIONAL = Scope()


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """A rule and its knowledge as read. `rows` are cells in the order of `header`; `lines` are their line numbers."""

    path: Path
    scope: Scope
    rule: Rule
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    line_numbers: Sequence[int]
    content_hash: str


def read_packs(root: Path) -> list[RuleFolder]:
    """Every rule below `root`, sorted by id. Raises PackError with all faults of all rules, one a line."""
    folders, faults = [], []
    for path, scope in _rule_paths(root):
        try:
            folders.append(read_rule_folder(path, scope))
        except PackError as error:
            faults.append(str(error))
    owners: dict[str, Path] = {}
    for folder in folders:
        if (first := owners.setdefault(folder.rule.id, folder.path)) != folder.path:
            faults.append(f"{folder.path}: the id {folder.rule.id!r} is taken by {first}; rename this folder")
    if not folders and not faults:
        faults.append(f"{root}: no rules here; a rule is a folder with rule.yaml, as national/<rule>/rule.yaml")
    if faults:
        raise PackError("\n".join(faults))
    return sorted(folders, key=lambda folder: folder.rule.id)


def _rule_paths(root: Path) -> Iterator[tuple[Path, Scope]]:
    for pattern in ("national/*/rule.yaml", "areas/*/*/rule.yaml", "hospitals/*/*/rule.yaml"):
        for file in sorted(root.glob(pattern)):
            yield file.parent, scope_of(file.parent)


def scope_of(path: Path) -> Scope:
    """Where the rule in this folder holds, told by the folders above it."""
    if path.parent.parent.name == "areas":
        return Scope(area=path.parent.name)
    return Scope(facility=path.parent.name) if path.parent.parent.name == "hospitals" else NATIONAL


def read_rule_folder(path: Path, scope: Scope = NATIONAL) -> RuleFolder:
    """Read one rule and its knowledge; raises PackError."""
    rule_bytes = (path / "rule.yaml").read_bytes()
    rule = _read_rule(path / "rule.yaml", rule_bytes)
    knowledge = path / "knowledge.csv"
    knowledge_bytes = knowledge.read_bytes() if knowledge.exists() else b""
    header, rows, line_numbers = read_csv(knowledge, knowledge_bytes)
    digest = hashlib.sha256(rule_bytes + b"\0" + knowledge_bytes).hexdigest()
    return RuleFolder(path, scope, rule, header, rows, line_numbers, digest)


def _read_rule(file: Path, content: bytes) -> Rule:
    try:
        document = read_yaml(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PackError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise PackError(f"{file}: must be a mapping of fields, as in docs/how-to-add-a-rule.md")
    try:
        return Rule.model_validate({**document, "id": file.parent.name})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'rule'}: {one['msg']}" for one in error.errors())
        raise PackError(f"{file}: {faults}") from error


def read_csv(file: Path, content: bytes) -> tuple[tuple[str, ...], list[list[str]], list[int]]:
    """Header, rows that are not blank, and their line numbers; raises PackError naming file and line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PackError(
            f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8 (Excel: CSV UTF-8)"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, line_numbers = [], []
    try:
        header = tuple(name.strip() for name in next(reader, []))
        if len(set(header)) != len(header):
            raise PackError(f"{file} line 1: a column name stands twice; name each column once")
        for row in reader:
            if not any(row):
                continue
            if len(row) != len(header):
                raise PackError(
                    f"{file} line {reader.line_num}: {len(row)} cells, but {len(header)} columns in line 1; "
                    "put a cell that holds a comma in double quotes"
                )
            rows.append(row)
            line_numbers.append(reader.line_num)
    except csv.Error as error:
        raise PackError(f"{file} line {reader.line_num}: {error}; mend the quotes") from error
    return header, rows, line_numbers
