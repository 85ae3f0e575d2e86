"""Mapping (对应到规则列): the columns of rule kinds that a note surely gives; what is not sure gives no column.

A column never asks for more than the note does: alternatives are united, and where one of them leaves a column open, or
a clause is not understood, the column stays blank. So who breaks a column surely breaks the note.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from app.knowledge.payment_note.note import Clause, Parsed, Span, SpanKind
from app.knowledge.payment_note.patterns_person import RESCUE

T = TypeVar("T")
Bounds = tuple[int | None, int | None]
Columns = dict[str, str]
_PHRASE_ENDS = frozenset(",，。；;")
_IN_A_STAY = ("", "stay", "disease")  # limits that one stay cannot pass without passing the note
_ELSEWHERE = "O98-O99"  # other diseases of pregnant women may be coded there alone


def to_restricted_use(parsed: Parsed) -> Columns:
    """Columns of `restricted_use`, as cells."""
    found: Columns = {}
    _put(found, "sex", _sure(parsed, _sex, _only_one))
    ages = _sure(parsed, _ages, _hull)
    if ages is not None:
        found |= {name: str(age) for name, age in zip(("min_age", "max_age"), ages, strict=True) if age is not None}
    days = _sure(parsed, _age_days, _most)
    _put(found, "max_age_days", None if days is None else str(days))
    for column, kind in _LISTS:
        _put(found, column, _cell(_sure(parsed, _values_of(kind), _united)))
    diagnoses = _sure(parsed, _diagnoses, _united)
    _put(found, "diagnoses", _cell((*diagnoses, _ELSEWHERE) if diagnoses else None))
    _put(found, "excluded_care_types", _cell(_refused_care(parsed)))
    return found


def to_quantity_limits(parsed: Parsed) -> tuple[Columns, ...]:
    """Columns of `quantity_limit`, with its parameters `measure` and `per`: the course in a stay, and the interval."""
    found = []
    course = _sure(parsed, _course, _most)
    if course is not None:
        found.append({"measure": "days", "per": "stay", "limit": str(course), "unit": "天"})
    interval = _sure(parsed, _interval, _least)
    if interval is not None:
        found.append({"measure": "days", "per": "rolling", "limit": "1", "unit": "次", "window_days": str(interval)})
    return tuple(found)


def _most(numbers: Sequence[int]) -> int:
    return max(numbers)


def _least(numbers: Sequence[int]) -> int:
    return min(numbers)


def _put(found: Columns, column: str, cell: str | None) -> None:
    if cell:
        found[column] = cell


def _cell(values: Iterable[str] | None) -> str | None:
    return "|".join(dict.fromkeys(values)) if values else None


def _sure(parsed: Parsed, read: Callable[[Clause], T | None], unite: Callable[[Sequence[T]], T | None]) -> T | None:
    """What a common clause asks for; else the union over the alternatives, if each of them asks for something."""
    common = [value for clause in parsed.common if (value := read(clause)) is not None]
    if common:
        return common[0] if len(common) == 1 else unite(common)
    values = [read(clause) for clause in parsed.alternatives]
    told = [value for value in values if value is not None]
    return unite(told) if values and len(told) == len(values) else None


def _whole(clause: Clause, kind: SpanKind) -> bool:
    """Whether nothing unknown stands in the clause, and no connective leaves the kind open."""
    return kind not in clause.unsure and all(span.kind is not SpanKind.REMAINDER for span in clause.spans)


def _whole_phrase(clause: Clause, kind: SpanKind) -> tuple[Span, ...]:
    """The conditions of the kind, where nothing unknown stands between the commas around them."""
    if kind in clause.unsure:
        return ()
    found: list[Span] = []
    for phrase in _phrases(clause):
        told = [span for span in phrase if span.kind is kind and not span.negated]
        if told and any(span.kind is SpanKind.REMAINDER for span in phrase):
            return ()
        found += told
    return tuple(found)


def _phrases(clause: Clause) -> Iterable[list[Span]]:
    phrase: list[Span] = []
    for span in clause.spans:
        if span.text in _PHRASE_ENDS:
            yield phrase
            phrase = []
        else:
            phrase.append(span)
    yield phrase


def _values_of(kind: SpanKind) -> Callable[[Clause], tuple[str, ...] | None]:
    def read(clause: Clause) -> tuple[str, ...] | None:
        values = tuple(value for span in _whole_phrase(clause, kind) for value in span.values)
        return None if not values or RESCUE in values else values

    return read


_LISTS = (
    ("facility_levels", SpanKind.FACILITY_LEVEL),
    ("care_types", SpanKind.CARE_TYPE),
    ("insurance_types", SpanKind.INSURANCE_TYPE),
)


def _united(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for values in lists for value in values))


def _diagnoses(clause: Clause) -> tuple[str, ...] | None:
    """Codes of which the patient surely has one: not where the disease is only to be prevented, or has no sure code."""
    asked = clause.of(SpanKind.DIAGNOSIS)
    prevents = any(span.kind is SpanKind.PREVENTION for span in clause.spans)
    if not asked or prevents or not _whole(clause, SpanKind.DIAGNOSIS) or any(not span.codes for span in asked):
        return None
    return tuple(code for span in asked for code in span.codes)


def _sex(clause: Clause) -> str | None:
    if not _whole(clause, SpanKind.SEX):
        return None
    return _only_one([value for span in clause.of(SpanKind.SEX) for value in span.values])


def _only_one(values: Sequence[str]) -> str | None:
    return values[0] if len(set(values)) == 1 else None


def _ages(clause: Clause) -> Bounds | None:
    """Ages side by side narrow each other (6岁及以上儿童); ages with a connective between widen (成人和儿童)."""
    if not _whole(clause, SpanKind.AGE):
        return None
    groups: list[Bounds] = []
    joined = True
    for span in clause.spans:
        if span.kind is SpanKind.CONNECTIVE:
            joined = True
        elif span.kind is SpanKind.AGE and not span.negated:
            if span.unit == "days":
                return None
            bounds = (span.low or None, span.high)
            groups[-1:] = [bounds] if joined and not groups else _join(groups[-1], bounds, narrow=not joined)
            joined = False
    hull = _hull(groups) if groups else None
    return None if hull in (None, (None, None)) else hull


def _join(last: Bounds, bounds: Bounds, *, narrow: bool) -> list[Bounds]:
    if not narrow:
        return [last, bounds]
    low = max((one for one in (last[0], bounds[0]) if one is not None), default=None)
    high = min((one for one in (last[1], bounds[1]) if one is not None), default=None)
    if low is not None and high is not None and low > high:
        return [last, bounds]  # 成人 … 儿童 without a connective: two groups all the same
    return [(low, high)]


def _hull(groups: Sequence[Bounds]) -> Bounds:
    lows, highs = [low for low, _ in groups], [high for _, high in groups]
    low = None if None in lows else min(one for one in lows if one is not None)
    high = None if None in highs else max(one for one in highs if one is not None)
    return low, high


def _age_days(clause: Clause) -> int | None:
    ages = clause.of(SpanKind.AGE)
    if not ages or not _whole(clause, SpanKind.AGE) or any(span.unit != "days" for span in ages):
        return None
    return max(span.high or 0 for span in ages)


def _course(clause: Clause) -> int | None:
    found = _whole_phrase(clause, SpanKind.COURSE)
    if not found or any(span.per not in _IN_A_STAY for span in found):
        return None
    return max(span.high or 0 for span in found)


def _interval(clause: Clause) -> int | None:
    found = _whole_phrase(clause, SpanKind.INTERVAL)
    return min(span.low or 0 for span in found) if found else None


def _refused_care(parsed: Parsed) -> tuple[str, ...]:
    return tuple(
        value
        for clause in parsed.clauses
        if clause.understood
        for span in clause.spans
        if span.kind is SpanKind.CARE_TYPE and span.negated
        for value in span.values
    )
