"""Scanning (分词): the text cut from left to right into spans, the longest reading at each place."""

import re
from collections.abc import Iterator
from typing import Any

from app.knowledge.payment_note import patterns_person, patterns_use
from app.knowledge.payment_note.note import JUDGED, Span, SpanKind
from app.knowledge.payment_note.terms import Terms, Word
from app.knowledge.payment_note.text import normalise

_PATTERNS = (*patterns_person.PATTERNS, *patterns_use.PATTERNS)
_STOP = "。;\n"
_JOINS = re.compile(r"和/或|或者|以及|伴或不伴|或|和|及|与|、|/")
_QUIET = frozenset(" ,:()[]\"'.·!")
_ABBREVIATION = re.compile(r"\([A-Za-z][A-Za-z0-9αβγ,;、/+ \-.]{0,38}\)")
_NAMED = frozenset({SpanKind.DIAGNOSIS, SpanKind.EVIDENCE, SpanKind.THERAPY, SpanKind.STAGE, SpanKind.GLUE})
_MARKER = re.compile(
    r"(?<![\d.])(\d{1,2})[.、)](?!\d)|(?<![\d.])(\d{1,2})\.(?=\d+(?:\s*[-~至到≥]|岁|月龄|周岁|线|种|型))|([①-⑳])"
)
_BEFORE_MARKER = frozenset(":;。, \n(")
_ITEM = re.compile(r"\(\d{1,2}\)")  # (1)(2) within an alternative: a list of what is named before it
_NOT_THE_WORD = frozenset("非抗类拟疑不")  # 非X is not X, and 不少于 not 少于
Reading = tuple[int, SpanKind, dict[str, Any]]


def scan(text: str, terms: Terms) -> tuple[Span, ...]:
    """Spans that tile the text."""
    folded = normalise(text)
    markers = dict(_markers(folded))
    spans: list[Span] = []
    place = unknown = 0
    while place < len(folded):
        found = _read(folded, place, terms, markers, spans if place == unknown else [])
        if found is None or (found[1] in JUDGED and place > unknown and folded[place - 1] in _NOT_THE_WORD):
            place += 1
            continue
        if place > unknown:
            spans.append(_span(text, unknown, place, SpanKind.REMAINDER))
        end, kind, values = found
        spans.append(_span(text, place, end, kind, values))
        place = unknown = end
    if place > unknown:
        spans.append(_span(text, unknown, place, SpanKind.REMAINDER))
    return tuple(spans)


def _span(text: str, start: int, end: int, kind: SpanKind, values: dict[str, Any] | None = None) -> Span:
    return Span(kind=kind, start=start, end=end, text=text[start:end], **(values or {}))


def _read(
    folded: str, place: int, terms: Terms, markers: dict[int, tuple[int, int]], before: list[Span]
) -> Reading | None:
    if place in markers:
        end, number = markers[place]
        return end, SpanKind.MARKER, {"low": number}
    character = folded[place]
    if character in _STOP:
        return place + 1, SpanKind.STOP, {}
    best = _word(place, terms.longest_at(folded, place))
    for kind, pattern, values in _PATTERNS:
        found = pattern.match(folded, place)
        if found is not None and found.end() > (best[0] if best else place):
            best = (found.end(), kind, values(found))
    if best is not None:
        return best
    return _plain(folded, place, before)


def _plain(folded: str, place: int, before: list[Span]) -> Reading | None:
    """What carries no condition: joins, abbreviations of what was just named, punctuation."""
    if join := _JOINS.match(folded, place):
        return join.end(), SpanKind.CONNECTIVE, {}
    if before and before[-1].kind in _NAMED and (abbreviation := _ABBREVIATION.match(folded, place)):
        return abbreviation.end(), SpanKind.GLUE, {}
    if item := _ITEM.match(folded, place):
        return item.end(), SpanKind.GLUE, {}
    return (place + 1, SpanKind.GLUE, {}) if folded[place] in _QUIET else None


def _word(place: int, word: Word | None) -> Reading | None:
    if word is None:
        return None
    end = place + len(word.text)
    if word.kind is SpanKind.DIAGNOSIS:
        return end, word.kind, {"codes": word.codes}
    if word.kind is SpanKind.AGE:
        return end, word.kind, _age(word.value)
    return end, word.kind, {"values": (word.value,)} if word.value else {}


def _age(value: str) -> dict[str, Any]:
    """`18-` from 18 years on, `-17` up to 17, `0-28 days`, and blank for a word without bounds."""
    bounds, _, unit = value.partition(" ")
    low, _, high = bounds.partition("-")
    found: dict[str, Any] = {"unit": unit or "years"}
    if low:
        found["low"] = int(low)
    if high:
        found["high"] = int(high)
    return found


def _markers(folded: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """Places of 1. 2. 3. where they count up from 1; a lone number is no marker."""
    run: list[tuple[int, tuple[int, int]]] = []
    for found in _MARKER.finditer(folded):
        number = ord(found[3]) - ord("①") + 1 if found[3] else int(found[1] or found[2])
        if found.start() and not found[3] and folded[found.start() - 1] not in _BEFORE_MARKER:
            continue
        if number == 1 or (run and number == run[-1][1][1] + 1):
            if number == 1:
                yield from run if len(run) > 1 else ()
                run = []
            run.append((found.start(), (found.end(), number)))
    yield from run if len(run) > 1 else ()
