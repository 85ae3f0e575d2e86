"""The lock (规则锁定表): what each version of each rule holds, so that none changes or vanishes unnoticed.

`rules/lock.csv` is rule,version,sha256, written by `mingjian rules lock`. `rules/retired.csv` is
rule,retired_on,reason,replaced_by, written by hand when a rule's folder is taken away; its id is never used again.
"""

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from app.knowledge.pack import PackError, RuleFolder
from app.knowledge.records import Record, read_records
from app.knowledge.rule import Status

_LOCK_IT = "run `mingjian rules lock`"


class Locked(Record, frozen=True, kw_only=True, omit_defaults=True):
    rule: str
    version: Annotated[int, Meta(ge=1)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Retired(Record, frozen=True, kw_only=True, omit_defaults=True):
    rule: str
    retired_on: date
    reason: str
    replaced_by: str = ""


Row = TypeVar("Row", Locked, Retired)


def read_lock(root: Path) -> dict[str, Locked]:
    """By rule; empty where there is no lock yet. Raises PackError."""
    return _by_rule(root / "lock.csv", Locked)


def read_retired(root: Path) -> dict[str, Retired]:
    """By rule; empty where none is retired yet. Raises PackError."""
    return _by_rule(root / "retired.csv", Retired)


def _by_rule(file: Path, shape: type[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for number, row in read_records(file, shape):
        if row.rule in found:
            raise PackError(f"{file} line {number}: {row.rule!r} stands above already; keep one row of each rule")
        found[row.rule] = row
    return found


def lock_faults(folders: Sequence[RuleFolder], lock: Mapping[str, Locked], retired: Mapping[str, Retired]) -> list[str]:
    """What differs between the rules, the lock and the retired, each with what to do; [] where nothing does."""
    return [*_refusals(folders, lock, retired), *_stale(folders, lock, retired)]


def _refusals(
    folders: Sequence[RuleFolder], lock: Mapping[str, Locked], retired: Mapping[str, Retired]
) -> Iterator[str]:
    """Faults that a new lock would only hide: people must mend them."""
    for folder in folders:
        rule, known = folder.rule, lock.get(folder.rule.id)
        if rule.id in retired and rule.status is not Status.RETIRED:
            yield f"{folder.path}: the id {rule.id!r} was retired on {retired[rule.id].retired_on}; take a new id"
        elif known is not None and rule.version < known.version:
            yield (
                f"{folder.path}: version {rule.version} is lower than {known.version}, which lock.csv holds; "
                f"write version: {known.version + 1} and {_LOCK_IT}"
            )
        elif known is not None and rule.version == known.version and folder.content_hash != known.sha256:
            yield (
                f"{folder.path}: changed since version {known.version} was locked; "
                f"write version: {known.version + 1} and {_LOCK_IT}"
            )
    standing = {folder.rule.id for folder in folders}
    for rule_id in lock:
        if rule_id not in standing and rule_id not in retired:
            yield (
                f"lock.csv: the rule {rule_id!r} has vanished; put its folder back, "
                f"or give it a row in retired.csv and {_LOCK_IT}"
            )
    for one in retired.values():
        if one.replaced_by and one.replaced_by not in standing and one.replaced_by not in retired:
            yield f"retired.csv: {one.rule!r} is replaced by {one.replaced_by!r}, which is no rule; mend the name"


def _stale(folders: Sequence[RuleFolder], lock: Mapping[str, Locked], retired: Mapping[str, Retired]) -> Iterator[str]:
    """Faults that locking anew mends."""
    for folder in folders:
        known = lock.get(folder.rule.id)
        if known is None:
            yield f"{folder.path}: not in lock.csv yet; {_LOCK_IT}"
        elif folder.rule.version > known.version:
            yield f"{folder.path}: version {folder.rule.version} is not in lock.csv yet; {_LOCK_IT}"
    standing = {folder.rule.id for folder in folders}
    for rule_id in lock:
        if rule_id in retired and rule_id not in standing:
            yield f"lock.csv: still holds {rule_id!r}, which is retired; {_LOCK_IT}"


def write_lock(root: Path, folders: Sequence[RuleFolder]) -> None:
    """Write `lock.csv` anew, whole or not at all. Raises PackError where people must mend something first."""
    if faults := list(_refusals(folders, read_lock(root), read_retired(root))):
        raise PackError("\n".join(faults))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Locked.__struct_fields__)
    for folder in sorted(folders, key=lambda folder: folder.rule.id):
        row = Locked(rule=folder.rule.id, version=folder.rule.version, sha256=folder.content_hash)
        writer.writerow(msgspec.structs.astuple(row))
    _replace(root / "lock.csv", text.getvalue().encode())


def _replace(file: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
        os.chmod(name, 0o644)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise
