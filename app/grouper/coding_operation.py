"""Operations in doubt (手术操作的疑点): A7 not charged, A11 unlike the principal diagnosis, B2 not coded."""

from collections.abc import Iterator
from functools import lru_cache

from app.grouper.coding_case import Fact, FactKind, Found, Unknown, Variant
from app.grouper.coding_principal import swapped
from app.grouper.coding_regroup import Codes, is_cheaper, is_dearer
from app.grouper.coding_workup import NO_LINES, NO_PAYMENT, Workup, absence, items_fact
from app.grouper.entry import BITS
from app.grouper.grouping import GroupingStatus
from app.grouper.scheme import Scheme
from app.knowledge.coding_records import OperationRow
from app.knowledge.scheme_condition import Member, Tagged, atoms


def not_shown(work: Workup) -> Iterator[Found | Unknown]:
    """A7: the first operation carries the group, and no fee of it, of anaesthesia or of a theatre is there."""
    first = work.stay.procedures[0] if work.stay.procedures else ""
    row = next((row for row in work.knowledge.operations if first in row.procedures), None) if first else None
    if row is None:
        return
    tried = [(variant, is_dearer(variant, work.recorded)) for variant in _with_another_first(work, first)]
    variants = [variant for variant, dearer in tried if dearer]
    if not variants and all(dearer is False for _, dearer in tried):
        return
    sought = work.seek(row, with_procedures=False)
    if sought.facts:
        return
    if sought.unknown is not None or not variants:
        yield sought.unknown or NO_PAYMENT
        return
    shown = [code for code in work.stay.procedures[1:] if code != first and _is_charged(work, code)]
    others = tuple(
        [Fact(kind=FactKind.PROCEDURE, text=f"{work.named(code, True)}有相应收费", codes=(code,)) for code in shown]
    )
    yield Found(
        point=row.point,
        codes=(first,),
        words={
            "operation": work.named(first, True),
            "group": work.recorded.drg,
            "change": variants[0].change,
            "without": variants[0].outcome.drg,
        },
        evidence_for=(absence(f"{row.operation}收费", len(work.items), row.point), *others),
        variants=tuple(variants),
        raises=("其他手术操作有相应收费",) if others else (),
        needs_review=not row.is_reviewed,
    )


def _with_another_first(work: Workup, first: str) -> Iterator[Variant]:
    diagnoses = work.stay.diagnoses
    rest = tuple([code for code in work.stay.procedures if code != first])
    yield work.regroup.variant(f"去掉{work.named(first, True)}", diagnoses, rest)
    for code in dict.fromkeys(rest):
        moved = (code, *[one for one in work.stay.procedures if one != code])
        yield work.regroup.variant(f"以{work.named(code, True)}为首位", diagnoses, moved)


def _is_charged(work: Workup, code: str) -> bool:
    row = next((row for row in work.knowledge.operations if code in row.procedures), None)
    return row is not None and bool(work.seek(row, with_procedures=False).facts)


def unlike_principal(work: Workup) -> Iterator[Found | Unknown]:
    """A11: an ambiguous case; or an operation that counts for nothing, but would under another recorded diagnosis."""
    first = work.stay.procedures[0] if work.stay.procedures else ""
    if not first or not work.scheme.is_valid_procedure(first):
        return
    recorded, is_ambiguous = work.recorded, work.recorded.status is GroupingStatus.AMBIGUOUS
    homes = home_mdcs(work.scheme, first)
    if not is_ambiguous:
        idle = work.regroup.of(work.stay.diagnoses, ()).drg == recorded.drg
        if not recorded.is_group or not idle or not homes or recorded.mdc in homes:
            return
    variants = tuple([one for code, one in swapped(work) if _counts(work, code, one)])
    if not is_ambiguous and not variants:
        return
    named = work.named(first, True)
    where = f"{named}是{'、'.join(homes) or '其他疾病类'}的手术，主要诊断{work.principal}属于{recorded.mdc}"
    effect = f"分组为歧义病案{recorded.drg}" if is_ambiguous else f"该手术未参与分组（{recorded.drg}）"
    yield Found(
        codes=(work.principal, first),
        words={"operation": named, "diagnosis": work.named(work.principal), "effect": effect},
        evidence_for=(Fact(kind=FactKind.GROUPING, text=where, codes=(work.principal, first)),),
        variants=variants,
        raises=("改以已记录的其他诊断为主要诊断后手术参与分组",) if variants and is_ambiguous else (),
        lowers=() if is_ambiguous else ("因其他疾病在住院期间同时手术的，也会如此",),
    )


def _counts(work: Workup, principal: str, variant: Variant) -> bool:
    """Whether the operation decides about the group once this diagnosis is principal."""
    outcome = variant.outcome
    if not outcome.is_group:
        return False
    codes = (principal, *[code for code in work.stay.diagnoses if code != principal])
    return work.regroup.of(codes, ()).drg != outcome.drg


def home_mdcs(scheme: Scheme, code: str) -> tuple[str, ...]:
    """The MDCs that have a rule asking for the operation, as MDCH; the pre-groups (MDCA) among them."""
    bits = scheme.procedures[code][BITS]
    return tuple(dict.fromkeys([mdc for asked, mdc in _operation_lists(scheme) if asked & bits]))


@lru_cache(8)
def _operation_lists(scheme: Scheme) -> tuple[tuple[int, str], ...]:
    found = []
    for rule in scheme.header.rules:
        for atom in atoms(rule.condition):
            if isinstance(atom, Tagged) or (isinstance(atom, Member) and "proc" in atom.subject):
                found.append((scheme.planner.bits.of(atom), scheme.header.mdcs[rule.mdc].code))
    return tuple(found)


def missing_operation(work: Workup) -> Iterator[Found | Unknown]:
    """B2: an operation was charged but not coded, and with it the group would be another that pays more."""
    rows = [
        row for row in work.knowledge.operations if row.add_code and not row.procedures.matching(work.stay.procedures)
    ]
    if not work.items:
        if rows:
            yield NO_LINES
        return
    for row in rows:
        charged = work.matching_items(row.item_code)  # not by name: an examination may be named after the organ
        variant = _with_added(work, row) if charged else None
        if isinstance(variant, Unknown):
            yield variant
        elif variant is not None:
            yield Found(
                point=row.point,
                codes=(row.add_code,),
                words={"operation": row.operation, "group": work.recorded.drg, "without": variant.outcome.drg},
                evidence_for=(items_fact(charged, row.point),),
                variants=(variant,),
                lowers=("可补录的编码只是一例，按手术记录选择",),
                needs_review=not row.is_reviewed,
            )


def _with_added(work: Workup, row: OperationRow) -> Variant | Unknown | None:
    """The first of: added behind the recorded ones, added before them; that pays more."""
    recorded, code = work.stay.procedures, row.add_code
    orders: list[tuple[str, Codes]] = [("补录", (*recorded, code)), ("补录为首位", (code, *recorded))]
    for word, procedures in orders:
        variant = work.regroup.variant(f"{word}{work.named(code, True)}", work.stay.diagnoses, procedures)
        cheaper = is_cheaper(variant, work.recorded)
        if cheaper is not False:
            return variant if cheaper else NO_PAYMENT
    return None
