"""Drafts (规则草稿): a rule for rows of a class that has none, with examples made from its first point."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import yaml

from app.knowledge.imports.classes import CLASSES
from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.targets import Target

Encounter = dict[str, Any]
Pair = tuple[Encounter, list[str], Encounter]  # what must hit, the lines at fault, and what must not
_CARE = ("outpatient", "inpatient", "emergency")
_LEVELS = ("primary", "secondary", "tertiary")
_ELSE = "ZZ9"  # a code that is nobody's


def draft_rule(target: Target, points: Sequence[Mapping[str, str]], published: date, source: str) -> str:
    """`rule.yaml` of a draft, with an example that must hit and one that must not, made from its points."""
    found = CLASSES[target.seq]
    hit, lines, miss = _EXAMPLES[target.kind](_sample(target, points), published)
    document = {
        "title": target.title,
        **({"code": found.code} if found.code else {}),
        "class": found.name,
        "category": target.category,
        "version": 1,
        "status": "draft",
        "kind": target.kind,
        "severity": target.severity,
        "judges": target.judges,
        "in_force": {published: yaml.safe_load(target.parameters)},
        "message": target.message,
        "remedy": target.remedy,
        "references": [source],
        "examples": [
            {"name": "按首个知识点违规", "history": [], "encounter": hit, "hits": lines},
            {"name": "按首个知识点合规", "history": [], "encounter": miss, "hits": []},
        ],
    }
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=150)


def _sample(target: Target, points: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The point that the examples are about: the first, or the first that has what an example needs."""
    if target.kind == "surgery_discount":
        groups: dict[str, dict[str, None]] = {}
        for cells in points:
            codes = groups.setdefault(cells["group"], {})
            codes.update(dict.fromkeys(cells["item_code"].split("|")))
            if len(codes) > 1:
                return {**cells, "item_code": "|".join(codes)}
        raise BadTable("每个手术组都只有一个手术项目，折价规则无法自检；请检查手术组")
    if target.kind == "same_class_duplicate":
        points = sorted(points, key=lambda cells: -len({code[:10] for code in cells["item_code"].split("|")}))
    return points[0]


