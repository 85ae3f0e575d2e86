"""The claim (理赔单) as FHIR says it: the elements that are of use here, read leniently out of whatever holds it."""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from app.interfaces.cds_hooks.bundles import Held, contents_of, kind_of, type_of
from app.interfaces.cds_hooks.fhir import (
    Concept,
    Extension,
    Identifier,
    Period,
    Quantity,
    Reference,
    Shape,
)
from app.interfaces.cds_hooks.fitting import decode_fitting
from app.interfaces.cds_hooks.request import UNREADABLE
from app.interfaces.errors import Problem, decode_problem


class ClaimDiagnosis(Shape, frozen=True):
    diagnosis_codeable_concept: Concept | None = None
    diagnosis_reference: Reference | None = None
    type: tuple[Concept, ...] = ()


class ClaimInsurance(Shape, frozen=True):
    focal: bool | None = None
    coverage: Reference | None = None


class ClaimItem(Shape, frozen=True):
    sequence: Decimal | None = None
    extension: tuple[Extension, ...] = ()
    product_or_service: Concept | None = None
    serviced_date: str = ""
    serviced_period: Period | None = None
    quantity: Quantity | None = None
    unit_price: Quantity | None = None
    net: Quantity | None = None
    encounter: tuple[Reference, ...] = ()


class Claim(Shape, frozen=True):
    id: str = ""
    identifier: tuple[Identifier, ...] = ()
    type: Concept | None = None
    use: str = ""
    patient: Reference | None = None
    billable_period: Period | None = None
    created: str = ""
    insurer: Reference | None = None
    provider: Reference | None = None
    diagnosis: tuple[ClaimDiagnosis, ...] = ()
    insurance: tuple[ClaimInsurance, ...] = ()
    encounter: tuple[Reference, ...] = ()
    item: tuple[ClaimItem, ...] = ()


class Submitted(NamedTuple):
    """A claim, and the other resources that came with it."""

    claim: Claim
    around: tuple[Held, ...]


class _Parameter(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw(b"null")


class _Parameters(msgspec.Struct, gc=False):
    parameter: list[_Parameter] = []


_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_decode_claim = msgspec.json.Decoder(Claim).decode
_decode_parameters = msgspec.json.Decoder(_Parameters).decode


def read_claim(body: bytes) -> Submitted:
    """The one claim of a Claim, a Bundle or Parameters. Raises Problem: 400 for what is no JSON, 422 for no claim."""
    try:
        body.decode()
        held = [one for part in _parts(_decode_raw(body)) for one in contents_of(part).resources]
        claims = [one for one in held if one.type == "Claim"]
        if len(claims) != 1:
            told = f"{len(claims)} Claim resources were found; send one, alone or in a Bundle with what it refers to"
            raise Problem(422, "no-claim", "The body holds no single Claim", told)
        return Submitted(_claim(claims[0].raw), tuple(one for one in held if one.type != "Claim"))
    except UNREADABLE as error:
        raise _unreadable(error) from None


def _parts(value: msgspec.Raw) -> list[msgspec.Raw]:
    if kind_of(value) == b"{" and type_of(value) == "Parameters":
        return [one.resource for one in _decode_parameters(value).parameter]
    return [value]


def _claim(raw: msgspec.Raw) -> Claim:
    try:
        return _decode_claim(raw)
    except msgspec.ValidationError:
        return decode_fitting(raw, Claim)


def _unreadable(error: Exception) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        return Problem(400, "malformed-json", "The body is not JSON in UTF-8")
    return decode_problem(error)
