"""Conditions (限定条件): how a row of a class says what holds for its items, one small function for each sort."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.knowledge.imports import words
from app.knowledge.imports.cells import check_code, codes_of, plain
from app.knowledge.imports.columns import Row
from app.knowledge.imports.faults import Refused
from app.knowledge.imports.payment_text import diagnoses_of
from app.knowledge.imports.words import Columns

_DEFAULT_RATE = "0.5"  # the further operations of one incision at half: what most provinces' price rules say
_DIAGNOSIS = re.compile(r"[A-Z]\d\d(\.[0-9A-Zx*]*)?(x\d{3})?\*?|[A-Z]\d\d-[A-Z]\d\d")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a row says: columns of knowledge without its own codes. `notes` is what a person should look at besides."""

    cells: Columns
    variant: str = ""
    notes: tuple[str, ...] = field(default=())


Reader = Callable[[Row], Reading]


def _value(row: Row, *roles: str) -> str:
    return next((row.get(role) for role in (*roles, "value") if row.get(role)), "")


def _nothing(_: Row) -> Reading:
    return Reading({})


def _work_injury(row: Row) -> Reading:
    return _insurance(_value(row, "insurance") or "工伤", "工伤")


def _maternity(row: Row) -> Reading:
    return _insurance(_value(row, "insurance") or "生育", "生育")


def _insurance(said: str, wanted: str) -> Reading:
    if wanted not in said:
        raise Refused(f"险种“{said}”与规则类别的“{wanted}”不符")
    return Reading(words.insurance(said))


def _sex(row: Row) -> Reading:
    return Reading(words.sex(_value(row, "sex")))


def _newborn(_: Row) -> Reading:
    return Reading(dict(words.NEWBORN))


def _children(row: Row) -> Reading:
    said = _value(row, "age")
    cells = words.age(said or "儿童")
    variant = "newborn" if "max_age_days" in cells else ""
    notes: tuple[str, ...] = ()
    if cells == words.CHILD and (found := re.search(r"\d+ *周?岁", plain(row.get("note")))):
        notes = (f"说明中另有年龄“{found[0]}”，按“{said or '儿童'}”（未满18岁）导入",)
    return Reading(cells, variant, notes)


def _age(row: Row) -> Reading:
    return Reading(words.age(_value(row, "age") or row.get("note")))


def _forbidden_age(row: Row) -> Reading:
    return Reading(words.forbidden_age(_value(row, "age", "limit") or row.get("note")))


def _care(row: Row) -> Reading:
    said = _value(row, "care")
    return Reading(words.care(said or row.get("note"), row.get("note")))


def _level(row: Row) -> Reading:
    said, note = _value(row, "level"), row.get("note")
    if not said and (found := re.search(r"[一二三]级(?:及以上)?(?:医疗机构|医院)", plain(note))):
        said = found[0]
    cells = words.level(said, note)
    notes = []
    if "三级" in said and cells["facility_levels"] != "tertiary":
        notes.append("限定级别为三级，说明又允许二级专科医院；按二级及以上导入")
    if "首次处方" in note:
        notes.append("说明只限首次处方的机构级别，表中限定所有处方；按表导入，请核对")
    return Reading(cells, notes=tuple(notes))


def _internet(_: Row) -> Reading:
    return Reading({"excluded_care_types": "internet"})


def _diagnosis_codes(row: Row) -> str:
    found = [one for one in re.split(r"[|,;、\s]+", plain(row.get("disease_code"))) if one]
    if wrong := [one for one in found if not _DIAGNOSIS.fullmatch(one)]:
        raise Refused(f"“{wrong[0]}”不是ICD-10编码")
    return "|".join(found)


def _diagnoses(row: Row) -> Reading:
    if codes := _diagnosis_codes(row):
        return Reading({"diagnoses": codes})
    found, notes = diagnoses_of(_value(row, "disease") or row.get("note"))
    return Reading({"diagnoses": found}, notes=notes)


def _excluded_diagnoses(row: Row) -> Reading:
    found = _diagnosis_codes(row)
    if not found:
        raise Refused(f"禁忌症“{_value(row, 'disease') or row.get('note')}”是文字，需人工写成诊断编码")
    return Reading({"excluded_diagnoses": found})


