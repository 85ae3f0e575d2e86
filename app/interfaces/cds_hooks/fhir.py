"""FHIR resources (FHIR 资源): of each the elements that are of use here, in R4 and R5. All others are ignored, and go
back as they came. No name of a person is among them.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

import msgspec

T = TypeVar("T")
_NOT_WRITTEN = msgspec.Raw()


class Shape(msgspec.Struct, rename="camel", gc=False, frozen=True):
    """An element or resource; one that is not given is blank."""


class Coding(Shape, frozen=True):
    system: str = ""
    code: str = ""
    display: str = ""


class Identifier(Shape, frozen=True):
    value: str = ""


class Reference(Shape, frozen=True):
    reference: str = ""
    type: str = ""
    identifier: Identifier = Identifier()


class Concept(Shape, frozen=True):
    """A CodeableConcept; also a bare Coding, and in R5 a concept or a reference (CodeableReference)."""

    coding: tuple[Coding, ...] = ()
    text: str = ""
    code: str = ""
    display: str = ""
    concept: "Concept | None" = None
    reference: Reference | None = None


Concepts = tuple[Concept, ...] | Concept | None  # where R4 has one and R5 several, or resource types differ


class Quantity(Shape, frozen=True):
    value: Decimal | None = None
    unit: str = ""
    code: str = ""


class Period(Shape, frozen=True):
    start: str = ""
    end: str = ""


class Extension(Shape, frozen=True):
    url: str = ""
    value_boolean: bool | None = None
    value_code: str = ""
    value_string: str = ""
    value_decimal: Decimal | None = None
    value_money: Quantity | None = None
    value_reference: Reference | None = None
    extension: "tuple[Extension, ...]" = ()


class Supply(Shape, frozen=True):
    quantity: Quantity | None = None
    expected_supply_duration: Quantity | None = None


class Repeat(Shape, frozen=True):
    bounds_period: Period = Period()


class Timing(Shape, frozen=True):
    repeat: Repeat = Repeat()


class Dosage(Shape, frozen=True):
    timing: Timing | None = None


class Contained(Shape, frozen=True):
    id: str = ""
    code: Concept | None = None


class Part(Shape, frozen=True):
    """What nutrition orders, lenses and messages are about."""

    type: Concepts = None
    base_formula_type: Concept | None = None
    product: Concept | None = None
    content_codeable_concept: Concept | None = None
    quantity: Quantity | None = None


class Order(Shape, frozen=True):
    """Any resource that asks for something to be done. What it asks for is kept as written (wordings.py)."""

    id: str = ""
    extension: tuple[Extension, ...] = ()
    contained: tuple[Contained, ...] = ()
    status: str = ""
    do_not_perform: bool | None = None
    category: tuple[Concept, ...] = ()
    medication_codeable_concept: msgspec.Raw = _NOT_WRITTEN
    medication_reference: Reference | None = None
    medication: msgspec.Raw = _NOT_WRITTEN
    code: msgspec.Raw = _NOT_WRITTEN
    code_codeable_concept: msgspec.Raw = _NOT_WRITTEN
    code_reference: Reference | None = None
    service_type: tuple[Concept, ...] = ()
    oral_diet: Part | None = None
    supplement: tuple[Part, ...] = ()
    enteral_formula: Part | None = None
    lens_specification: tuple[Part, ...] = ()
    payload: tuple[Part, ...] = ()
    based_on: tuple[Reference, ...] = ()
    encounter: Reference | None = None
    insurance: tuple[Reference, ...] = ()
    authored_on: str = ""
    date_time: str = ""
    date_written: str = ""
    created: str = ""
    occurrence_date_time: str = ""
    occurrence_period: Period | None = None
    start: str = ""
    end: str = ""
    requester: Reference | None = None
    orderer: Reference | None = None
    prescriber: Reference | None = None
    sender: Reference | None = None
    quantity: Quantity | Decimal | None = None
    quantity_quantity: Quantity | None = None
    dispense_request: Supply | None = None
    dosage_instruction: tuple[Dosage, ...] = ()
    course_of_therapy_type: Concept | None = None
    group_identifier: Identifier | None = None
    requisition: Identifier | None = None
    reason_code: tuple[Concept, ...] = ()
    reason: tuple[Concept, ...] = ()


class VisitDiagnosis(Shape, frozen=True):
    condition: Reference | tuple[Concept, ...] | None = None
    use: Concepts = None
    rank: Decimal | None = None


class VisitReason(Shape, frozen=True):
    value: tuple[Concept, ...] = ()


class Issue(Shape, frozen=True):
    code: str = ""
    diagnostics: str = ""
    details: Concept | None = None


class Other(Shape, frozen=True):
    """Patient, Encounter, Coverage, Condition, Organization, PractitionerRole, Medication, Device, OperationOutcome."""

    id: str = ""
    identifier: tuple[Identifier, ...] = ()
    status: str = ""
    gender: str = ""
    birth_date: str = ""
    encounter_class: Concepts = msgspec.field(default=None, name="class")
    service_type: Concepts = None
    type: Concepts = None
    code: Concepts = None
    subject: Reference | None = None
    period: Period | None = None
    actual_period: Period | None = None
    diagnosis: tuple[VisitDiagnosis, ...] = ()
    reason_code: tuple[Concept, ...] = ()
    reason: tuple[VisitReason, ...] = ()
    service_provider: Reference | None = None
    clinical_status: Concept | None = None
    verification_status: Concept | None = None
    recorded_date: str = ""
    payor: tuple[Reference, ...] = ()
    insurer: Reference | None = None
    practitioner: Reference | None = None
    issue: tuple[Issue, ...] = ()


def listed(concepts: Concepts) -> tuple[Concept, ...]:
    if concepts is None:
        return ()
    return (concepts,) if isinstance(concepts, Concept) else concepts


def present(values: Iterable[T | None]) -> Iterator[T]:
    return (value for value in values if value is not None)


@lru_cache(4096)
def id_of(reference: str) -> str:
    """The bare id of `Type/id`, of an address that ends so, of a URN, or of an id itself."""
    if reference.startswith("urn:"):
        return reference.rpartition(":")[2]
    return reference.partition("/_history/")[0].rstrip("/").rpartition("/")[2]


def target_of(reference: Reference | None) -> tuple[str, str]:
    """The (type, id) that a reference names; the type is blank where it is not told."""
    if reference is None or not reference.reference:
        return "", ""
    return _type_of(reference.reference) or reference.type, id_of(reference.reference)


@lru_cache(4096)
def _type_of(reference: str) -> str:
    head = reference.partition("/_history/")[0].rstrip("/").split("/")
    return head[-2] if len(head) > 1 else ""


def logical_id(reference: Reference | None) -> str:
    """The identifier of a reference, which names what it means outside the EMR."""
    return "" if reference is None else reference.identifier.value.strip()
