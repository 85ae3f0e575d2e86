"""The principal diagnosis in doubt (主要诊断的疑点): A4 not allowed, A5 another treated more, A6 known pairs, B3."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

from msgspec.structs import replace

from app.domain.money import ZERO, plain
from app.grouper.coding_case import Fact, FactKind, Found, Item, Unknown, Variant
from app.grouper.coding_regroup import gain, is_dearer, principal_first
from app.grouper.coding_workup import NO_CODES, NO_LINES, NO_PAYMENT, Workup, absence, items_fact
from app.grouper.entry import BITS
from app.grouper.grouping import GroupingStatus
from app.grouper.hints import MOST_SIBLINGS, is_in_an_mdc, principal_bits
from app.grouper.scheme import Scheme
from app.knowledge.coding_records import DictionarySize, PairRow, Swap, TreatmentRow

_CATEGORY, _SUBCATEGORY = 3, 5  # characters of I21 and of I21.0
_REFINED = "主要诊断细化为"
_TOLD = 5  # finer codes that the sentence names; the variants have more
NO_DICTIONARY = Unknown("scheme.dictionary", "分组方案的编码库不完整，不能凭库中没有作判断")


def not_allowed(work: Workup) -> Iterator[Found | Unknown]:
    """A4, data quality: of the list; or in the scheme's dictionary but in no MDC, and without finer codes."""
    code, scheme = work.principal, work.scheme
    if not code:
        return
    for row in work.knowledge.not_principal:
        if code in row.diagnoses:
            fact = Fact(kind=FactKind.DIAGNOSIS, text=f"{row.reason}（{row.source}）", codes=(code,), source=row.point)
            words = {"diagnosis": work.named(code), "reason": f"一般不作主要诊断：{row.reason}"}
            lowers = () if row.is_reviewed else ("清单该行待临床复核",)
            yield Found(
                point=row.point,
                codes=(code,),
                words=words,
                evidence_for=(fact,),
                lowers=lowers,
                needs_review=not row.is_reviewed,
            )
            return
    if work.recorded.status is not GroupingStatus.UNGROUPABLE or is_in_an_mdc(scheme, code) or _siblings(work):
        return
    if len(scheme.diagnosis_names) < work.parameters("A4", DictionarySize).min_dictionary:
        yield NO_DICTIONARY
    elif code in scheme.diagnosis_names:
        fact = Fact(kind=FactKind.GROUPING, text=f"{code}在编码库中，但不在任何MDC的主诊断表中", codes=(code,))
        words = {"diagnosis": work.named(code), "reason": "不在任何MDC的主诊断表中，一般不作主要诊断"}
        yield Found(codes=(code,), words=words, evidence_for=(fact,))


def _siblings(work: Workup) -> tuple[Variant, ...]:
    """What the stay would be with finer codes of the same category, those of the same subcategory first."""
    code, rest, found = work.principal, work.stay.diagnoses[1:], []
    if not code or is_in_an_mdc(work.scheme, code):
        return ()
    finer = finer_codes(work.scheme).get(code[:_CATEGORY], ())
    for other in sorted(finer, key=lambda one: one[:_SUBCATEGORY] != code[:_SUBCATEGORY]):
        variant = work.regroup.variant(f"{_REFINED}{work.named(other)}", (other, *rest))
        if variant.outcome.is_group:
            found.append(variant)
            if len(found) == MOST_SIBLINGS:
                break
    return tuple(found)


@lru_cache(8)
def finer_codes(scheme: Scheme) -> Mapping[str, tuple[str, ...]]:
    """The codes that an MDC takes as principal diagnosis, by their category; made once for a scheme."""
    wanted, found = principal_bits(scheme), defaultdict(list)
    for code in scheme.diagnosis_names:
        if scheme.diagnoses[code][BITS] & wanted:
            found[code[:_CATEGORY]].append(code)
    return {category: tuple(codes) for category, codes in found.items()}


def unspecific(work: Workup) -> Iterator[Found | Unknown]:
    """B3: no group, where finer codes of the same category would have one."""
    if work.recorded.status is not GroupingStatus.UNGROUPABLE or not work.principal:
        return
    if not (variants := _siblings(work)):
        return
    code = work.principal
    text = f"{work.named(code)}不在任何MDC的主诊断表中，现为{work.recorded.drg}（{work.recorded.status}）"
    yield Found(
        codes=(code,),
        words={
            "diagnosis": work.named(code),
            "siblings": "、".join([one.change.removeprefix(_REFINED) for one in variants[:_TOLD]])
            + ("等" if len(variants) > _TOLD else ""),
        },
        evidence_for=(Fact(kind=FactKind.GROUPING, text=text, codes=(code,)),),
        variants=variants,
    )


def swapped(work: Workup) -> list[tuple[str, Variant]]:
    """Each secondary diagnosis that may be principal, with what the stay would be if it were."""
    lists = work.knowledge.not_principal
    return [
        (code, work.regroup.variant(f"以{work.named(code)}为主要诊断", principal_first(work.stay.diagnoses, code)))
        for code in work.secondaries
        if code != work.principal and not any(code in row.diagnoses for row in lists)
    ]


