"""National rule classes (国家规则库规则): the list of the 2025 edition, and which rules stand for each of them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from msgspec import Meta

from app.knowledge.pack import PackError, RuleFolder
from app.knowledge.records import Record, read_records
from app.knowledge.rule import Status

_JUDGED = (Status.ACTIVE, Status.TRIAL)


class NationalClass(Record, frozen=True, kw_only=True, omit_defaults=True):
    """`code` is blank where none is published."""

    seq: Annotated[int, Meta(ge=1)]
    name: str
    code: str = ""


class Covered(NamedTuple):
    national: NationalClass
    rules: Sequence[RuleFolder]


def read_classes(root: Path) -> list[NationalClass]:
    """In the order of the table; raises PackError where it is not there or not whole."""
    file = root / "tables" / "national-classes.csv"
    classes = [one for _, one in read_records(file, NationalClass)]
    if not classes:
        raise PackError(f"{file}: there are no classes; put the table back")
    for number, one in enumerate(classes, start=1):
        if one.seq != number:
            raise PackError(f"{file}: the class {one.name!r} has the number {one.seq}, but is the {number}th; mend it")
    return classes


def coverage(classes: Sequence[NationalClass], folders: Sequence[RuleFolder]) -> list[Covered]:
    """Each class with the rules that judge for it: drafts and retired rules do not."""
    by_name: dict[str, list[RuleFolder]] = {}
    for folder in folders:
        if folder.rule.status in _JUDGED:
            by_name.setdefault(folder.rule.rule_class, []).append(folder)
    return [Covered(one, by_name.get(one.name, ())) for one in classes]


def coverage_faults(classes: Sequence[NationalClass], folders: Sequence[RuleFolder]) -> list[str]:
    """Classes without a rule, and rules whose class or code is not that of the table, each with what to do."""
    missing = [
        f"no rule is of the class {one.national.seq} {one.national.name}; write one, with that name as its class"
        for one in coverage(classes, folders)
        if not one.rules
    ]
    by_name = {one.name: one for one in classes}
    return [*missing, *(fault for folder in folders for fault in _faults(folder, by_name))]


def _faults(folder: RuleFolder, by_name: Mapping[str, NationalClass]) -> Iterator[str]:
    rule, where = folder.rule, folder.path / "rule.yaml"
    if not rule.rule_class:
        return
    national = by_name.get(rule.rule_class)
    if national is None:
        yield f"{where}: the class {rule.rule_class!r} is none of the national ones; see tables/national-classes.csv"
    elif rule.code and rule.code != national.code:
        told = f"is {national.code}" if national.code else "has no national code"
        yield f"{where}: the code is {rule.code}, but the class {national.name!r} {told}; mend the code"
