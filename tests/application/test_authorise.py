"""What lies in whose scope: each level narrows the one before it, and the unknown is covered by no limit."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.application.authorise import (
    OutOfScope,
    Place,
    check_everywhere,
    check_facility,
    check_place,
    limited,
    may_read,
    place_of,
)
from app.domain.access import EVERYWHERE, Caller, Role, Scope
from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter, Facility, Patient
from app.domain.line import Practitioner
from app.store.audit_log import StoredAudit
from app.store.stays import StayFilter

names = st.sampled_from(["A", "B", "C", ""])
some = st.none() | st.frozensets(st.sampled_from(["A", "B", "C"]))
scopes = st.builds(
    Scope, facilities=some, campuses=some, departments=some, practitioner=st.sampled_from(["", "A", "B"])
)
places = st.builds(Place, names, names, names, names)


def caller(scope: Scope) -> Caller:
    return Caller(id="x", roles=frozenset({Role.AUDIT_STAFF}), scope=scope)


def refused(check: object, *told: object) -> bool:
    assert callable(check)
    try:
        check(*told)
    except OutOfScope:
        return True
    return False


@given(scopes, places)
def test_a_place_is_covered_if_each_limit_names_it(scope: Scope, place: Place) -> None:
    limits = [
        (scope.facilities, place.facility),
        (scope.campuses, place.campus),
        (scope.departments, place.department),
        ({scope.practitioner} if scope.practitioner else None, place.practitioner),
    ]
    inside = all(names is None or name in names for names, name in limits)
    assert refused(check_place, caller(scope), place) is not inside


@given(scopes)
def test_only_the_unlimited_change_what_holds_everywhere(scope: Scope) -> None:
    assert refused(check_everywhere, caller(scope)) is (scope != EVERYWHERE)


def test_who_is_limited_to_a_part_of_a_facility_does_not_speak_for_it() -> None:
    check_facility(caller(Scope(facilities=frozenset("A"))), "A")
    for part in (Scope(departments=frozenset("D")), Scope(campuses=frozenset("C")), Scope(practitioner="P")):
        assert refused(check_facility, caller(part), "A")


def encounter(facility: str = "A", department: str = "D", practitioner: str = "P") -> Encounter:
    return Encounter(
        id="E", facility=Facility(id=facility), patient=Patient(id="1"), campus="N", department=department,
        practitioner=Practitioner(id=practitioner),
    )  # fmt: skip


def stored(one: Encounter) -> StoredAudit:
    request = msgspec.json.encode(AuditRequest(encounter=one))
    return StoredAudit(
        id="1", caller="c", facility=one.facility.id, ruleset="r", request=request, audit=b"", sent=b"", hidden=b"",
        facts=b"",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        (EVERYWHERE, True),
        (Scope(facilities=frozenset("A")), True),
        (Scope(facilities=frozenset("B")), False),
        (Scope(facilities=frozenset()), False),
        (Scope(departments=frozenset("D")), True),
        (Scope(departments=frozenset("X")), False),
        (Scope(facilities=frozenset("B"), departments=frozenset("D")), False),
        (Scope(campuses=frozenset("N")), True),
        (Scope(campuses=frozenset("S")), False),
        (Scope(practitioner="P"), True),
        (Scope(practitioner="Q"), False),
    ],
)
def test_recorded_audits(scope: Scope, may: bool) -> None:
    assert may_read(caller(scope), stored(encounter())) is may
    assert place_of(encounter()) == ("A", "N", "D", "P")


def test_a_record_that_cannot_be_read_lies_in_no_part() -> None:
    broken = msgspec.structs.replace(stored(encounter()), request=b"{", facts=b"")
    assert may_read(caller(Scope(facilities=frozenset("A"))), broken)
    assert not may_read(caller(Scope(departments=frozenset("D"))), broken)


@given(st.lists(st.sampled_from(["A", "B", "C"]), unique=True), some, some)
def test_kept_stays(named: list[str], facilities: frozenset[str] | None, departments: frozenset[str] | None) -> None:
    scope, wanted = Scope(facilities=facilities, departments=departments), StayFilter(facilities=tuple(named))
    try:
        found = limited(wanted, scope)
    except OutOfScope:
        assert facilities == frozenset() or departments == frozenset() or not set(named) <= (facilities or set(named))
        return
    assert facilities is None or (found.facilities and facilities.issuperset(found.facilities))
    assert departments is None or (found.departments and departments.issuperset(found.departments))
    assert not named or set(found.facilities) == set(named)


def test_stays_know_no_campus_and_no_physician() -> None:
    for scope in (Scope(campuses=frozenset("A")), Scope(practitioner="P")):
        assert refused(limited, StayFilter(), scope)
