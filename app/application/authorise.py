"""Authorise by place (数据范围): whether a thing lies within the scope of the caller. The only place that decides.

What a caller may do at all is settled before (app/interfaces/gate.py). A thing out of scope is not to be told apart
from one that does not exist, where it is read.
"""

from typing import NamedTuple

import msgspec

from app.application.facts import read_facts
from app.domain.access import Caller, Scope
from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter
from app.store.audit_log import StoredAudit
from app.store.stays import StayFilter

_decode = msgspec.json.Decoder(AuditRequest).decode


class OutOfScope(Exception):
    """What was sent, or is to be changed, is not the caller's."""


class Place(NamedTuple):
    """Where something happened, and under whose care. Blank is unknown, which no limited scope covers."""

    facility: str
    campus: str = ""
    department: str = ""
    practitioner: str = ""


def place_of(encounter: Encounter) -> Place:
    return Place(encounter.facility.id, encounter.campus, encounter.department, encounter.practitioner.id)


def check_place(caller: Caller, place: Place) -> None:
    """Raises OutOfScope."""
    if not caller.scope.covers(*place):
        raise OutOfScope


def check_facility(caller: Caller, facility: str) -> None:
    """Of what is known by its facility only. Raises OutOfScope, also where the caller is limited to a part of it."""
    check_place(caller, Place(facility))


def check_everywhere(caller: Caller) -> None:
    """What holds for the whole installation is changed only by those without a limit. Raises OutOfScope."""
    if not is_everywhere(caller.scope):
        raise OutOfScope


def is_everywhere(scope: Scope) -> bool:
    return scope.facilities is None and scope.campuses is None and scope.departments is None and not scope.practitioner


def may_read(caller: Caller, stored: StoredAudit) -> bool:
    """Whether a recorded audit lies within the caller's scope."""
    scope = caller.scope
    if scope.campuses is None and scope.departments is None and not scope.practitioner:
        return scope.covers(stored.facility)
    encounter = _asked(stored)
    return encounter is not None and scope.covers(*place_of(encounter))


def _asked(stored: StoredAudit) -> Encounter | None:
    """The encounter that was asked about; None for a record of before its facts were kept."""
    try:
        kept = read_facts(stored.facts).request if stored.facts else None
        return (kept or _decode(stored.request)).encounter
    except msgspec.DecodeError:
        return None


def limited(wanted: StayFilter, scope: Scope) -> StayFilter:
    """The same, within the scope. Raises OutOfScope for facilities or departments that are named and lie outside, and
    for a scope that kept stays cannot be limited to.
    """
    if scope.campuses is not None or scope.practitioner:
        raise OutOfScope
    return wanted._replace(
        facilities=_within(wanted.facilities, scope.facilities),
        departments=_within(wanted.departments, scope.departments),
    )


def _within(named: tuple[str, ...], allowed: frozenset[str] | None) -> tuple[str, ...]:
    """No names stand for all of them."""
    if allowed is None:
        return named
    if not allowed or not allowed.issuperset(named):
        raise OutOfScope
    return named or tuple(sorted(allowed))
