"""Notes by class (按规则类别解读): what the text of a published knowledge point means depends on its class.

In some classes the text is the restriction itself; in others it only gives the ground (an indication, what an item
contains), and the restriction stands in the class, the item's name, or the logic. docs/payment-notes.md tells which.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from app.domain.encounter import Sex
from app.knowledge.payment_note import parse
from app.knowledge.payment_note.mapping import Columns, to_quantity_limits, to_restricted_use
from app.knowledge.payment_note.note import Coverage, Parsed, Span, SpanKind
from app.knowledge.payment_note.terms import Terms, terms_of

_ADULT = re.compile(r"成人|成年")
_TRIED = re.compile(r"线|既往|曾|接受|失败|无效|耐受|耐药|不佳|欠佳|不良|不足|充分|应答|难|进展|禁忌|控制|理想")
_CHILD_AGE = "17"  # whole years; at 18 a person is an adult (民法典第十七条)
_PER_DAY = {"日": "1", "天": "1", "小时": "24"}  # how many of the unit a day has


class PointText(Struct, frozen=True, kw_only=True):
    """A published knowledge point, as far as its structure is read from it."""

    constraint: str
    rule_class: str = ""
    item_name: str = ""
    detect_logic: str = ""
    item_codes: tuple[str, ...] = ()


class Basis(StrEnum):
    TEXT = "text"  # the text is the restriction
    CLASS = "class"  # the class is, and the text its ground


class Structured(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`kind` judges it with `columns`, blank where nothing sure is left to judge; `reasons` ask for a person."""

    kind: str
    coverage: Coverage
    basis: Basis = Basis.TEXT
    columns: tuple[Columns, ...] = ()
    reasons: tuple[str, ...] = ()


def structure(point: PointText, terms: Terms | None = None) -> Structured:
    reader = _READERS.get(point.rule_class)
    if reader is not None:
        return reader(point, terms)
    return _note(parse(point.constraint, terms))


def _note(parsed: Parsed, *extra: str) -> Structured:
    columns = to_restricted_use(parsed)
    kind = "restricted_use"
    lists: tuple[Columns, ...] = (columns,) if columns else ()
    limits = to_quantity_limits(parsed)
    if any(span.kind in (SpanKind.COURSE, SpanKind.INTERVAL, SpanKind.FREQUENCY) for span in parsed.conditions):
        kind = "quantity_limit" if not columns else "restricted_use, quantity_limit"
    elif refused := parsed.of(SpanKind.NOT_PAYABLE):
        kind, lists = "not_payable", ({"when": refused[0].values[0]},)
    elif groups := parsed.of(SpanKind.SURGERY_GROUP):
        kind, lists = "surgery_discount", ({"group": groups[0].values[0]},)
    coverage = Coverage.PARTLY if extra and parsed.coverage is Coverage.FULL else parsed.coverage
    return Structured(kind=kind, coverage=coverage, columns=(*lists, *limits), reasons=(*parsed.reasons, *extra))


Reader = Callable[[PointText, Terms | None], Structured]


def _asks_for(missing: str, holds: Callable[[Span], bool]) -> Reader:
    """A note of which the class tells what it must restrict: where that is not read, it is not fully structured."""

    def read(point: PointText, terms: Terms | None) -> Structured:
        parsed = parse(point.constraint, terms)
        if any(holds(span) for span in parsed.conditions):
            return _note(parsed)
        return _note(parsed, missing)

    return read


def _of(*kinds: SpanKind) -> Callable[[Span], bool]:
    return lambda span: span.kind in kinds and not span.negated


def _earlier_treatment(span: Span) -> bool:
    """More than a count (一种、包括): a line of treatment, or that one was tried, failed or cannot be."""
    return span.kind is SpanKind.LINE and not span.negated and _TRIED.search(span.text) is not None


def _has_age(span: Span) -> bool:
    return span.kind is SpanKind.AGE and (span.low is not None or span.high is not None)


def _children_only(point: PointText, terms: Terms | None) -> Structured:
    """The note of a drug paid for only for children; the class gives the age where the text does not."""
    found = _note(parse(point.constraint, terms))
    ages = [columns for columns in found.columns if "max_age" in columns or "max_age_days" in columns]
    if ages or found.coverage is Coverage.NONE:
        return found
    first = {**(found.columns[0] if found.columns else {}), "max_age": _CHILD_AGE}
    return Structured(
        kind=found.kind,
        coverage=found.coverage,
        basis=Basis.CLASS,
        columns=(first, *found.columns[1:]),
        reasons=found.reasons,
    )


