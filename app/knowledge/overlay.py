"""Overlays (地方与医院调整): what a pooling area or a hospital has decided about rules that it did not write.

rules/areas/<pooling area>/exceptions.csv, adjust.csv      for encounters of that pooling area
rules/hospitals/<facility>/exceptions.csv, adjust.csv      in that facility

An exception keeps findings from the doctor; they are still made and stored. An adjustment makes a rule milder in status
or changes its severity. Both end, carry a reason and a name, and change neither knowledge nor parameters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec

from app.domain.decision import Severity
from app.knowledge.pack import PackError, RuleFolder, Scope
from app.knowledge.records import Record, read_records
from app.knowledge.rule import Status

_RANK = {Status.RETIRED: 0, Status.DRAFT: 0, Status.TRIAL: 1, Status.ACTIVE: 2}


class LocalRecord(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What exceptions and adjustments share. Both dates are included; `area` and `facility` come from the folder."""

    rule: str
    start: date
    end: date
    reason: str
    approved_by: str
    area: str = ""
    facility: str = ""


class RuleException(LocalRecord, frozen=True, kw_only=True, omit_defaults=True):
    """One row of `exceptions.csv` (例外). A blank `point` or `department` means any."""

    point: str = ""
    department: str = ""

    def covers(self, point: str, places: Iterable[tuple[date, str]]) -> bool:
        """Whether it holds for a finding of this point on these days in these departments, all of them."""
        return self.point in ("", point) and all(
            self.start <= day <= self.end and self.department in ("", department) for day, department in places
        )


class Adjustment(LocalRecord, frozen=True, kw_only=True, omit_defaults=True):
    """One row of `adjust.csv` (调整): another status or severity of a rule for these days."""

    status: Status | None = None
    severity: Severity | None = None


Row = TypeVar("Row", bound=LocalRecord)


class Overlays(msgspec.Struct, frozen=True):
    exceptions: tuple[RuleException, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


def read_overlays(root: Path, folders: Sequence[RuleFolder]) -> Overlays:
    """Every exception and adjustment below `root`; raises PackError with all faults, one a line."""
    rules = {folder.rule.id: folder for folder in folders}
    exceptions: list[RuleException] = []
    adjustments: list[Adjustment] = []
    faults: list[str] = []
    for directory, scope in _overlay_paths(root):
        exceptions += _read(directory / "exceptions.csv", RuleException, scope, rules, _exception_faults, faults)
        adjustments += _read(directory / "adjust.csv", Adjustment, scope, rules, _adjustment_faults, faults)
    if faults:
        raise PackError("\n".join(faults))
    return Overlays(tuple(exceptions), tuple(adjustments))


def _overlay_paths(root: Path) -> Iterator[tuple[Path, Scope]]:
    for directory in sorted(path for path in root.glob("areas/*") if path.is_dir()):
        yield directory, Scope(area=directory.name)
    for directory in sorted(path for path in root.glob("hospitals/*") if path.is_dir()):
        yield directory, Scope(facility=directory.name)


def _read(
    file: Path,
    shape: type[Row],
    scope: Scope,
    rules: Mapping[str, RuleFolder],
    faults_of: Callable[[Row, RuleFolder, Sequence[Row]], Iterable[str]],
    faults: list[str],
) -> list[Row]:
    try:
        rows = read_records(file, shape, {"area": scope.area, "facility": scope.facility})
    except PackError as error:
        faults.append(str(error))
        return []
    found: list[Row] = []
    for number, one in rows:
        folder = rules.get(one.rule)
        if folder is None:
            told: Iterable[str] = [f"there is no rule {one.rule!r}; write the name of its folder, or take the row out"]
        else:
            told = (*_place_faults(one, folder, scope), *faults_of(one, folder, found))
        faults += [f"{file} line {number}: {fault}" for fault in told]
        found.append(one)
    return found


def _place_faults(one: LocalRecord, folder: RuleFolder, scope: Scope) -> Iterator[str]:
    here = folder.scope
    if (here.facility and here.facility != (scope.facility or here.facility)) or (
        here.area and here.area != (scope.area or here.area)
    ):
        yield f"the rule {one.rule!r} holds for {here.facility or here.area} only; take the row out"
    if one.end < one.start:
        yield f"it ends on {one.end}, before it starts on {one.start}; swap them"


def _exception_faults(one: RuleException, folder: RuleFolder, _: Sequence[RuleException]) -> Iterator[str]:
    if one.point and one.point not in _points_of(folder):
        yield f"the rule {one.rule!r} has no point {one.point!r}; leave the cell blank to mean all of them"


def _points_of(folder: RuleFolder) -> set[str]:
    if "point" not in folder.header:
        return {folder.rule.id}  # a rule without knowledge has one point, named after itself
    column = folder.header.index("point")
    return {row[column] for row in folder.rows}


def _adjustment_faults(one: Adjustment, folder: RuleFolder, above: Sequence[Adjustment]) -> Iterator[str]:
    if one.status is None and one.severity is None:
        yield "it changes nothing; fill status or severity"
    if one.status is Status.RETIRED:
        yield "an overlay retires no rule; write draft to switch it off here"
    elif one.status is not None and _RANK[one.status] > _RANK[folder.rule.status]:
        yield f"the rule is {folder.rule.status}; an overlay may only step down from there (active, trial, draft)"
    if any(other.rule == one.rule and other.start <= one.end and one.start <= other.end for other in above):
        yield f"a row above adjusts {one.rule!r} on the same days; let one end before the other starts"
