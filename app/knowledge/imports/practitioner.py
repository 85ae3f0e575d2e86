"""Practitioners' tables (审核人员自用表): limits, duplicates, bundles, companions, surcharges and operation groups.

An auditor's table says several things in one row, keeps beginnings of codes instead of codes, and tells some items
apart by name only. What a code can decide becomes rules of its own, as suspicions; the rest is told row by row.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from app.knowledge.imports import words
from app.knowledge.imports.cells import as_pattern, codes_of, fold
from app.knowledge.imports.classes import class_for
from app.knowledge.imports.columns import Row
from app.knowledge.imports.conditions import Reading
from app.knowledge.imports.faults import Refused

Part = tuple[int, Reading]  # the class, and what the row says of it
_MARKS = ("mark", "field")  # columns that only such tables have
_SURCHARGE = 36
_CARE_PERIODS = {"week": "7", "month": "", "year": ""}


def is_practitioners(row: Row) -> bool:
    return any(role in row.cells for role in _MARKS)


def parts_of(row: Row, about: str) -> tuple[list[Part], list[str]]:
    """Everything a row says that a code can decide, and why the rest cannot be; raises Refused where nothing can."""
    found: list[Part] = []
    left: list[str] = []
    readers = [read for role, read in _TABLES.items() if row.get(role)][:1] or [
        read for role, read in _LIMITS.items() if row.get(role)
    ]
    for read in readers:
        try:
            found += read(row, about)
        except Refused as error:
            left.append(str(error))
    if not found:
        raise Refused("；".join(left) or "此行没有任何限制")
    return found, left


def _one(sort: str, about: str, reading: Reading) -> list[Part]:
    seq = class_for(sort, about)
    if seq is None:
        raise Refused("没有适用于这类编码的规则")
    return [(seq, reading)]


def _insurance(row: Row, about: str) -> list[Part]:
    said = row.get("insurance")
    return _one("work_injury" if "工伤" in said else "maternity", about, Reading(words.insurance(said)))


def _level(row: Row, about: str) -> list[Part]:
    return _one("level", about, Reading(words.level(row.get("level"))))


def _care(row: Row, about: str) -> list[Part]:
    return _one("care", about, Reading(words.care(row.get("care"))))


def _sex(row: Row, about: str) -> list[Part]:
    return _one("sex", about, Reading(words.sex(row.get("sex"))))


def _age(row: Row, about: str) -> list[Part]:
    cells = words.age(row.get("age"))
    if "min_age" in cells:
        return _one("age", about, Reading(cells))
    return _one("children", about, Reading(cells, "newborn" if "max_age_days" in cells else ""))


def _course(row: Row, about: str) -> list[Part]:
    cells = {"limit": str(words.course_days(row.get("course"))), "unit": "天"}
    return _one("course", about, Reading(cells if about == "drug" else {**cells, "window_days": "365"}))


def _frequency(row: Row, about: str) -> list[Part]:
    limit, per = words.frequency(row.get("frequency"))
    if per == "week":
        return _one("period", about, Reading({"limit": limit, "unit": "次", "window_days": "7"}))
    return _one("often", about, Reading({"limit": limit, "unit": "次"}, per))


def _quantity(row: Row, about: str) -> list[Part]:
    limit, unit = words.quantity(row.get("quantity"))
    if row.get("frequency").endswith("每日"):
        raise Refused(f"数量限制“{row.get('quantity')}”与频次限制“{row.get('frequency')}”都按日计，只导入频次限制")
    return _one("often", about, Reading({"limit": limit, "unit": unit}, "day"))


def _total(row: Row, about: str) -> list[Part]:
    return _one("total", about, Reading({"limit": words.money(row.get("total")), "unit": "元"}))


def _named_only(role: str, title: str) -> Callable[[Row, str], list[Part]]:
    def read(row: Row, _: str) -> list[Part]:
        raise Refused(f"{title}“{row.get(role)}”是名称，需人工写成编码")

    return read


def _pair(row: Row, about: str) -> list[Part]:
    if row.get("surcharge"):
        return _surcharge(row)
    others = _apart(row, "other_code")
    return _one(
        "pair", about, Reading({"excluded_code": "|".join(others), "excluded_name": _names(row, "other_name")}, "day")
    )


def _parts(row: Row, _: str) -> list[Part]:
    parts = _apart(row, "part_code")
    return [(26, Reading({"excluded_code": "|".join(parts), "excluded_name": _names(row, "part_name")}, "whole"))]


def _panel(row: Row, _: str) -> list[Part]:
    members = _patterns(row, "panel_code")
    cells = {"item_code": "|".join(members), "min_members": str(len(members))}
    if len(members) < 2:
        raise Refused("子项编码去重后不足两个，不构成分解收费")
    return [(26, Reading(cells))]


def _companion(row: Row, about: str) -> list[Part]:
    cells = {
        "companion_code": "|".join(_patterns(row, "companion_code")),
        "companion_name": _names(row, "companion_name"),
    }
    return _one("companion", about, Reading(cells))


def _surcharge(row: Row) -> list[Part]:
    """The surcharge is what is at fault where its base item is not charged: the row's two codes change places."""
    base, dependent = _patterns(row, "code"), _patterns(row, "other_code")
    if set(base) & set(dependent):
        raise Refused("加收项目与主项目的编码相同，无法按编码区分")
    cells = {"companion_code": "|".join(base), "companion_name": row.get("name")}
    return [(_SURCHARGE, Reading({"item_code": "|".join(dependent), "item_name": row.get("other_name"), **cells}))]


