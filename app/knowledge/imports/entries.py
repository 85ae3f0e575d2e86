"""Entries (知识条目): a row read as units of knowledge, each of which one rule's table can hold."""

from dataclasses import dataclass

from app.knowledge.imports.cells import about, as_pattern, check_code, codes_of
from app.knowledge.imports.classes import CLASSES, RuleClass, class_of_row
from app.knowledge.imports.columns import Ref, Row
from app.knowledge.imports.conditions import READERS, Reading
from app.knowledge.imports.faults import Refused
from app.knowledge.imports.practitioner import is_practitioners, parts_of
from app.knowledge.imports.targets import TARGETS, Target, of_practitioner

Key = tuple[str, ...]
_ABOUT = {"drug": "药品", "service": "医疗服务项目", "consumable": "医用耗材", "piece": "中药饮片"}
_WITHDRAWN = ("删除", "撤销", "废止", "停用", "调出", "作废")


@dataclass(frozen=True, slots=True)
class Entry:
    """A unit of knowledge: `key` names it (a code, or a pair of codes), `cells` are all its columns but the dates."""

    target: Target
    key: Key
    cells: dict[str, str]
    refs: tuple[Ref, ...]
    withdrawn: bool = False


def read_row(row: Row, forced: int | None) -> tuple[list[Entry], list[str]]:
    """The row's entries, and what a person should look at besides. Raises Refused with the reason."""
    if is_practitioners(row):
        return _practitioner(row)
    codes = [check_code(code) for code in codes_of(row.cells.get("code"))]
    if not codes:
        raise Refused("没有编码")
    kinds = sorted({about(code) for code in codes})
    if len(kinds) > 1:
        raise Refused(f"一行内既有{_ABOUT[kinds[0]]}又有{_ABOUT[kinds[1]]}的编码")
    seq = forced or class_of_row(row, kinds[0])
    if seq is None:
        raise Refused("无法从列名和内容判断规则类别；请用 --class 指定")
    found = CLASSES[seq]
    if found.about and found.about != kinds[0]:
        raise Refused(f"“{codes[0]}”是{_ABOUT[kinds[0]]}的编码，与规则类别“{found.name}”不符")
    reading = READERS[found.condition](row)
    return _entries(row, target_of(found, reading), codes, reading, _basis(row)), list(reading.notes)


def _practitioner(row: Row) -> tuple[list[Entry], list[str]]:
    codes = [as_pattern(code) for code in codes_of(row.cells.get("code"))]
    if not codes:
        raise Refused("没有编码")
    parts, left = parts_of(row, about(codes[0]))
    entries: list[Entry] = []
    for seq, reading in parts:
        target = of_practitioner(target_of(CLASSES[seq], reading))
        entries += _entries(row, target, codes, reading, row.get("field"))
    return entries, left


def target_of(found: RuleClass, reading: Reading) -> Target:
    """The class's rule for this variant; a class with one rule takes every variant."""
    exact = TARGETS.get((found.seq, reading.variant)) or TARGETS.get((found.seq, ""))
    if exact is not None:
        return exact
    rest = [target for (seq, _), target in TARGETS.items() if seq == found.seq]
    if len(rest) == 1:
        return rest[0]
    raise Refused(f"规则类别“{found.name}”没有按“{reading.variant}”计的规则")


def _basis(row: Row) -> str:
    return row.get("note") or row.get("logic") or row.get("value")


def _entries(row: Row, target: Target, codes: list[str], reading: Reading, basis: str) -> list[Entry]:
    said = {"item_name": row.get("name"), "basis": basis, **reading.cells}
    withdrawn = any(mark in row.get("change") for mark in _WITHDRAWN)
    if target.kind == "unbundling":
        said = {"bundle_code": "|".join(codes), "bundle_name": said.pop("item_name"), **said}
        units = [said]
    elif target.gathers:
        if withdrawn:
            raise Refused("从药品分类中撤下一种药品，需人工修改该分类的知识点")
        said.pop("item_name")
        units = [{**said, "item_code": "|".join(sorted(codes))}]
    else:
        # a cell of several codes is several units: each may change by itself later on
        own = said["item_code"].split("|") if "item_code" in said else codes
        others = said["excluded_code"].split("|") if target.kind == "mutually_exclusive" else [""]
        units = [
            {**said, "item_code": code, **({"excluded_code": other} if other else {})}
            for code in own
            for other in others
        ]
    if any(cells.get("excluded_code") == cells.get("item_code") for cells in units):
        raise Refused("两项的编码相同")
    return [
        Entry(
            target,
            tuple(cells[column] for column in target.key),
            {column: cell for column, cell in cells.items() if cell},
            row.refs,
            withdrawn,
        )
        for cells in units
    ]
