"""Settled stay (已结算病例): a stay as it was settled, kept so that it can be priced anew. It holds no names."""

from datetime import date

import msgspec
from msgspec import UNSET, Struct, UnsetType

from app.domain.encounter import Facility
from app.domain.line import Code
from app.domain.payment import PaymentFacts, facts_of
from app.domain.stay import Stay


class SettledStay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`facility` and `stay.id` together name the stay; one that is sent again takes its own place.

    `department` is the one that discharged, `stay.department` unless given. What `facts` give wins over what the stay
    and the facility tell.
    """

    facility: Facility
    stay: Stay
    discharge_date: date
    department: Code = ""
    facts: PaymentFacts | UnsetType = UNSET

    def __post_init__(self) -> None:
        if not self.stay.id:
            raise ValueError("`stay.id` is missing; it names the stay within its facility")
        if not self.stay.diagnoses:
            raise ValueError("`stay.diagnoses` is missing; send at least the principal diagnosis")

    @property
    def id(self) -> str:
        return self.stay.id

    @property
    def discharged_from(self) -> str:
        return self.department or self.stay.department

    @property
    def payment_facts(self) -> PaymentFacts:
        """What the price depends on: what was told of it, and what the stay and its facility tell."""
        plain = facts_of(self.stay, self.facility.id, self.facility.level)
        if self.facts is UNSET:
            return plain
        told = {
            name: value
            for name in PaymentFacts.__struct_fields__
            if (value := getattr(self.facts, name)) != getattr(_NO_FACTS, name)
        }
        return msgspec.structs.replace(plain, **told)


_NO_FACTS = PaymentFacts()