def _days(row: Row) -> Reading:
    return Reading({"limit": words.number(_value(row, "limit")), "unit": "天"})


def _course(row: Row) -> Reading:
    days = words.course_days(_value(row, "course", "limit") or row.get("note"))
    return Reading({"limit": str(days), "unit": "天"})


def _yearly_course(row: Row) -> Reading:
    said = _value(row, "course", "limit") or row.get("note")
    if "支付不超过一年" in plain(said) and "每周最多支付一次" in plain(said):
        return Reading({"limit": "53", "unit": "天", "window_days": "365"})  # a year has at most 53 such days
    return Reading({**_course(row).cells, "window_days": "365"})


def _often(row: Row) -> Reading:
    """So many within a day, a stay, a month or a year: told by the column of time, else by the unit."""
    limit = words.number(_value(row, "limit", "quantity"))
    unit, said = row.get("unit") or "次", plain(row.get("window") or row.get("unit"))
    for mark, variant in (("住院", "stay"), ("就诊", "stay"), ("年", "year"), ("月", "month")):
        if mark in said:
            return Reading({"limit": limit, "unit": unit}, variant)
    if any(mark in said for mark in ("日", "天", "时")):
        return Reading({"limit": limit, "unit": unit}, "day")
    raise Refused(f"单位时间“{said}”不是日、次就诊、月或年")


def _period(row: Row) -> Reading:
    unit = row.get("unit") or "次"
    days = words.number(row.get("period"))
    return Reading({"limit": words.number(row.get("limit") or "1"), "unit": unit, "window_days": days})


def _total(row: Row) -> Reading:
    return Reading({"limit": words.money(_value(row, "total", "limit")), "unit": "元"})


def _price(row: Row) -> Reading:
    return Reading({"max_price": words.money(_value(row, "price", "limit"))})


def _discount(row: Row) -> Reading:
    group = _value(row, "group")
    if not group:
        raise Refused("没有手术组")
    return Reading({"group": group, "rate": row.get("rate") or _DEFAULT_RATE})


def _drug_class(row: Row) -> Reading:
    name = row.get("drug_class") or row.get("value")
    if not name:
        raise Refused("没有药品分类")
    return Reading({"class_name": name})


def _pair(row: Row) -> Reading:
    said = plain(row.get("window"))
    variant = "hours" if "时" in said else "stay" if "就诊" in said or "住院" in said else "day"
    if said and variant == "day" and not any(mark in said for mark in ("日", "天")):
        raise Refused(f"频度“{row.get('window')}”不是单日、单次就诊或小时")
    return Reading({"excluded_code": _codes(row, "other_code"), "excluded_name": row.get("other_name")}, variant)


def _bundle(row: Row) -> Reading:
    members = _codes(row, "panel_code" if row.get("panel_code") else "part_code")
    return Reading({"item_code": members, "min_members": str(members.count("|") + 1)})


def _companion(row: Row) -> Reading:
    if not row.get("companion_code"):
        raise Refused("一线药品或必需项目没有编码，需人工填写")
    cells = {"companion_code": _codes(row, "companion_code"), "companion_name": row.get("companion_name")}
    return Reading({name: cell for name, cell in cells.items() if cell})


def _first_line(row: Row) -> Reading:
    return Reading({**_companion(row).cells, "window_days": "365"})


def _codes(row: Row, role: str) -> str:
    found = [check_code(code) for code in codes_of(row.cells.get(role))]
    if not found:
        raise Refused("另一项目的编码为空")
    return "|".join(sorted(found))


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "nothing": _nothing,
        "work_injury": _work_injury,
        "maternity": _maternity,
        "sex": _sex,
        "newborn": _newborn,
        "children": _children,
        "age": _age,
        "forbidden_age": _forbidden_age,
        "care": _care,
        "level": _level,
        "internet": _internet,
        "diagnoses": _diagnoses,
        "excluded_diagnoses": _excluded_diagnoses,
        "days": _days,
        "course": _course,
        "yearly_course": _yearly_course,
        "often": _often,
        "period": _period,
        "total": _total,
        "price": _price,
        "discount": _discount,
        "drug_class": _drug_class,
        "pair": _pair,
        "bundle": _bundle,
        "companion": _companion,
        "first_line": _first_line,
    }
)
