"""Pricing of many cases (批量测算): one scheme with its parameters, as a function from a case to what it is worth."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from app.application.case_set import Case
from app.application.preview_settlement import BadFacts, NoParameters, payment_scheme
from app.application.scheme_shelf import SchemeShelf
from app.domain.group_weight import NO_MEANS, PaymentScheme
from app.domain.money import check_number
from app.domain.payment import Payment, PaymentClass
from app.domain.period import Period
from app.grouper.dip import group_dip
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_price import Hospital, price_dip
from app.grouper.dip_result import DipGrouping, DipStatus
from app.grouper.drg import group
from app.grouper.grouping import Grouping
from app.grouper.payment import price
from app.grouper.scheme import Scheme
from app.knowledge.payment_files import scheme_on, together_faults

UNGROUPED, NO_STANDARD, NO_COST = "ungrouped", "no_standard", "no_cost"
UNDETERMINED, NO_PARAMETERS = "undetermined", "no_parameters"


class Priced(NamedTuple):
    """What a case is worth. `lacks` is blank, or why there is no official value; amounts in yuan.

    `weight` is the group's, or its score where the method is DIP; `mean_…` are those of the group in the region.
    """

    group: str
    name: str
    lacks: str
    weight: Decimal | None = None
    formula: Decimal | None = None
    official: Decimal | None = None
    mean_amount: Decimal | None = None
    mean_days: Decimal | None = None


class PriceBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to price: a scheme, and where given other `parameters`, laid over the scheme's own (null takes one out).

    `on`: the day whose parameters hold for every case; without it each case has those of its discharge, or the latest
    where that is not told. DIP knows `point_value` and `fund_share` as parameters.
    """

    scheme: str
    parameters: dict[str, Any] | None = None
    on: date | None = None
    translate: bool = False


class PricedBy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By what was priced. `periods`: those of the parameters that may have held."""

    scheme: str
    method: str
    revision: str = ""
    notice: str = ""
    periods: tuple[Period, ...] = ()


class Pricer(Protocol):
    """`groups_by` is the same object for pricers whose `group` gives the same."""

    told: PricedBy
    groups_by: tuple[object, bool]

    def group(self, case: Case) -> Any: ...

    def price(self, case: Case, found: Any) -> Priced: ...


async def pricer_of(shelf: SchemeShelf, asked: PriceBy) -> Pricer:
    """Raises UnknownScheme, NoParameters, and BadFacts for parameters or a wish that cannot be."""
    if await shelf.method_of(asked.scheme) == "dip":
        return DipPricer(await shelf.dip(asked.scheme), asked)
    return DrgPricer(await shelf.drg(asked.scheme), asked)


class DrgPricer:
    def __init__(self, scheme: Scheme, asked: PriceBy) -> None:
        if asked.translate and (scheme.diagnosis_map is None or scheme.procedure_map is None):
            raise BadFacts(f"the scheme {scheme.id} has no code maps; leave out `translate`")
        self._scheme, self._translate = scheme, asked.translate
        self.groups_by: tuple[object, bool] = (scheme, asked.translate)
        self._fixed, self._periods = asked.on is not None, _periods(scheme, asked)
        self.told = PricedBy(
            scheme=scheme.id,
            method="drg",
            revision=scheme.revision,
            notice=scheme.status,
            periods=tuple([one.parameters.in_force for one in self._periods]),
        )

    def group(self, case: Case) -> Grouping:
        return group(self._scheme, case.stay, translate=self._translate)

    def price(self, case: Case, found: Grouping) -> Priced:
        name = found.name or found.status.value
        payment = self._scheme_for(case)
        if payment is None:
            return Priced(found.drg, name, NO_PARAMETERS)
        priced = price(found.drg, case.facts, payment.parameters, payment.weights)
        row = payment.weights.get(priced.priced_code)
        means = NO_MEANS if row is None else row.means
        return Priced(
            group=found.drg,
            name=name,
            lacks=_lacks(found, priced),
            weight=priced.weight,
            formula=priced.formula_value,
            official=priced.official_value,
            mean_amount=means.total_amount,
            mean_days=means.stay_days,
        )

    def _scheme_for(self, case: Case) -> PaymentScheme | None:
        if self._fixed or case.discharge_date is None:
            return self._periods[-1]
        return scheme_on(self._periods, case.discharge_date)


def _lacks(found: Grouping, priced: Payment) -> str:
    if priced.total_amount is None:
        return NO_COST
    if priced.official_value is not None:
        return ""
    if not found.is_grouped:
        return UNGROUPED
    return NO_STANDARD if priced.payment_class is PaymentClass.NO_STANDARD else UNDETERMINED


def _periods(scheme: Scheme, asked: PriceBy) -> tuple[PaymentScheme, ...]:
    """The parameters of the day, or those of every period, with what is laid over them."""
    days: list[date | None] = [asked.on]
    if asked.on is None and scheme.payments:
        days = [one.parameters.in_force.start for one in scheme.payments]
    found = tuple([payment_scheme(scheme, day, asked.parameters) for day in days])
    for one in found if asked.parameters else ():
        if faults := list(together_faults(one.parameters, one.weights)):
            raise BadFacts("\n".join(faults))
    return found


class _DipParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    point_value: Decimal | None = None
    fund_share: Decimal | None = None


class DipPricer:
    def __init__(self, catalogue: DipCatalogue, asked: PriceBy) -> None:
        if asked.on is not None and not catalogue.meta.period.covers(asked.on):
            raise NoParameters(f"the catalogue {catalogue.meta.id} does not hold on {asked.on}; give another `on`")
        if asked.translate:
            raise BadFacts(f"the catalogue {catalogue.meta.id} has no code maps; leave out `translate`")
        try:
            self._parameters = msgspec.convert(asked.parameters or {}, _DipParameters, strict=False)
            for name in _DipParameters.__struct_fields__:
                if (value := getattr(self._parameters, name)) is not None:
                    check_number(value, name, largest=Decimal(1 if name == "fund_share" else 10_000_000))
        except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
            raise BadFacts(str(error)) from error
        self._catalogue = catalogue
        self.groups_by: tuple[object, bool] = (catalogue, False)
        meta = catalogue.meta
        self.told = PricedBy(scheme=meta.id, method="dip", notice=meta.status.value, periods=(meta.period,))

    def group(self, case: Case) -> DipGrouping:
        return group_dip(self._catalogue, case.stay)

    def price(self, case: Case, found: DipGrouping) -> Priced:
        if found.status is not DipStatus.GROUPED:
            return Priced("", "返回修正" if found.status is DipStatus.RETURNED else "未入组", UNGROUPED)
        facts, given = case.facts, self._parameters
        payment = price_dip(
            found,
            self._catalogue,
            facts.total_amount,
            given.point_value,
            hospital=Hospital(facts.facility_id, facts.facility_level.value),
            fund_share=given.fund_share,
            stay_days=facts.stay_days,
        )
        own = self._catalogue.groups[found.code]
        return Priced(
            group=found.code,
            name=found.name,
            lacks=NO_COST if payment.cost_amount is None else NO_STANDARD if payment.official_amount is None else "",
            weight=found.score,
            formula=payment.formula_amount,
            official=payment.official_amount,
            mean_amount=own.mean_cost,
            mean_days=own.mean_days,
        )
