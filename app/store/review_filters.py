"""Conditions on reviews (复核查询条件): what a filter, a caller's scope, a sorting and a cursor mean in SQL."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, FromClause, Select, false, literal, tuple_

from app.domain.access import Scope
from app.store.packing import microseconds
from app.store.review_tables import NO_DEADLINE, reviews
from app.store.reviews import BadCursor, Order, ReviewFilter, Sorting

_ONE = reviews.c
_TEXTS = {
    "facilities": _ONE.facility,
    "campuses": _ONE.campus,
    "departments": _ONE.department,
    "practitioners": _ONE.practitioner,
    "patient_keys": _ONE.patient_key,
    "encounters": _ONE.encounter,
    "rules": _ONE.rule,
    "assignees": _ONE.assignee,
}
_SORTED: dict[Sorting, tuple[Column[int], ...]] = {
    Sorting.TIME: (_ONE.first_found_at, _ONE.seq),
    Sorting.AMOUNT: (_ONE.amount_cents, _ONE.seq),
    Sorting.DEADLINE: (_ONE.deadline, _ONE.seq),
    Sorting.SEVERITY: (_ONE.severity, _ONE.first_found_at, _ONE.seq),
}


def within(scope: Scope, table: FromClause) -> list[ColumnElement[bool]]:
    """What the caller may see of the table's rows: the only place that says so, besides the walls of PostgreSQL. A
    table that lacks a column by which the caller is limited shows nothing.
    """
    tests: list[ColumnElement[bool]] = []
    limits: dict[str, frozenset[str] | None] = {
        "facility": scope.facilities,
        "campus": scope.campuses,
        "department": scope.departments,
        "practitioner": frozenset([scope.practitioner]) if scope.practitioner else None,
    }
    for name, allowed in limits.items():
        if allowed is not None:
            tests.append(among(table.c[name], sorted(allowed)) if name in table.c else false())
    return tests


def among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


def conditions(wanted: ReviewFilter) -> list[ColumnElement[bool]]:
    """All but what review_narrowing.py and review_search.py look up first."""
    tests: list[ColumnElement[bool]] = []
    for name, column in _TEXTS.items():
        if values := getattr(wanted, name):
            tests.append(among(column, values))
    return tests + _ranges(wanted)


def _ranges(wanted: ReviewFilter) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    if wanted.found_from is not None:
        tests.append(_ONE.first_found_at >= microseconds(wanted.found_from))
    if wanted.found_before is not None:
        tests.append(_ONE.first_found_at < microseconds(wanted.found_before))
    if wanted.amount_from is not None or wanted.amount_to is not None:
        tests.append(_ONE.amount_cents >= max(wanted.amount_from or 0, 0))  # an unknown amount is in no range
    if wanted.amount_to is not None:
        tests.append(_ONE.amount_cents <= wanted.amount_to)
    if wanted.deadline_from is not None:
        tests.append(_ONE.deadline >= wanted.deadline_from.toordinal())
    if wanted.deadline_to is not None:
        tests.append(_ONE.deadline <= wanted.deadline_to.toordinal())
    elif wanted.deadline_from is not None:
        tests.append(_ONE.deadline < NO_DEADLINE)
    return tests


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: bytes
    place: tuple[int, ...]


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(_Cursor).decode
_encode_query = msgspec.msgpack.Encoder(order="deterministic").encode


def _mark(wanted: ReviewFilter, order: Order) -> bytes:
    return sha256(_encode_query((wanted, order.by, order.is_descending))).digest()[:8]


def ordered(asked: Select[Any], wanted: ReviewFilter, order: Order, cursor: str) -> Select[Any]:
    """In order, from the cursor on. Raises BadCursor."""
    columns = _SORTED[order.by]
    if cursor:
        told = _place(cursor, _mark(wanted, order), len(columns))
        place = tuple_(*[literal(one, BigInteger) for one in told])
        asked = asked.where(tuple_(*columns) < place if order.is_descending else tuple_(*columns) > place)
    return asked.order_by(*[one.desc() if order.is_descending else one for one in columns])


def place_of(row: Mapping[str, Any], order: Order) -> tuple[int, ...]:
    """What the row is sorted by."""
    return tuple([row[one.name] for one in _SORTED[order.by]])


def cursor_after(row: Mapping[str, Any], wanted: ReviewFilter, order: Order) -> str:
    place = place_of(row, order)
    return base64.urlsafe_b64encode(_encode(_Cursor(_mark(wanted, order), place))).decode().rstrip("=")


def _place(cursor: str, mark: bytes, width: int) -> tuple[int, ...]:
    try:
        told = _decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise BadCursor("the cursor was not made here; begin again without one") from error
    if told.query != mark:
        raise BadCursor("the cursor belongs to another filter or sorting; begin again without one")
    if len(told.place) != width or not all(abs(one) < 2**63 for one in told.place):
        raise BadCursor("the cursor was changed; begin again without one")
    return told.place