def _discount(row: Row, about: str) -> list[Part]:
    return _one("discount", about, Reading({"group": row.get("group"), "rate": words.number(row.get("rate") or "0.5")}))


def _substitution(row: Row, _: str) -> list[Part]:
    raise Refused(f"串换为“{row.get('smaller_name')}”须凭手术、诊断等依据判断，表中只有两项名称，需人工写成规则")


def _apart(row: Row, role: str) -> list[str]:
    """The other item's patterns, none of which may share codes with the row's own item."""
    own, others = _patterns(row, "code"), _patterns(row, role)
    for one in own:
        for other in others:
            if _overlap(one, other):
                raise Refused(f"主项编码“{one}”与“{other}”有重叠，会把同一项目当作两项")
    return others


def _overlap(one: str, other: str) -> bool:
    first, second = one.rstrip("*"), other.rstrip("*")
    return (
        first == second
        or (one.endswith("*") and second.startswith(first))
        or (other.endswith("*") and first.startswith(second))
    )


def _patterns(row: Row, role: str) -> list[str]:
    found = sorted({as_pattern(code) for code in codes_of(row.cells.get(role))})
    if not found:
        raise Refused("编码为空")
    return [
        one
        for one in found
        if not any(one != other and _overlap(other, one) and other.endswith("*") for other in found)
    ]


def _names(row: Row, role: str) -> str:
    """Names as a person reads them: `(甲|乙|甲)` as 甲、乙."""
    names: dict[str, str] = {}
    for name in _split(
        row.get(role).removeprefix("(").removesuffix(")") if row.get(role).startswith("(") else row.get(role)
    ):
        names.setdefault(fold(name), name)
    return "、".join(names.values())


def _split(text: str) -> Iterator[str]:
    yield from (part.strip() for part in text.split("|") if part.strip())


_TABLES: Mapping[str, Callable[[Row, str], list[Part]]] = MappingProxyType(
    {
        "panel_code": _panel,
        "part_code": _parts,
        "companion_code": _companion,
        "other_code": _pair,
        "group": _discount,
        "smaller_code": _substitution,
    }
)
_LIMITS: Mapping[str, Callable[[Row, str], list[Part]]] = MappingProxyType(
    {
        "insurance": _insurance,
        "level": _level,
        "care": _care,
        "department": _named_only("department", "专科限制"),
        "sex": _sex,
        "age": _age,
        "disease": _named_only("disease", "疾病限制"),
        "line_of_use": _named_only("line_of_use", "阶梯限制"),
        "dose": _named_only("dose", "极量限制"),
        "quantity": _quantity,
        "frequency": _frequency,
        "course": _course,
        "total": _total,
    }
)
