"""Identity (身份信息): what of a stored request tells who the patient is."""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from app.domain.masking import (
    mask_address,
    mask_birth_date,
    mask_id,
    mask_identity_number,
    mask_name,
    mask_phone,
)


class IdentityKind(StrEnum):
    NAME = "name"
    IDENTITY_NUMBER = "identity_number"
    PATIENT = "patient"  # the id by which the sender knows the patient
    CARD = "card"
    PHONE = "phone"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"


_MASKS: dict[IdentityKind, Callable[[str], str]] = {
    IdentityKind.NAME: mask_name,
    IdentityKind.IDENTITY_NUMBER: mask_identity_number,
    IdentityKind.PATIENT: mask_id,
    IdentityKind.CARD: mask_id,
    IdentityKind.PHONE: mask_phone,
    IdentityKind.ADDRESS: mask_address,
    IdentityKind.BIRTH_DATE: mask_birth_date,
}


class IdentityField(Struct, frozen=True, order=True):
    """One thing that tells who somebody is, as it was sent."""

    kind: IdentityKind
    value: str

    def masked(self) -> "IdentityField":
        return IdentityField(self.kind, _MASKS[self.kind](self.value))


Identity = tuple[IdentityField, ...]


def masked(identity: Identity) -> Identity:
    return tuple([one.masked() for one in identity])
