"""Identity in stored requests (请求中的身份信息): found by the names that each interface gives to its fields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from app.domain.identity import Identity, IdentityField, IdentityKind

_DEEPEST = 64


class IdentityNames(NamedTuple):
    """`names`: which fields of an interface tell who a patient is. A message is of this interface where its outermost
    object holds one of `marks`. `within`: names that hold for what lies below a field only.
    """

    marks: frozenset[str]
    names: Mapping[str, IdentityKind]
    within: Mapping[str, Mapping[str, IdentityKind]] = {}


REST_NAMES = IdentityNames(
    frozenset({"encounter"}),
    {},
    {"patient": {"id": IdentityKind.PATIENT, "birth_date": IdentityKind.BIRTH_DATE}},
)


def identity_in(body: bytes, interfaces: Sequence[IdentityNames]) -> Identity:
    """Each thing once, in the order of its kind; nothing where the body is of none of these interfaces."""
    try:
        message = msgspec.json.decode(body)
    except UnicodeDecodeError:  # the national interface takes GB 18030 too
        return identity_in(body.decode("gb18030", "replace").encode(), interfaces)
    except (msgspec.DecodeError, RecursionError):
        return ()
    if not isinstance(message, dict):
        return ()
    found: dict[IdentityField, None] = {}
    for one in interfaces:
        if not one.marks.isdisjoint(message):
            for field in _walk(message, one, one.names, 0):
                found[field] = None
    order = list(IdentityKind)
    return tuple(sorted(found, key=lambda field: order.index(field.kind)))


def _walk(
    node: Any, interface: IdentityNames, names: Mapping[str, IdentityKind], depth: int
) -> Iterator[IdentityField]:
    if depth > _DEEPEST:
        return
    if isinstance(node, dict):
        for name, value in node.items():
            kind = names.get(name)
            if kind is not None:
                yield from _told(kind, value)
            if isinstance(value, dict | list):
                yield from _walk(value, interface, interface.within.get(name, names), depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value, interface, names, depth + 1)


def _told(kind: IdentityKind, value: Any) -> Iterator[IdentityField]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str | int) and not isinstance(one, bool) and str(one).strip():
            yield IdentityField(kind, str(one).strip())
