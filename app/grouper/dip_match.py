"""Matching of one DIP group with one stay (入组匹配): does the group take it, and with which operations."""

from collections.abc import Collection, Sequence

from app.grouper.dip_catalogue import Bucket, Entry
from app.grouper.dip_context import Context, age_in_days, age_in_years, highest, names
from app.grouper.dip_result import Matched
from app.knowledge.dip_condition import NUMBERS
from app.knowledge.dip_expression import Expression, Term
from app.knowledge.dip_records import Bounds, DipGroup, Kind

_NO_TERMS: tuple[Term, ...] = ()


class Candidate:
    """A group that takes the stay. `main_terms` and `related_terms` are the terms that the stay fulfils."""

    __slots__ = (
        "_operations", "context", "entry", "group", "is_complete", "main_terms", "prefix_length", "related_terms",
    )  # fmt: skip

    def __init__(
        self,
        entry: Entry,
        context: Context,
        prefix_length: int,
        main_terms: tuple[Term, ...] = _NO_TERMS,
        related_terms: tuple[Term, ...] = _NO_TERMS,
        is_complete: bool = True,
    ) -> None:
        self.entry, self.group, self.context, self.prefix_length = entry, entry.group, context, prefix_length
        self.main_terms, self.related_terms, self.is_complete = main_terms, related_terms, is_complete
        self._operations: tuple[str, ...] | None = None if main_terms else ()

    @property
    def operations(self) -> tuple[str, ...]:
        """Recorded operations that the group names."""
        if self._operations is None:
            terms = (*self.main_terms, *self.related_terms)
            named = [code for code in self.context.operations if any([names(term, code) for term in terms])]
            self._operations = tuple(named)
        return self._operations

    @property
    def left_over(self) -> tuple[str, ...]:
        operations = self.operations
        return tuple([code for code in self.context.counting if code not in operations])

    @property
    def has_main_operation(self) -> bool:
        code = self.context.principal_operation
        return bool(code and self.main_terms) and names(self.main_terms[0], code)

    @property
    def has_full_codes(self) -> bool:
        """Whether every term was met by a code that the catalogue writes in full."""
        recorded = self.context.operation_set
        return all([not term.exact.isdisjoint(recorded) for term in (*self.main_terms, *self.related_terms)])

    @property
    def kind(self) -> Kind | None:
        """The group's kind, or the highest among the operations that it names."""
        if self.group.kind is not None or not self.operations:
            return self.group.kind
        return highest([self.context.catalogue.kind_of(code) for code in self.operations])

    @property
    def matched(self) -> Matched:
        group, secondary = self.group, self.context.secondary
        wanted = tuple({prefix for part in group.secondary for prefix in part})
        return Matched(
            diagnosis=self.context.principal[: self.prefix_length] or "*",
            operations=self.operations,
            secondary=tuple([code for code in secondary if code.startswith(wanted)]) if wanted else (),
            left_over=self.left_over,
        )


def candidates(buckets: Sequence[Bucket], context: Context) -> list[Candidate]:
    """The groups that take the stay, each once, at its longest prefix."""
    found: dict[int, Candidate] = {}
    for bucket in buckets:
        length, by_operation = bucket.length, bucket.by_operation
        if by_operation:
            for code in context.main:
                for entry in by_operation.get(code, ()):
                    if id(entry) not in found and not (entry.asks_more and not _more_fits(entry.group, context)):
                        found[id(entry)] = Candidate(entry, context, length, entry.main[0])
        for entry in bucket.others:
            if id(entry) not in found and (candidate := _match(entry, context, length)) is not None:
                found[id(entry)] = candidate
    return list(found.values())


def _match(entry: Entry, context: Context, length: int) -> Candidate | None:
    if (entry.asks_no_operation and context.counting) or not _kind_fits(entry, context):
        return None
    main_terms, related_terms, is_complete = _NO_TERMS, _NO_TERMS, True
    if entry.main:
        main_terms = _fulfilled_main(entry.main, context)
        if not main_terms:
            return None
        if entry.related:
            related_terms, is_complete = _fulfilled_related(entry.related, context)
            if not related_terms:
                return None
    if entry.asks_more and not _more_fits(entry.group, context):
        return None
    return Candidate(entry, context, length, main_terms, related_terms, is_complete)


