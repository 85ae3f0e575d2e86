"""Wordings (编码原文): what an order asks for, as it was written. One hospital orders from one catalogue: the same few
thousand come again and again, and each is read once.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from app.interfaces.cds_hooks.coding import Item, item_of
from app.interfaces.cds_hooks.fhir import Concept
from app.interfaces.cds_hooks.fitting import decode_fitting
from app.interfaces.errors import decode_problem

_MOST_KEPT = 16_384
_LONGEST_KEPT = 1_024  # bytes; longer ones are rare, and would let one caller fill the memory
_BLANK = Concept()
_decode = msgspec.json.Decoder(Concept | None).decode


class Wording(NamedTuple):
    """A concept, blank where what was written is none, and the item that it names by itself."""

    concept: Concept
    item: Item


def read_wording(written: msgspec.Raw) -> Wording:
    """Raises Problem (400) for what cannot be read."""
    return _known(bytes(written)) if len(written) <= _LONGEST_KEPT else _read(bytes(written))


def _read(written: bytes) -> Wording:
    try:
        concept = _decode(written) or _BLANK
    except msgspec.ValidationError:
        concept = _fitting(msgspec.Raw(written))
    return Wording(concept, item_of((concept,)))


def _fitting(written: msgspec.Raw) -> Concept:
    try:
        return decode_fitting(written, Concept)
    except (ArithmeticError, ValueError, RecursionError) as error:  # such as a number with a boundless exponent
        raise decode_problem(error) from None


_known = lru_cache(_MOST_KEPT)(_read)
