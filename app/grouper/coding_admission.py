"""Other encounters of the patient, and of the hospital (再住院、费用转嫁、全院水平): A14, A15, A16."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from app.domain.encounter import CareType
from app.domain.money import ZERO, plain
from app.domain.payment import PaymentFacts
from app.grouper.coding_case import Fact, FactKind, Found, HospitalStatistics, Outcome, Past, Unknown, Variant
from app.grouper.coding_cost import statistics_of
from app.grouper.coding_driver_faults import driver_fact, recorded_variant, words_of
from app.grouper.coding_workup import Workup
from app.grouper.drg import group
from app.knowledge.coding_records import Hospital, Readmission, Shifted

_STAYS = (CareType.INPATIENT, CareType.DAY_CASE)
_TRANSFER = "2"
NO_HISTORY = Unknown("history", "没有既往就诊资料")
NO_STATISTICS = Unknown("statistics.hospital", "没有本院与区域的统计数据")


def split_admission(work: Workup) -> Iterator[Found | Unknown]:
    """A14: back in the same group within days of a discharge, where one stay would have paid less than the two."""
    case, limits = work.case, work.parameters("A14", Readmission)
    if not work.recorded.is_group:
        return
    planned = work.principal in limits.planned or limits.planned_procedures.matching(work.stay.procedures)
    if planned:
        return
    if case.history is None:
        yield NO_HISTORY
        return
    if case.start_date is None:
        yield Unknown("start_date", "入院日期未知")
        return
    for past in case.history:
        if past.care_type not in _STAYS or past.end_date is None or not past.stay.diagnoses:
            continue
        days = (case.start_date - past.end_date).days
        if 0 <= days <= limits.days and past.stay.diagnoses[0] not in limits.planned:
            yield from _again(work, past, days)


def _again(work: Workup, past: Past, days: int) -> Iterator[Found]:
    before = work.regroup.outcome(
        group(work.scheme, past.stay), _facts(work, past.stay.total_amount, past.stay.stay_days)
    )
    if not before.is_group or before.adrg != work.recorded.adrg:
        return
    variant = _merged(work, past, before)
    more = variant.standard_difference
    if not variant.outcome.is_group or (more is not None and more <= ZERO):
        return
    same = before.drg == work.recorded.drg
    transfer = past.stay.discharge_disposition == _TRANSFER
    text = f"前次住院{past.stay.id}于{past.end_date}出院，分组{before.drg}，本次{days}天后入院，分组{work.recorded.drg}"
    moved = Fact(kind=FactKind.PATIENT, text="前次为医嘱转院")
    yield Found(
        codes=(work.principal,),
        words={
            "days": str(days),
            "same": "同一病组" if same else f"同一ADRG（{before.adrg}）",
            "past": before.drg,
            "group": work.recorded.drg,
        },
        evidence_for=(Fact(kind=FactKind.DAYS, text=text, codes=(past.stay.diagnoses[0], work.principal)),),
        evidence_against=(moved,) if transfer else (),
        variants=(variant,),
        raises=("两次为同一病组",) if same else (),
        lowers=("前次为医嘱转院",) if transfer else (),
    )


def _merged(work: Workup, past: Past, before: Outcome) -> Variant:
    """One stay instead of two: the earlier principal diagnosis, all codes, days and cost together."""
    now, then = work.stay, past.stay
    total = None if now.total_amount is None or then.total_amount is None else now.total_amount + then.total_amount
    days = None if now.stay_days is None or then.stay_days is None else now.stay_days + then.stay_days
    diagnoses = tuple(dict.fromkeys((*then.diagnoses, *now.diagnoses)))
    procedures = tuple(dict.fromkeys((*then.procedures, *now.procedures)))
    one = replace(now, diagnoses=diagnoses, procedures=procedures, stay_days=days, total_amount=total)
    outcome = work.regroup.outcome(group(work.scheme, one), _facts(work, total, days))
    recorded = work.recorded
    both = replace(
        recorded,
        weight=_sum(recorded.weight, before.weight),
        standard=_sum(recorded.standard, before.standard),
        payment=_sum(recorded.payment, before.payment),
    )
    return work.regroup.compared("两次住院合并为一次（差额为两次合计减一次）", outcome, both)


def _facts(work: Workup, total: Decimal | None, days: int | None) -> PaymentFacts:
    return replace(work.facts, total_amount=total, stay_days=days, days_to_readmission=None)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def cost_shifted(work: Workup) -> Iterator[Found | Unknown]:
    """A15: what was charged as outpatient or in a pharmacy on days between admission and discharge."""
    case, limits = work.case, work.parameters("A15", Shifted)
    if case.history is None:
        yield NO_HISTORY
        return
    if case.start_date is None or case.end_date is None:
        yield Unknown("start_date", "入院或出院日期未知")
        return
    others = [
        past
        for past in case.history
        if past.care_type is not CareType.UNKNOWN
        and past.care_type not in _STAYS
        and past.start_date is not None
        and case.start_date < past.start_date < case.end_date
    ]
    if not others:
        return
    total = work.facts.total_amount
    amounts = [past.stay.total_amount for past in others]
    if total is None or None in amounts:
        yield Unknown("total_amount", "住院或同期门诊的费用未知")
        return
    shifted = sum([amount for amount in amounts if amount is not None], ZERO)
    if shifted >= limits.min_amount and shifted >= limits.min_share * total:
        yield _shifted(work, others, shifted, total, limits)


def _shifted(work: Workup, others: list[Past], shifted: Decimal, total: Decimal, limits: Shifted) -> Found:
    together = work.regroup.outcome(group(work.scheme, work.stay), _facts(work, total + shifted, work.facts.stay_days))
    jump = _uncovered_jump(work, total, limits)
    told = "；".join([f"{past.start_date}费用{plain(past.stay.total_amount or ZERO)}元" for past in others])
    facts = (Fact(kind=FactKind.AMOUNT, text=f"住院期间的门诊、购药：{told}"),)
    return Found(
        codes=(work.principal,),
        words={
            "amount": plain(shifted),
            "total": plain(total + shifted),
            "uncovered": f"，{jump.text}" if jump else "",
        },
        evidence_for=(*facts, jump) if jump else facts,
        variants=(work.regroup.compared("同期门诊、购药费用并入住院", together),),
        raises=("自费比例同时偏高",) if jump else (),
    )


def _uncovered_jump(work: Workup, total: Decimal, limits: Shifted) -> Fact | None:
    """The self-paid share, where it is known to be far above that of the group."""
    usual, uncovered = statistics_of(work, work.recorded.drg).uncovered_share, work.case.uncovered_amount
    if usual is None or uncovered is None or not total:
        return None
    share = uncovered / total
    if share < limits.min_uncovered_share or share < limits.uncovered_factor * usual:
        return None
    return Fact(kind=FactKind.STATISTIC, text=f"自费占{_percent(share)}，病组平均{_percent(usual)}")


def hospital_level(work: Workup) -> Iterator[Found | Unknown]:
    """A16: the hospital's share of CC and MCC in this ADRG, against the region and against what it was before."""
    if not work.sole_drivers:
        return
    statistics = work.case.statistics
    row = None if statistics is None else statistics.hospital.get(work.recorded.adrg)
    if row is None:
        yield NO_STATISTICS
        return
    compared = tuple(_above(row, work.parameters("A16", Hospital)))
    if compared:
        driver = work.sole_drivers[0]
        words = words_of(work, driver) | {"adrg": work.recorded.adrg, "share": _percent(row.share)}
        yield Found(
            codes=driver.codes,
            words=words | {"compared": "；".join([fact.text for fact in compared])},
            evidence_for=(*compared, driver_fact(work, driver)),
            variants=(recorded_variant(work, driver),),
            lowers=("收治病情较重的医院比例也会偏高",),
        )


def _above(row: HospitalStatistics, limits: Hospital) -> Iterator[Fact]:
    if row.cases < limits.min_cases:
        return
    if (region := row.region_share) is not None and row.share - region >= limits.min_excess:
        deviation = (region * (1 - region) / row.cases).sqrt()
        if row.share - region >= limits.deviations * deviation:
            yield Fact(kind=FactKind.STATISTIC, text=f"区域为{_percent(region)}（本院{row.cases}例）")
    if (before := row.previous_share) is not None and row.share - before >= limits.min_jump:
        yield Fact(kind=FactKind.STATISTIC, text=f"此前为{_percent(before)}")


def _percent(share: Decimal) -> str:
    return f"{plain((share * 100).quantize(Decimal('0.1')))}%"