def _kind_fits(entry: Entry, context: Context) -> bool:
    asked = entry.asks_kind
    if asked is None or asked is context.kind:
        return True
    return asked is Kind.CONSERVATIVE and context.catalogue.params.comprehensive.falls_to_conservative


def _hits(term: Term, codes: Collection[str]) -> bool:
    return not term.exact.isdisjoint(codes) or (
        bool(term.prefixes) and any([code.startswith(term.prefixes) for code in codes])
    )


def _fulfilled_main(main: Expression, context: Context) -> tuple[Term, ...]:
    """The first alternative, the most demanding one, that the stay fulfils; its first term by a main operation."""
    recorded = context.operation_set
    for terms in main:
        if _hits(terms[0], context.main) and all([_hits(term, recorded) for term in terms[1:]]):
            return terms
    return _NO_TERMS


def _fulfilled_related(related: Expression, context: Context) -> tuple[tuple[Term, ...], bool]:
    """The terms fulfilled of the best alternative, and whether that is all of it."""
    best = _NO_TERMS
    for terms in related:
        held = tuple([term for term in terms if _hits(term, context.operation_set)])
        if len(held) == len(terms):
            return held, True
        if len(held) > len(best):
            best = held
    return (best if context.catalogue.params.operation.partial_related else _NO_TERMS), False


def _more_fits(group: DipGroup, context: Context) -> bool:
    """Secondary diagnoses, bounds and conditions. What cannot be judged does not fit, and is noted as missing."""
    if not all([any([code.startswith(part) for code in context.secondary]) for part in group.secondary]):
        return False
    unknown = []
    for name, bounds, value in (
        ("age", group.age, age_in_years(context)),
        ("age_days", group.age_days, age_in_days(context)),
        ("weight", group.weight, context.stay.weight_grams),
    ):
        if not bounds:
            continue
        if value is None:
            unknown.append(name)
        elif not within(bounds, value):
            return False
    context.group = group
    verdict = context.judge_all(group.condition, group.code)
    if verdict is not False:
        for name in unknown:
            context.missing.setdefault(name, []).append(group.code)
    return verdict is True and not unknown


def within(bounds: Bounds, value: int) -> bool:
    return (bounds.low is None or value >= bounds.low) and (bounds.high is None or value <= bounds.high)


def lacking(entry: Entry, context: Context) -> list[str]:
    """What the stay lacks for the group, in Chinese; [] where it takes the stay."""
    group, found = entry.group, []
    if entry.asks_no_operation and context.counting:
        found.append(f"该病种只收保守治疗病例，本例有手术操作{'、'.join(context.counting[:3])}")
    if not _kind_fits(entry, context):
        found.append("治疗方式与该综合病种不符")
    if entry.main:
        if not _fulfilled_main(entry.main, context):
            found.append(f"缺少主要手术操作{_say(entry.main)}")
        if entry.related and not _fulfilled_related(entry.related, context)[0]:
            found.append(f"缺少相关手术操作{_say(entry.related)}")
    for part in group.secondary:
        if not any(code.startswith(part) for code in context.secondary):
            found.append(f"缺少其他诊断{'|'.join(part[:6])}{'等' if len(part) > 6 else ''}")
    for test in group.condition:
        if context.judge(test) is not True:
            found.append(f"不满足条件“{test.text}”")
    for name, bounds in (("age", group.age), ("age_days", group.age_days), ("weight", group.weight)):
        value = {"age": age_in_years, "age_days": age_in_days}.get(name, lambda one: one.stay.weight_grams)(context)
        if bounds and (value is None or not within(bounds, value)):
            found.append(f"{NUMBERS[name]}{'未知' if value is None else f'{value}不在范围内'}")
    return found


def _say(expression: Expression) -> str:
    told = "，或".join("+".join(term.text for term in terms) for terms in expression)
    return told if len(told) <= 120 else f"{told[:120]}…"
