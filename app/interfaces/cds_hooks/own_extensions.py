"""Extensions of ours (自定义扩展): what FHIR has no element for, on an order: the unit price, the formulary class, and
that the patient pays in full and has agreed to it (docs/cds-hooks.md).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from app.domain.line import FormularyClass
from app.domain.money import CENT, LARGEST, ZERO
from app.interfaces.cds_hooks.fhir import Extension

UNIT_PRICE = "urn:mingjian:fhir:unit-price"
FORMULARY_CLASS = "urn:mingjian:fhir:formulary-class"
SELF_PAID = "urn:mingjian:fhir:self-paid"
CONSENT = "urn:mingjian:fhir:self-pay-consent"

_FORMULARY = {one.value: one for one in FormularyClass if one}
_NONE = Extension()


def told_by(extensions: Iterable[Extension], quantity: Decimal) -> dict[str, Any]:
    """By the names of a line."""
    told = {one.url: one for one in extensions}
    price, paid_alone = _price(told.get(UNIT_PRICE, _NONE)), told.get(SELF_PAID, _NONE).value_boolean
    # The price of an order that the patient pays wholly may be unknown: a cent stands for it, and none is claimed.
    amount = None if price is None else price * quantity
    amount = CENT if paid_alone and not amount else amount
    return {
        "unit_price": price,
        "amount": amount,
        "uncovered_amount": amount if paid_alone else None,
        "formulary_class": _FORMULARY.get(told.get(FORMULARY_CLASS, _NONE).value_code, FormularyClass.UNKNOWN),
        "has_consent": told.get(CONSENT, _NONE).value_boolean,
    }


def _price(extension: Extension) -> Decimal | None:
    found = extension.value_decimal if extension.value_money is None else extension.value_money.value
    return found if found is not None and found.is_finite() and ZERO <= found <= LARGEST else None
