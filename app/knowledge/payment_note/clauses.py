"""Clauses (分句): spans grouped into alternatives and what holds for all of them, and what a connective leaves open.

Where it is not plain which of the two a clause is, it is taken as one more alternative: that asks for less.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from app.knowledge.payment_note.note import JUDGED, Clause, Role, Span, SpanKind

_BOTH_NEEDED = re.compile(r"同时(?:符合|满足|具备)|均需|均应")
_STARTS_COMMON = re.compile(r"\s*[,，]?(?:需|应|支付|单次|每|首次|总|累计|尚未|患者|既往的)")
_UNBOUND = frozenset({SpanKind.COURSE, SpanKind.FREQUENCY, SpanKind.INTERVAL, SpanKind.REMARK, SpanKind.CITATION})
_QUIET = frozenset({SpanKind.GLUE, SpanKind.STOP, SpanKind.MARKER, SpanKind.OPEN_LIST})
_PHRASE_ENDS = frozenset(",，。；;()（）")
_AFTERWARDS = frozenset({"除外", "不予支付", "不支付", "禁用"})
_NEGATED_ALONE = frozenset({SpanKind.DIAGNOSIS, SpanKind.THERAPY})


def clauses_of(spans: Sequence[Span]) -> tuple[tuple[Clause, ...], tuple[str, ...]]:
    """The clauses, and reasons why their places are not plain."""
    every = list(_pieces(_negate(spans)))
    pieces = [piece for piece in every if _says_something(piece)]
    lists, reasons = _lists(every), []
    found, after_list, first = [], False, True
    for piece in pieces:
        number = next((span.low or 0 for span in piece if span.kind is SpanKind.MARKER), 0)
        if number:
            role, after_list = (Role.COMMON if lists[id(piece)] else Role.ALTERNATIVE), True
        else:
            role = _role(piece, pieces, first=first, after_list=after_list)
            if after_list and role is Role.ALTERNATIVE:
                reasons.append("列举之后的句子归属不明")
        if any(span.kind is SpanKind.STOP and span.text == "。" for span in piece):
            first = False
        found.append(Clause(role=role, spans=tuple(piece), number=number, unsure=unsure_kinds(piece)))
    if any(_left_open(clause.spans) for clause in found):
        reasons.append("“或”“和”连接的条件类别不同，不能确定各自的范围")
    if any(_goes_on(clause.spans) for clause in found):
        reasons.append("列举未尽（等）")
    return tuple(found), tuple(dict.fromkeys(reasons))


def _says_something(piece: Sequence[Span]) -> bool:
    return any(span.is_condition or span.kind is SpanKind.REMAINDER for span in piece)


def _pieces(spans: Sequence[Span]) -> Iterator[list[Span]]:
    piece: list[Span] = []
    for span in spans:
        if span.kind is SpanKind.MARKER and piece:
            yield piece
            piece = []
        piece.append(span)
        if span.kind is SpanKind.STOP:
            yield piece
            piece = []
    if piece:
        yield piece


def _lists(pieces: Sequence[Sequence[Span]]) -> dict[int, bool]:
    """Of each numbered piece, whether all items of its list must hold together, as the words before the list say."""
    found, before, all_of_them = {}, "", False
    for piece in pieces:
        marker = next((span for span in piece if span.kind is SpanKind.MARKER), None)
        if marker is not None:
            if marker.low == 1:
                all_of_them = _BOTH_NEEDED.search(before) is not None
            found[id(piece)] = all_of_them
        before = "".join(span.text for span in piece)
    return found


def _role(piece: Sequence[Span], pieces: Sequence[Sequence[Span]], *, first: bool, after_list: bool) -> Role:
    conditions = {span.kind for span in piece if span.is_condition}
    unknown = any(span.kind is SpanKind.REMAINDER for span in piece)
    text = "".join(span.text for span in piece)
    numbered = any(span.kind is SpanKind.MARKER for other in pieces for span in other)
    is_lead = numbered and not after_list
    names_disease = SpanKind.DIAGNOSIS in conditions
    if is_lead or (not unknown and conditions <= _UNBOUND):
        return Role.COMMON
    if after_list and not unknown and conditions.isdisjoint(JUDGED):
        return Role.COMMON
    if not unknown and all(span.negated for span in piece if span.is_condition):
        return Role.COMMON
    if not first and _STARTS_COMMON.match(text) and not names_disease:
        return Role.COMMON
    return Role.ALTERNATIVE


def _negate(spans: Sequence[Span]) -> list[Span]:
    """Turn what 无、未 precedes, up to the disease or treatment or 的, and all of the phrase that 除外 follows."""
    found = list(spans)
    for place, span in enumerate(spans):
        if span.kind is not SpanKind.NEGATION:
            continue
        step = -1 if span.text in _AFTERWARDS and _precede(spans, place) else 1
        other = place + step
        while 0 <= other < len(found) and not _ends_phrase(found[other]):
            if found[other].is_condition:
                found[other] = replace(found[other], negated=True)
            if step > 0 and (found[other].kind in _NEGATED_ALONE or found[other].text.endswith("的")):
                break
            other += step
    return found


def _precede(spans: Sequence[Span], place: int) -> bool:
    """Whether the phrase names a condition before this place."""
    for span in reversed(spans[:place]):
        if _ends_phrase(span):
            return False
        if span.is_condition:
            return True
    return False


def _ends_phrase(span: Span) -> bool:
    return span.kind in (SpanKind.STOP, SpanKind.MARKER) or span.text in _PHRASE_ENDS


def _goes_on(spans: Sequence[Span]) -> bool:
    """Whether 等 leaves a list of diseases open."""
    return any(
        span.kind is SpanKind.OPEN_LIST and before is not None and before.kind is SpanKind.DIAGNOSIS
        for before, span in zip([None, *spans], spans, strict=False)
    )


def unsure_kinds(spans: Sequence[Span]) -> frozenset[SpanKind]:
    """Kinds of conditions that the clause leaves open: by a connective, or by a list that goes on."""
    return _left_open(spans) | ({SpanKind.DIAGNOSIS} if _goes_on(spans) else frozenset())


def _left_open(spans: Sequence[Span]) -> frozenset[SpanKind]:
    """Kinds that bind only one side of a connective, which may be the side that does not matter."""
    told = [span for span in spans if span.kind not in _QUIET and not _is_negation(span)]
    places = [place for place, span in enumerate(told) if span.kind is SpanKind.CONNECTIVE]
    unsure: set[SpanKind] = set()
    for order, place in enumerate(places):
        start = places[order - 1] + 1 if order else 0
        end = places[order + 1] if order + 1 < len(places) else len(told)
        left, right = told[start:place], told[place + 1 : end]
        if left and right:
            unsure |= _one_sided(left, right)
    return frozenset(unsure)


def _is_negation(span: Span) -> bool:
    return span.kind is SpanKind.NEGATION


def _one_sided(left: Sequence[Span], right: Sequence[Span]) -> set[SpanKind]:
    one, other = _bound(left), _bound(right)
    if one == other or _alike(left[-1], right[0]):
        return set()
    return {kind for kind in one ^ other if kind in JUDGED}


def _bound(spans: Sequence[Span]) -> set[SpanKind]:
    return {span.kind for span in spans if span.kind in JUDGED and not span.negated}


def _alike(one: Span, other: Span) -> bool:
    """Whether the connective joins two of a kind, with the rest shared: 成人和6岁及以上儿童, 复发或难治性."""
    first, second = one.kind in JUDGED and not one.negated, other.kind in JUDGED and not other.negated
    if SpanKind.REMAINDER in (one.kind, other.kind):
        return False
    return one.kind is other.kind if first and second else first == second
