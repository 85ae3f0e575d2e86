"""Regrouping for coding faults (反事实分组): what the stay would be with other codes, and what it would pay."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from app.domain.group_weight import PaymentScheme
from app.domain.money import ZERO
from app.domain.payment import Payment, PaymentFacts
from app.domain.stay import Stay
from app.grouper.coding_case import Outcome, Variant
from app.grouper.drg import group
from app.grouper.grouping import Grouping
from app.grouper.payment import price
from app.grouper.scheme import Scheme

Codes = tuple[str, ...]


class Regrouper:
    """Groups variants of one stay; the same codes are grouped, and the same group is priced, but once."""

    def __init__(self, scheme: Scheme, stay: Stay, facts: PaymentFacts, payment: PaymentScheme | None) -> None:
        self.scheme, self.stay = scheme, stay
        self._facts, self._payment = facts, payment
        self._grouped: dict[tuple[Codes, Codes], Grouping] = {}
        self._worth: dict[str, Payment] = {}
        self.recorded = self.of(stay.diagnoses, stay.procedures)

    def of(self, diagnoses: Codes, procedures: Codes | None = None) -> Outcome:
        """The group with these codes, everything else as it is; without `procedures`, those recorded."""
        return self.outcome(self.group(diagnoses, self.stay.procedures if procedures is None else procedures))

    def group(self, diagnoses: Codes, procedures: Codes) -> Grouping:
        key = diagnoses, procedures
        found = self._grouped.get(key)
        if found is None:
            made = replace(self.stay, diagnoses=diagnoses, procedures=procedures)
            found = self._grouped[key] = group(self.scheme, made)
        return found

    def drg(self, diagnoses: Codes) -> str:
        return self.group(diagnoses, self.stay.procedures).drg

    def outcome(self, found: Grouping, facts: PaymentFacts | None = None) -> Outcome:
        """The group priced, with other payment facts where they are given."""
        worth = None if not found.is_grouped else self._price(found.drg, facts)
        row = self.scheme.weight_of(found.drg) if worth is None else None
        return Outcome(
            status=found.status,
            mdc=found.mdc,
            adrg=found.adrg,
            drg=found.drg,
            name=found.name,
            weight=worth.weight if worth is not None else row.weight if row is not None else None,
            standard=worth.formula_value if worth is not None else None,
            payment=worth.official_value if worth is not None else None,
        )

    def _price(self, drg: str, facts: PaymentFacts | None) -> Payment | None:
        payment = self._payment
        if payment is None:
            return None
        if facts is not None:
            return price(drg, facts, payment.parameters, payment.weights)
        worth = self._worth.get(drg)
        if worth is None:
            worth = self._worth[drg] = price(drg, self._facts, payment.parameters, payment.weights)
        return worth

    def variant(self, change: str, diagnoses: Codes, procedures: Codes | None = None) -> Variant:
        return self.compared(change, self.of(diagnoses, procedures))

    def compared(self, change: str, outcome: Outcome, base: Outcome | None = None) -> Variant:
        base = base or self.recorded
        return Variant(
            change=change,
            outcome=outcome,
            standard_difference=_less(base.standard, outcome.standard),
            payment_difference=_less(base.payment, outcome.payment),
            weight_difference=_less(base.weight, outcome.weight),
        )


def _less(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other


def gain(variant: Variant) -> Decimal | None:
    """How much more the recorded group is worth, in yuan or in weight, for its sign; None where nobody knows."""
    return variant.weight_difference if variant.standard_difference is None else variant.standard_difference


def is_dearer(variant: Variant, recorded: Outcome) -> bool | None:
    """Whether both are groups, not the same, and the recorded one pays more; None where nobody knows the payment."""
    if not _are_groups(variant, recorded):
        return False
    more = gain(variant)
    return None if more is None else more > ZERO


def is_cheaper(variant: Variant, recorded: Outcome) -> bool | None:
    """Whether both are groups, not the same, and the recorded one pays less; None where nobody knows the payment."""
    if not _are_groups(variant, recorded):
        return False
    more = gain(variant)
    return None if more is None else more < ZERO


def is_of_one_adrg(variant: Variant, recorded: Outcome) -> bool:
    """Whether the two differ in severity only; no ADRG pays less with a complication than without one."""
    return variant.outcome.adrg == recorded.adrg


def _are_groups(variant: Variant, recorded: Outcome) -> bool:
    grouped = recorded.is_group and variant.outcome.is_group
    return grouped and variant.outcome.drg != recorded.drg


def without(codes: Codes, gone: Iterable[str]) -> Codes:
    """The diagnoses but these; the principal one always stays."""
    dropped = frozenset(gone)
    return (*codes[:1], *[code for code in codes[1:] if code not in dropped])


def principal_first(codes: Codes, code: str) -> Codes:
    """The codes with this one first; the others keep their order."""
    place = codes.index(code)
    return (code, *codes[:place], *codes[place + 1 :])