class _Dumper(yaml.SafeDumper):
    """Indents lists, as yamllint asks of rule files."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _code(cells: Mapping[str, str], column: str = "item_code", place: int = 0) -> str:
    """A code that the pattern holds."""
    found = cells[column].split("|")
    return found[place % len(found)].rstrip("*")


def _line(number: int, code: str, day: date, **more: Any) -> Encounter:
    return {"id": f"L{number}", "item_code": code, "service_date": day.isoformat(), "prescription_id": "R1", **more}


def _restricted(cells: Mapping[str, str], day: date) -> Pair:
    good: Encounter = {"patient": {}, "facility": {}, "coverage": {}, "diagnoses": []}
    bad: Encounter = {"patient": {}, "facility": {}, "coverage": {}, "diagnoses": []}
    if sex := cells.get("sex"):
        good["patient"]["sex"], bad["patient"]["sex"] = sex, "male" if sex == "female" else "female"
    _ages(cells, day, good["patient"], bad["patient"])
    if allowed := cells.get("insurance_types"):
        good["coverage"]["insurance_type"], bad["coverage"]["insurance_type"] = allowed.split("|")[0], "employee"
    if allowed := cells.get("care_types"):
        good["care_type"] = allowed.split("|")[0]
        bad["care_type"] = next(one for one in (*_CARE, "pharmacy") if one not in allowed.split("|"))
    if refused := cells.get("excluded_care_types"):
        good["care_type"], bad["care_type"] = "pharmacy", refused.split("|")[0]
    if allowed := cells.get("facility_levels"):
        good["facility"]["level"] = allowed.split("|")[0]
        bad["facility"]["level"] = next(one for one in (*_LEVELS, "ungraded") if one not in allowed.split("|"))
    _diagnoses(cells, good, bad)
    line = [_line(1, _code(cells), day, amount="10")]
    return {**_filled(bad), "charge_lines": line}, ["L1"], {**_filled(good), "charge_lines": line}


def _ages(cells: Mapping[str, str], day: date, good: Encounter, bad: Encounter) -> None:
    if days := cells.get("max_age_days"):
        good["birth_date"] = (day - timedelta(days=int(days))).isoformat()
        bad["birth_date"] = (day - timedelta(days=int(days) + 1)).isoformat()
        return
    low, high = cells.get("min_age"), cells.get("max_age")
    if high:
        good["birth_date"], bad["birth_date"] = _born(day, int(high)), _born(day, int(high) + 1)
    elif low:
        good["birth_date"], bad["birth_date"] = _born(day, int(low)), _born(day, int(low) - 1)


def _born(day: date, age: int) -> str:
    return f"{day.year - age}-01-01"


def _diagnoses(cells: Mapping[str, str], good: Encounter, bad: Encounter) -> None:
    for column, right, wrong in (("diagnoses", good, bad), ("excluded_diagnoses", bad, good)):
        if named := cells.get(column):
            first = named.split("|")[0].partition("-")[0].rstrip("*")
            other = next(code for code in ("Z00.000", "J00.x00") if not code.startswith(first[:1]))
            right["diagnoses"] = [{"code": first if "." in first else f"{first}.900"}]
            wrong["diagnoses"] = [{"code": other}]


def _filled(encounter: Encounter) -> Encounter:
    return {name: value for name, value in encounter.items() if value}


def _limited(cells: Mapping[str, str], day: date) -> Pair:
    """One line at the limit, and one past it; days are counted by days of supply."""
    limit, code = cells["limit"], _code(cells)
    at: Encounter
    past: Encounter
    if cells.get("unit") == "天":
        at, past = {"days_supply": int(limit)}, {"days_supply": int(limit) + 1}
    elif cells.get("unit") == "元":
        at, past = {"amount": limit}, {"amount": f"{limit.partition('.')[0]}.99" if "." in limit else f"{limit}.01"}
    else:
        at, past = {"quantity": limit}, {"quantity": str(int(float(limit)) + 1)}
    stay = {"care_type": "inpatient"}
    return (
        {**stay, "charge_lines": [_line(1, code, day, **past)]},
        ["L1"],
        {**stay, "charge_lines": [_line(1, code, day, **at)]},
    )


def _pair(cells: Mapping[str, str], day: date) -> Pair:
    one, other = _code(cells), _code(cells, "excluded_code")
    lines = [_line(1, one, day), _line(2, other, day)]
    return {"charge_lines": lines}, ["L2"], {"charge_lines": lines[1:]}


def _companion(cells: Mapping[str, str], day: date) -> Pair:
    lines = [_line(1, _code(cells), day), _line(2, _code(cells, "companion_code"), day)]
    return {"charge_lines": lines[:1]}, ["L1"], {"charge_lines": lines}


def _bundle(cells: Mapping[str, str], day: date) -> Pair:
    """All members beside the bundle are at fault; one member alone is none."""
    codes = [code.rstrip("*") for code in cells["item_code"].split("|")]
    lines = [_line(number, code, day) for number, code in enumerate(codes, 2)]
    bundle = _line(1, _code(cells, "bundle_code"), day)
    return {"charge_lines": [bundle, *lines]}, [line["id"] for line in lines], {"charge_lines": [bundle]}


def _never(cells: Mapping[str, str], day: date) -> Pair:
    more = {"category": "decoction_piece"} if cells["item_code"].startswith(("T", "G")) else {}
    hit = [_line(1, _code(cells), day, **more)]
    return {"charge_lines": hit}, ["L1"], {"charge_lines": [_line(1, _ELSE, day, **more)]}


def _price(cells: Mapping[str, str], day: date) -> Pair:
    highest = cells["max_price"]
    lines = [_line(1, _code(cells), day, unit_price=price) for price in (str(int(float(highest)) + 1), highest)]
    return {"charge_lines": lines[:1]}, ["L1"], {"charge_lines": lines[1:]}


def _discount(cells: Mapping[str, str], day: date) -> Pair:
    """From the codes of two points, which `sample` has put together."""
    first, second = cells["item_code"].split("|")[:2]
    lines = [_line(1, first, day, unit_price="1000"), _line(2, second, day, unit_price="900")]
    return {"charge_lines": lines}, ["L2"], {"charge_lines": lines[:1]}


def _drug_class(cells: Mapping[str, str], day: date) -> Pair:
    codes: dict[str, str] = {}
    for code in cells["item_code"].split("|"):
        codes.setdefault(code[:10], code.rstrip("*"))
    if len(codes) < 2:
        raise BadTable(f"药品分类“{cells['class_name']}”中只有一种药品，无法生成自检样例；请检查分类")
    first, second = list(codes.values())[:2]
    lines = [_line(1, first, day), _line(2, second, day)]
    return {"charge_lines": lines}, ["L2"], {"charge_lines": lines[:1]}


_EXAMPLES: Mapping[str, Callable[[Mapping[str, str], date], Pair]] = MappingProxyType(
    {
        "restricted_use": _restricted,
        "quantity_limit": _limited,
        "mutually_exclusive": _pair,
        "required_companion": _companion,
        "unbundling": _bundle,
        "not_payable": _never,
        "price_limit": _price,
        "surgery_discount": _discount,
        "same_class_duplicate": _drug_class,
    }
)