def _for_children(point: PointText, _: Terms | None) -> Structured:
    """The text is the indication of the label; the class and the logic say that the drug is for children."""
    reasons = []
    if "儿童" not in point.detect_logic:
        reasons.append("检出逻辑没有说明限儿童")
    if _ADULT.search(point.constraint):
        reasons.append("说明书文字提到成人，与类别不符")
    return Structured(
        kind="restricted_use",
        coverage=Coverage.PARTLY if reasons else Coverage.FULL,
        basis=Basis.CLASS,
        columns=() if reasons else ({"max_age": _CHILD_AGE},),
        reasons=tuple(reasons),
    )


def _one_sex(point: PointText, terms: Terms | None) -> Structured:
    """The class says that one sex is meant, the words of the indication which."""
    sexes = (terms or terms_of()).sexes_in(point.constraint)
    if len(sexes) == 1:
        (sex,) = sexes
        return Structured(
            kind="restricted_use", coverage=Coverage.FULL, basis=Basis.CLASS, columns=({"sex": str(Sex(sex))},)
        )
    reason = "文字中两种性别的用词都有" if sexes else "文字中没有表明性别的用词"
    coverage = Coverage.PARTLY if point.constraint.strip() else Coverage.NONE
    return Structured(kind="restricted_use", coverage=coverage, basis=Basis.CLASS, reasons=(reason,))


def _pair(point: PointText, _: Terms | None) -> Structured:
    """The name is A×B, and the text what A contains; so B is charged twice."""
    names, codes = point.item_name.split("×"), point.item_codes
    if len(names) != 2 or len(codes) != 2 or "同时收费" not in point.detect_logic or not point.constraint.strip():
        reasons = ("不是一对项目，或缺少项目内涵",)
        return Structured(kind="mutually_exclusive", coverage=Coverage.NONE, basis=Basis.CLASS, reasons=reasons)
    columns = {"item_code": codes[0], "item_name": names[0], "excluded_code": codes[1], "excluded_name": names[1]}
    return Structured(
        kind="mutually_exclusive", coverage=Coverage.FULL, basis=Basis.CLASS, columns=({**columns, "within": "day"},)
    )


def _per_day(point: PointText, _: Terms | None) -> Structured:
    """The text is the unit charged by; no day has more of it than 24 hours, or one day."""
    unit = point.constraint.strip()
    if unit not in _PER_DAY or "上限数量" not in point.detect_logic:
        reasons = (f"计价单位 {unit!r} 没有每日上限",)
        return Structured(kind="quantity_limit", coverage=Coverage.NONE, basis=Basis.CLASS, reasons=reasons)
    columns = {"measure": "quantity", "per": "day", "limit": _PER_DAY[unit], "unit": unit}
    return Structured(kind="quantity_limit", coverage=Coverage.FULL, basis=Basis.CLASS, columns=(columns,))


_COURSE = _asks_for("没有读出支付天数", _of(SpanKind.COURSE))
_READERS: dict[str, Reader] = {
    "药品区分性别使用": _one_sex,
    "医疗服务项目区分性别使用": _one_sex,
    "药品儿童专用": _for_children,
    "药品限儿童使用": _children_only,
    "医疗服务项目儿童专用": _asks_for("没有读出年龄", _has_age),
    "医疗服务项目限年龄": _asks_for("文字没有给出岁数", _has_age),
    "手术项目未按规定折价收费": _asks_for("没有读出手术组", _of(SpanKind.SURGERY_GROUP)),
    "药品限工伤保险": _asks_for("没有读出险种", _of(SpanKind.INSURANCE_TYPE)),
    "药品限生育保险": _asks_for("没有读出险种", _of(SpanKind.INSURANCE_TYPE)),
    "药品限就医方式": _asks_for("没有读出就医方式", _of(SpanKind.CARE_TYPE)),
    "药品限医疗机构级别": _asks_for("没有读出机构级别", _of(SpanKind.FACILITY_LEVEL, SpanKind.PRESCRIBER)),
    "药品限支付疗程": _COURSE,
    "医疗服务项目限支付疗程": _COURSE,
    "药品限二线使用": _asks_for("没有读出既往治疗", _earlier_treatment),
    "药品限适应症": _asks_for("没有读出诊断", _of(SpanKind.DIAGNOSIS)),
    "医疗服务项目重复收费": _pair,
    "医疗服务项目限定频次": _per_day,
    "医疗服务项目周期超频次": _asks_for("没有读出间隔或频次", _of(SpanKind.INTERVAL, SpanKind.FREQUENCY)),
    "超互联网医院药品支付范围": _asks_for("没有读出就医方式", lambda span: span.kind is SpanKind.CARE_TYPE),
    "中药饮片单方使用不予支付": _asks_for("没有读出不予支付", _of(SpanKind.NOT_PAYABLE)),
    "中药饮片单复方均不予支付": _asks_for("没有读出不予支付", _of(SpanKind.NOT_PAYABLE)),
}
