"""Bundles (资源集合): the resources of whatever a client sent, each with the bytes that it came in."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from app.interfaces.cds_hooks.fhir import Order, Other, id_of
from app.interfaces.cds_hooks.fitting import decode_fitting

ORDER_TYPES = frozenset(
    {
        "MedicationRequest",
        "ServiceRequest",
        "DeviceRequest",
        "NutritionOrder",
        "VisionPrescription",
        "CommunicationRequest",
        "Appointment",
    }
)
OTHER_TYPES = frozenset(
    {
        "Patient",
        "Encounter",
        "Coverage",
        "Condition",
        "Organization",
        "PractitionerRole",
        "Medication",
        "Device",
        "OperationOutcome",
    }
)
_DEEPEST = 4  # lists and bundles within each other
_LONGEST_ID = 64
_TYPE_FIRST = re.compile(rb'\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')
_NO_ORDER, _NO_OTHER = Order(), Other()
_NULL = msgspec.Raw(b"null")


class Held(NamedTuple):
    """A resource: what is read of it stands in `order` or in `other`. `id` is blank where it has none."""

    type: str
    id: str
    raw: msgspec.Raw
    order: Order = _NO_ORDER
    other: Other = _NO_OTHER

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"


class Contents(NamedTuple):
    """What a value holds: its resources; and whether a bundle says that more of them stand on another page."""

    resources: list[Held]
    is_partial: bool = False


class _Link(msgspec.Struct, gc=False):
    relation: str = ""


class _Bundle(msgspec.Struct, rename="camel", gc=False):
    resource_type: str = ""
    entry: msgspec.Raw = _NULL
    link: tuple[_Link, ...] = ()


class Entry(msgspec.Struct, rename="camel", gc=False):
    resource: msgspec.Raw = _NULL
    full_url: str = ""


class PlainBundle(msgspec.Struct, rename="camel", gc=False):
    """One as the standard has it, to be decoded together with what it stands in."""

    resource_type: Literal["Bundle"]
    entry: list[Entry] = []
    link: tuple[_Link, ...] = ()

    @property
    def contents(self) -> Contents:
        return _contents(self.entry, self.link, 0)


_decode_order = msgspec.json.Decoder(Order).decode
_decode_other = msgspec.json.Decoder(Other).decode
_decode_bundle = msgspec.json.Decoder(_Bundle).decode
_decode_entries = msgspec.json.Decoder(list[Entry]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def kind_of(value: msgspec.Raw) -> bytes:
    """The first character of a value, which tells what it is: `{`, `[`, `n` for null."""
    return bytes(memoryview(value)[:1])


def contents_of(value: msgspec.Raw, depth: int = 0) -> Contents:
    """The resources of a resource, a bundle (whatever its `type`), or a list of these; of anything else, none."""
    start = kind_of(value)
    if start == b"[" and depth < _DEEPEST:
        parts = [contents_of(one, depth + 1) for one in _decode_list(value)]
        return Contents([held for part in parts for held in part.resources], any(part.is_partial for part in parts))
    if start != b"{":
        return Contents([])
    kind = type_of(value)
    if kind and kind != "Bundle":
        return Contents([_held(kind, value, "")])
    try:
        bundle = _decode_bundle(value)
    except msgspec.ValidationError:
        bundle = _Bundle(entry=_decode_members(value).get("entry", _NULL))
    return _contents(_entries(bundle.entry), bundle.link, depth)


def _contents(entries: Iterable[Entry], links: Iterable[_Link], depth: int) -> Contents:
    found: list[Held] = []
    for entry in entries:
        told = _TYPE_FIRST.match(entry.resource)
        if told is None and kind_of(entry.resource) != b"{":
            continue
        kind = told[1].decode() if told is not None else type_of(entry.resource)
        if kind == "Bundle" and depth < _DEEPEST:
            found += contents_of(entry.resource, depth + 1).resources
        elif kind:
            found.append(_held(kind, entry.resource, entry.full_url))
    return Contents(found, any([link.relation == "next" for link in links]))


def type_of(value: msgspec.Raw) -> str:
    """The type of an object; blank where it is no resource."""
    if (first := _TYPE_FIRST.match(value)) is not None:
        return first[1].decode()
    told = _decode_members(value).get("resourceType", _NULL)
    found = msgspec.json.decode(told)
    return found if isinstance(found, str) and found.isascii() and found.isalpha() else ""


def _entries(value: msgspec.Raw) -> list[Entry]:
    try:
        return _decode_entries(value)
    except msgspec.ValidationError:  # one entry, or some among the others that are none
        parts = _decode_list(value) if kind_of(value) == b"[" else [value]
        members = [_decode_members(part) for part in parts if kind_of(part) == b"{"]
        return [Entry(one.get("resource", _NULL)) for one in members]


def _held(kind: str, value: msgspec.Raw, full_url: str) -> Held:
    if kind in ORDER_TYPES:
        try:
            order = _decode_order(value)
        except msgspec.ValidationError:
            order = decode_fitting(value, Order)
        return Held(kind, (order.id or id_of(full_url))[:_LONGEST_ID], value, order)
    if kind in OTHER_TYPES:
        try:
            other = _decode_other(value)
        except msgspec.ValidationError:
            other = decode_fitting(value, Other)
        return Held(kind, (other.id or id_of(full_url))[:_LONGEST_ID], value, other=other)
    return Held(kind, "", value)
