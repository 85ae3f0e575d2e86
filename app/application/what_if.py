"""What-if of a case (假设分析): the answer to a request, by DRG or DIP; nothing is stored and nothing written back."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from app.application.group_stays import unknown_codes
from app.application.preview_settlement import BadFacts, payment_scheme
from app.application.stay_input import StayInput
from app.domain.payment import PaymentFacts
from app.domain.stay import Stay
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_result import DipFacts
from app.grouper.scheme import Scheme
from app.grouper.translate import translated
from app.grouper.what_if import what_if
from app.grouper.what_if_dip import what_if_dip
from app.grouper.what_if_result import DipWhatIf, WhatIf
from app.grouper.what_if_variants import is_procedure

MANY_CODES = 60  # a case with more is worked on beside the event loop


class UntranslatableCase(ValueError):
    """A code of the case has no counterpart in the grouper's edition; the text says which."""


def drg_what_if(
    scheme: Scheme,
    case: StayInput,
    facts: PaymentFacts,
    *,
    on: date | None = None,
    add: Sequence[str] = (),
    all_variants: bool = False,
    translate: bool = False,
) -> tuple[WhatIf, tuple[str, ...]]:
    """The variants, and in Chinese what of the codes is doubtful. A scheme without payment.json only groups.

    Raises NoParameters where it has none for the day, BadFacts, UntranslatableCase.
    """
    payment = payment_scheme(scheme, on) if scheme.payments else None
    stay, clues, dropped = case.stay, tuple(add), tuple[str, ...]()
    if translate:
        stay = _translated(scheme, stay)
        clues, dropped = _translated_clues(scheme, clues)
    found = what_if(scheme, stay, payment, facts, clues, all_variants=all_variants)
    told = Stay(
        diagnoses=(*stay.diagnoses, *[one for one in clues if not is_procedure(one)]),
        procedures=(*stay.procedures, *[one for one in clues if is_procedure(one)]),
    )
    doubts = dict.fromkeys(unknown_codes(scheme, StayInput(None, told)))
    return replace(found, ignored=(*found.ignored, *dropped)), (*case.complaints, *doubts)


def _translated(scheme: Scheme, stay: Stay) -> Stay:
    try:
        found, _ = translated(scheme, stay)
    except ValueError as error:
        raise BadFacts(f"the scheme {scheme.id} has no code maps; leave out `translate`") from error
    if not isinstance(found, Stay):
        raise UntranslatableCase("；".join(found.complaints))
    return found


def _translated_clues(scheme: Scheme, clues: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The clues in the grouper's codes, and of those that have none that it is so."""
    found, dropped = [], []
    for code in clues:
        to = ((scheme.procedure_map if is_procedure(code) else scheme.diagnosis_map) or {}).get(code)
        if to:
            found.append(to)
        else:
            dropped.append(f"{code}在分组器编码中没有对应编码，不作为增加的编码")
    return tuple(found), tuple(dropped)


def dip_what_if(
    catalogue: DipCatalogue,
    case: StayInput,
    facts: PaymentFacts,
    *,
    dip_facts: DipFacts | None = None,
    point_value: Decimal | None = None,
    add: Sequence[str] = (),
    all_variants: bool = False,
) -> tuple[DipWhatIf, tuple[str, ...]]:
    """The variants, and in Chinese what of the case is doubtful. Raises BadFacts."""
    try:
        found = what_if_dip(
            catalogue, case.stay, facts, dip_facts, add, point_value=point_value, all_variants=all_variants
        )
    except ValueError as error:
        raise BadFacts(str(error)) from error
    return found, case.complaints
