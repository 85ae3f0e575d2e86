"""A running stay (在院费用): what the history holds of it, what it costs, and where it stands against its standard."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from app.application.preview_settlement import (
    BadFacts,
    NoParameters,
    facts_for,
    payment_scheme,
    settle_dip,
    settle_drg,
)
from app.application.scheme_shelf import SchemeShelf, UnknownScheme
from app.application.stay_input import StayInput, stay_of
from app.domain.access import Scope
from app.domain.audit import AuditRequest
from app.domain.case import stay_days
from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.domain.line import ChargeLine, FormularyClass, ItemCategory, OrderLine
from app.domain.money import ZERO
from app.domain.payment import PaymentClass, RunningPreview, SettlementPreview
from app.domain.working_days import day_of
from app.grouper.dip import group_dip
from app.grouper.dip_payment import Deviation, DipPayment
from app.grouper.dip_result import DipGrouping
from app.grouper.drg import group
from app.grouper.grouping import Grouping
from app.grouper.thresholds import running_preview
from app.store.history import HistoryQuery, HistoryStore, StoredEncounter

_decode_encounter = msgspec.json.Decoder(Encounter).decode
_decode_orders = msgspec.json.Decoder(tuple[OrderLine, ...]).decode
_decode_charges = msgspec.json.Decoder(tuple[ChargeLine, ...]).decode
_DRUGS = (ItemCategory.DRUG, ItemCategory.DECOCTION_PIECE)
_DEVIATIONS = {
    Deviation.NORMAL: "正常病例", Deviation.ULTRA_LOW: "费用极低病例", Deviation.ULTRA_HIGH: "费用超高病例",
    Deviation.CAPPED: "按上限支付", Deviation.FALLBACK: "按实际费用支付", Deviation.UNKNOWN: "资料不足，无法判定",
    Deviation.NONE: "无支付标准",
}  # fmt: skip
_WARNED = {PaymentClass.LOW, PaymentClass.HIGH}
_WARNED_DIP = {Deviation.ULTRA_LOW, Deviation.ULTRA_HIGH}


class Costs(NamedTuple):
    """In yuan. `unknown`: how many charges tell no amount, and so count for nothing."""

    total: Decimal
    drugs: Decimal
    consumables: Decimal
    off_formulary: Decimal
    unknown: int

    def share(self, part: Decimal) -> float | None:
        return float(part / self.total) if self.total else None


class Standing(NamedTuple):
    """Against the standard of its group; `fault` says in Chinese why that is not known. `payment_class` is how the
    stay would be paid as it stands, and `is_warned` whether that is by a high or low multiple.
    """

    scheme: str = ""
    method: str = ""
    group: str = ""
    group_name: str = ""
    payment_class: str = ""
    is_warned: bool = False
    reason: str = ""
    running: RunningPreview | None = None
    complaints: tuple[str, ...] = ()
    fault: str = ""


class RunningStay(NamedTuple):
    encounter: Encounter
    days: int | None
    costs: Costs
    standing: Standing


class RunningStays:
    def __init__(self, history: HistoryStore, shelf: SchemeShelf, scheme: str) -> None:
        self._history, self._shelf, self._scheme = history, shelf, scheme

    async def find(self, facility: str, encounter: str, scope: Scope) -> Encounter | None:
        """With its lines; None where there is none that the caller may see. Raises Unavailable."""
        query = HistoryQuery(facility=facility, encounter=encounter, patient="", facilities=())
        for one in await self._history.fetch(query):
            if (one.facility, one.encounter) == (facility, encounter):
                found = _whole(one)
                return found if _covers(scope, found) else None
        return None

    async def of_patient(self, patient: str, facilities: Sequence[str], since: date, scope: Scope) -> list[Encounter]:
        """Without lines, the latest first. Raises Unavailable."""
        query = HistoryQuery(
            facility="", encounter="", patient=patient, facilities=tuple(facilities), dates_since=since, first=None
        )
        found = [_decode_encounter(one.header) for one in await self._history.fetch(query)]
        seen = [one for one in found if _covers(scope, one)]
        return sorted(seen, key=lambda one: one.start_at or datetime.min, reverse=True)  # noqa: DTZ901 - local times

    async def standing(self, encounter: Encounter, today: date | None = None) -> RunningStay:
        today = today or day_of(datetime.now(UTC))
        costs = costs_of(encounter.charge_lines)
        days = stay_days(encounter, today)
        return RunningStay(encounter, days, costs, await self._standing(encounter, costs, days, today))

    async def _standing(self, encounter: Encounter, costs: Costs, days: int | None, today: date) -> Standing:
        if not self._scheme:
            return _of_told_standard(encounter, costs, today)
        stay = replace(stay_of(encounter), total_amount=costs.total, stay_days=days)
        if not stay.diagnoses:
            return Standing(self._scheme, fault="还没有诊断编码，无法分组。")
        start = encounter.start_at.date() if encounter.start_at is not None else None
        told = {
            "facility_id": encounter.facility.id, "facility_level": encounter.facility.level.value,
            "drug_amount": costs.drugs, "consumable_amount": costs.consumables,
            **({"start_date": start, "today": max(today, start)} if start else {}),
        }  # fmt: skip
        case = StayInput(encounter.id, stay)
        try:
            facts = facts_for(case, told)
            if await self._shelf.method_of(self._scheme) == "dip":
                catalogue = await self._shelf.dip(self._scheme)
                priced = group_dip(catalogue, stay)
                payment = settle_dip(priced, catalogue, facts)
                return _of_dip(self._scheme, priced, payment, costs, start, max(today, start or today))
            scheme = await self._shelf.drg(self._scheme)
            found = group(scheme, stay)
            return _of_drg(self._scheme, found, settle_drg(found, facts, payment_scheme(scheme, None)))
        except (UnknownScheme, NoParameters, BadFacts) as error:
            return Standing(self._scheme, fault=f"分组方案不能用于测算：{error}")


def settling_request(encounter: Encounter) -> AuditRequest:
    """The stored stay as it would be sent for settlement now: everything is asked about."""
    orders = tuple([replace(one, current=True) for one in encounter.order_lines])
    charges = tuple([replace(one, current=True) for one in encounter.charge_lines])
    return AuditRequest(
        encounter=replace(encounter, order_lines=orders, charge_lines=charges), stage=Stage.SETTLING
    )  # fmt: skip


def costs_of(charges: Iterable[ChargeLine]) -> Costs:
    total = drugs = consumables = off_formulary = ZERO
    unknown = 0
    for one in charges:
        amount = one.total_amount
        if amount is None:
            unknown += 1
            continue
        total += amount
        if one.category in _DRUGS:
            drugs += amount
        elif one.category is ItemCategory.CONSUMABLE:
            consumables += amount
        if one.formulary_class is FormularyClass.C:
            off_formulary += amount
    return Costs(total, drugs, consumables, off_formulary, unknown)


def _whole(one: StoredEncounter) -> Encounter:
    orders = _decode_orders(f"[{','.join(one.orders)}]")
    charges = _decode_charges(f"[{','.join(one.charges)}]")
    return replace(_decode_encounter(one.header), order_lines=orders, charge_lines=charges)


def _covers(scope: Scope, one: Encounter) -> bool:
    return scope.covers(one.facility.id, one.campus, one.department, one.practitioner.id)


def _of_told_standard(encounter: Encounter, costs: Costs, today: date) -> Standing:
    """By the standard that the hospital's system sent, where it did."""
    standard = encounter.payment_standard_amount
    if standard is None:
        return Standing(
            fault="没有设置分组方案（MINGJIAN_GROUPING_SCHEME），就诊数据也没有给出病组支付标准，无法对比。"
        )
    start = encounter.start_at.date() if encounter.start_at is not None else None
    running = running_preview(costs.total, standard, start_date=start, today=max(today, start) if start else None)
    return Standing(method="told", running=running)


def _of_drg(scheme: str, found: Grouping, settlement: SettlementPreview | None) -> Standing:
    if settlement is None:
        return Standing(scheme, "drg", complaints=found.complaints, fault=f"未能入组：{found.status}。")
    payment = settlement.payment
    return Standing(
        scheme, "drg", found.drg, found.name, payment.payment_class.label,
        payment.payment_class in _WARNED, payment.reason, settlement.running, found.complaints,
    )  # fmt: skip


def _of_dip(
    scheme: str, found: DipGrouping, payment: DipPayment, costs: Costs, start: date | None, today: date
) -> Standing:
    running = running_preview(costs.total, payment.formula_amount, start_date=start, today=today if start else None)
    return Standing(
        scheme, "dip", found.code, found.name,
        _DEVIATIONS[payment.deviation], payment.deviation in _WARNED_DIP, "", running, payment.notes,
    )  # fmt: skip
