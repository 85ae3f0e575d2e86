"""Preview a settlement (结算预览): the group of a case, what it pays, and where the cost of a running stay stands."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from app.application.group_stays import dip_answer, drg_words
from app.application.stay_input import StayInput
from app.domain.encounter import FacilityLevel
from app.domain.group_weight import PaymentScheme
from app.domain.payment import PaymentFacts, SettlementPreview, facts_of
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_payment import DipPayment
from app.grouper.dip_price import Hospital, price_dip
from app.grouper.dip_result import DipFacts, DipGrouping
from app.grouper.drg import group
from app.grouper.grouping import Grouping
from app.grouper.payment_preview import preview_settlement
from app.grouper.scheme import Scheme
from app.knowledge.payment_files import convert_parameters, scheme_on


class NoParameters(LookupError):
    """The scheme has no payment parameters for the day: it can group, but not price."""


class BadFacts(ValueError):
    """The facts of the payment are not usable; the text says which and why."""


def facts_for(case: StayInput, told: Mapping[str, Any] | None) -> PaymentFacts:
    """What the stay tells, and what the request tells besides, which wins. Raises BadFacts."""
    known = msgspec.to_builtins(facts_of(case.stay))
    try:
        return msgspec.convert({**known, **(told or {})}, PaymentFacts, strict=False)
    except (msgspec.ValidationError, ArithmeticError) as error:
        raise BadFacts(str(error)) from error


def payment_scheme(scheme: Scheme, on: date | None, override: Mapping[str, Any] | None = None) -> PaymentScheme:
    """The parameters and weights of the day, or the latest; with `override`, other parameters on the same weights.

    Raises NoParameters, and BadFacts for parameters that are none.
    """
    if not scheme.payments:
        raise NoParameters(f"the scheme {scheme.id} has no payment.json: import one to have stays priced")
    found = scheme.payments[-1] if on is None else scheme_on(scheme.payments, on)
    if found is None:
        raise NoParameters(
            f"the scheme {scheme.id} has no payment parameters for {on}; give another `on`, or import them"
        )
    if override is None:
        return found
    try:
        document = {**msgspec.to_builtins(found.parameters), **override}
        return PaymentScheme(convert_parameters(document), found.weights)
    except ValueError as error:
        raise BadFacts(str(error)) from error


def preview_drg(
    scheme: Scheme,
    case: StayInput,
    facts: PaymentFacts,
    *,
    on: date | None = None,
    trace: bool = False,
    translate: bool = False,
) -> dict[str, Any]:
    """As `settle_drg`, in the words of the interfaces. Raises NoParameters, BadFacts."""
    found = group(scheme, case.stay, translate=translate, trace=trace)
    parameters = payment_scheme(scheme, on)
    return {
        "method": "drg",
        "grouping": drg_words(case, found),
        "settlement": settle_drg(found, facts, parameters),
        "parameters": parameters.parameters.in_force,
    }


def settle_drg(found: Grouping, facts: PaymentFacts, parameters: PaymentScheme) -> SettlementPreview | None:
    """What a stay of this group pays; None where it was not grouped. Raises BadFacts."""
    if not found.is_grouped:
        return None
    try:
        return preview_settlement(found.drg, facts, parameters)
    except ValueError as error:
        raise BadFacts(str(error)) from error


def preview_dip(
    catalogue: DipCatalogue,
    case: StayInput,
    facts: PaymentFacts,
    *,
    dip_facts: DipFacts | None = None,
    point_value: Decimal | None = None,
    trace: bool = False,
) -> dict[str, Any]:
    """The group with its layer and score, and the payment by points. Raises BadFacts."""
    found, answer = dip_answer(catalogue, case, dip_facts, explain=trace)
    return {"method": "dip", **answer, "settlement": settle_dip(found, catalogue, facts, point_value)}


def settle_dip(
    found: DipGrouping, catalogue: DipCatalogue, facts: PaymentFacts, point_value: Decimal | None = None
) -> DipPayment:
    """What a stay of this group pays. Raises BadFacts."""
    level = "" if facts.facility_level is FacilityLevel.UNKNOWN else facts.facility_level.value
    try:
        return price_dip(
            found,
            catalogue,
            facts.total_amount,
            point_value,
            hospital=Hospital(facts.facility_id, level),
            stay_days=facts.stay_days,
        )
    except ValueError as error:
        raise BadFacts(str(error)) from error
