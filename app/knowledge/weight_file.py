"""Weight table (权重表): `weights.csv`, a row per group.

drg                           the group's code
weight                        its weight in every facility; or, instead, a column per level:
weight_tertiary, weight_secondary, weight_primary, weight_ungraded
weight_level23, weight_level1 as regions publish them: the digits are the levels that share the column (3 tertiary)
attribute                     病组属性, several parted by `/`
mean_amount, mean_days        means of the group in the region, yuan and days
mean_drug_amount, mean_consumable_amount, mean_examination_amount
low_limit, high_limit         explicit limits in yuan
cases                         number of cases in the region
mdc, adrg, name, type         may stand there and are not read

A blank weight means that the group has no standard at that level (无支付标准); it is never 0.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from app.domain.encounter import FacilityLevel
from app.domain.group_weight import GroupMeans, GroupWeight
from app.knowledge.pack import PackError, read_csv

NO_WEIGHT = "无权重组"
LARGEST_WEIGHT = Decimal(10_000)
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z.+/_-]{1,64}", re.ASCII)
_LEVEL_DIGITS = re.compile(r"weight_level([123]+)")
_DIGITS = {"3": FacilityLevel.TERTIARY, "2": FacilityLevel.SECONDARY, "1": FacilityLevel.PRIMARY}
_MEANS = {
    "mean_amount": "total_amount",
    "mean_days": "stay_days",
    "mean_drug_amount": "drug_amount",
    "mean_consumable_amount": "consumable_amount",
    "mean_examination_amount": "examination_amount",
}
_ALIASES = {"attr": "attribute", "group": "drg", "code": "drg"}
_IGNORED = {"mdc", "adrg", "name", "type"}
_PLAIN = {"drg", "weight", "attribute", "low_limit", "high_limit", "cases", *_MEANS, *_IGNORED}


def read_weights(file: Path, content: bytes) -> dict[str, GroupWeight]:
    """The rows by group; raises PackError with all faults, one a line: file, line, column, why, and what to do."""
    written, rows, numbers = read_csv(file, content)
    header = [_ALIASES.get(name, name) for name in written]
    levels = _level_columns(file, header)
    found: dict[str, GroupWeight] = {}
    faults: list[str] = []
    for number, row in zip(numbers, rows, strict=True):
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        told = list(_row_faults(cells, levels))
        if cells["drg"] in found:
            told.append(f"the group {cells['drg']!r} stands in a row above; keep one of them")
        faults += [f"{file} line {number}: {fault}" for fault in told]
        if not told:
            found[cells["drg"]] = _row(cells, levels)
    if not rows:
        faults.append(f"{file}: holds no group; add a row per group")
    if faults:
        raise PackError("\n".join(faults))
    return found


def _level_columns(file: Path, header: list[str]) -> dict[str, tuple[FacilityLevel, ...]]:
    """Which levels each weight column is for."""
    named = {f"weight_{level.value}": (level,) for level in FacilityLevel if level}
    found: dict[str, tuple[FacilityLevel, ...]] = {}
    for name in header:
        if name in named:
            found[name] = named[name]
        elif digits := _LEVEL_DIGITS.fullmatch(name):
            found[name] = tuple(_DIGITS[digit] for digit in digits[1])
        elif name not in _PLAIN:
            columns = ", ".join(sorted(_PLAIN | set(named)))
            raise PackError(f"{file} line 1: unknown column {name!r}; the columns are {columns}")
    if "drg" not in header or len(set(header)) != len(header):
        raise PackError(f"{file} line 1: the column drg must stand there once, and no column twice")
    if not found and "weight" not in header:
        raise PackError(f"{file} line 1: there is no weight; add the column weight, or one per level")
    if found and "weight" in header:
        raise PackError(f"{file} line 1: weight stands beside {next(iter(found))}; keep one weight, or one per level")
    served = [level for levels in found.values() for level in levels]
    if len(set(served)) != len(served):
        raise PackError(f"{file} line 1: two weight columns serve one level; keep one column for each")
    return found


def _row_faults(cells: Mapping[str, str], levels: Mapping[str, tuple[FacilityLevel, ...]]) -> Iterator[str]:
    if not _CODE.fullmatch(cells["drg"]):
        yield f"drg is {cells['drg']!r}, which is no group code; write letters and digits"
    wanted = [*(levels or ["weight"]), *_MEANS, "low_limit", "high_limit"]
    for name in wanted:
        cell = cells.get(name, "")
        if cell and not _NUMBER.fullmatch(cell):
            yield f"{name} is {cell!r}, which is no plain number above 0; write it as 0.6866, or leave it blank"
        elif cell and not Decimal(cell) and name not in _MEANS:
            yield f"{name} is {cell}; leave the cell blank where there is none: a blank is no standard, a 0 is wrong"
        elif cell and not Decimal(cell) and name in ("mean_amount", "mean_days"):
            yield f"{name} is {cell}; leave the cell blank where the mean is not known"
        elif cell and name.startswith("weight") and Decimal(cell) > LARGEST_WEIGHT:
            yield f"{name} is {cell}; a weight is at most {LARGEST_WEIGHT}"
        elif cell and name.startswith("weight") and NO_WEIGHT in cells.get("attribute", ""):
            yield f"{name} is {cell}, but the attribute says {NO_WEIGHT}; blank one of the two"
    low, high = cells.get("low_limit", ""), cells.get("high_limit", "")
    if _NUMBER.fullmatch(low) and _NUMBER.fullmatch(high) and Decimal(high) <= Decimal(low):
        yield f"low_limit {low} is not below high_limit {high}; swap or mend them"
    if (cases := cells.get("cases", "")) and not re.fullmatch(r"\d{1,9}", cases, re.ASCII):
        yield f"cases is {cases!r}, which is no whole number; mend it, or leave it blank"


def _row(cells: Mapping[str, str], levels: Mapping[str, tuple[FacilityLevel, ...]]) -> GroupWeight:
    def amount(name: str) -> Decimal | None:
        return Decimal(cells[name]) if cells.get(name) else None

    weights = {level: Decimal(cells[name]) for name, served in levels.items() if cells[name] for level in served}
    return GroupWeight(
        code=cells["drg"],
        weight=amount("weight"),
        weights=weights,
        attributes=tuple(part.strip() for part in cells.get("attribute", "").split("/") if part.strip()),
        means=GroupMeans(**{field: amount(name) for name, field in _MEANS.items()}),
        low_limit=amount("low_limit"),
        high_limit=amount("high_limit"),
        cases=int(cells["cases"]) if cells.get("cases") else None,
    )