def less_treated(work: Workup) -> Iterator[Found | Unknown]:
    """A5: the recorded order pays the most of those that are possible, and another diagnosis was treated much more."""
    if not work.recorded.is_group:
        return
    possible = [(code, one) for code, one in swapped(work) if one.outcome.is_group]
    if any((more := gain(one)) is not None and more < ZERO for _, one in possible):
        return
    own = _treatment(work, work.principal)
    if own is None:
        return
    for code, variant in possible:
        row = _treatment(work, code)
        dearer = is_dearer(variant, work.recorded)
        if row is None or row is own or dearer is False:
            continue
        outcome = NO_PAYMENT if dearer is None else _compared(work, own, row, code, variant)
        if isinstance(outcome, Unknown):
            yield outcome
            return
        if outcome is not None:
            yield outcome


def _treatment(work: Workup, code: str) -> TreatmentRow | None:
    return next((row for row in work.knowledge.treatments if code in row.diagnoses), None)


def _compared(
    work: Workup, own: TreatmentRow, row: TreatmentRow, code: str, variant: Variant
) -> Found | Unknown | None:
    if not work.items:
        return NO_LINES
    if not work.all_items_coded:
        return NO_CODES
    mine = work.matching_items(own.item_code, own.item_names)
    theirs = [item for item in work.matching_items(row.item_code, row.item_names) if item not in mine]
    spent, other = _total(mine), _total(theirs)
    if spent is None or other is None:
        return Unknown("line.amount", "有治疗明细没有金额，无法比较资源消耗")
    limits = work.parameters("A5", Swap)
    if other < limits.factor * spent or other - spent < limits.min_amount:
        return None
    admitted = work.case.admission_diagnoses or ()
    agrees = any(one[:_CATEGORY] == work.principal[:_CATEGORY] for one in admitted)
    differs = any(one[:_CATEGORY] == code[:_CATEGORY] for one in admitted) and not agrees
    reason = Fact(kind=FactKind.ADMISSION, text=f"入院诊断：{'、'.join(admitted)}", codes=tuple(admitted))
    treated = items_fact(theirs, row.point)
    amounts = f"{row.disease}治疗{plain(other)}元，{own.disease}治疗{plain(spent)}元"
    return Found(
        point=row.point,
        codes=(work.principal, code),
        words={
            "diagnosis": work.named(work.principal),
            "other": work.named(code),
            "spent": plain(spent),
            "other_spent": plain(other),
            "group": work.recorded.drg,
            "without": variant.outcome.drg,
        },
        evidence_for=(Fact(kind=FactKind.AMOUNT, text=amounts), treated, *((reason,) if differs else ())),
        evidence_against=(reason,) if agrees else (),
        variants=(variant,),
        raises=("入院诊断与其他诊断一致",) if differs else (),
        lowers=("入院诊断与主要诊断一致",) if agrees else (),
        needs_review=not (row.is_reviewed and own.is_reviewed),
    )


def _total(items: list[Item]) -> Decimal | None:
    amounts = [item.amount for item in items]
    return None if None in amounts else sum([one for one in amounts if one is not None], ZERO)


def known_pair(work: Workup) -> Iterator[Found | Unknown]:
    """A6: the dearer of a known pair is principal and nothing that would show it was charged or done."""
    for row in work.knowledge.pairs:
        if work.principal not in row.recorded:
            continue
        variant = _plain_variant(work, row)
        dearer = False if variant is None else is_dearer(variant, work.recorded)
        if variant is None or dearer is False:
            continue
        sought = work.seek(row)
        if sought.facts:
            continue
        if sought.unknown is not None or dearer is None:
            yield sought.unknown or NO_PAYMENT
            return
        recorded = [code for code in work.secondaries if code in row.plain]
        told = tuple(
            [Fact(kind=FactKind.DIAGNOSIS, text=f"其他诊断已有{work.named(code)}", codes=(code,)) for code in recorded]
        )
        yield Found(
            point=row.point,
            codes=(work.principal, *recorded[:1]),
            words={
                "diagnosis": work.named(work.principal),
                "criteria": row.criteria,
                "plain": row.plain_name,
                "group": work.recorded.drg,
                "without": variant.outcome.drg,
            },
            evidence_for=(absence(row.criteria, len(work.items), row.point), *told),
            variants=(variant,),
            raises=("低编的一方已列为其他诊断",) if recorded else (),
            needs_review=not row.is_reviewed,
        )


def _plain_variant(work: Workup, row: PairRow) -> Variant | None:
    """The recorded plain diagnosis as principal, or the row's own code in place of the recorded one."""
    for code in work.secondaries:
        if code in row.plain:
            return work.regroup.variant(f"以{work.named(code)}为主要诊断", principal_first(work.stay.diagnoses, code))
    if not row.plain_code or row.plain_code not in work.scheme.diagnosis_names:
        return None
    change = f"主要诊断改为{work.named(row.plain_code)}"
    made = work.regroup.variant(change, (row.plain_code, *work.stay.diagnoses[1:]))
    return replace(made, change=change)
