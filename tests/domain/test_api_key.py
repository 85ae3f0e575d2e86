"""What a key of a machine may be, and how far it reaches."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import PERMISSIONS, Permission, Role, Scope
from app.domain.api_key import MACHINE_ROLES, STAFF_ONLY, ApiKey, BadKey, check_key, is_within
from app.interfaces.cli.keys import ROLES
from app.interfaces.rest.keys import MachineRole

AT = datetime(2026, 11, 1, tzinfo=UTC)


def key(**changes: Any) -> ApiKey:
    told: dict[str, Any] = {
        "id": "k1", "name": "HIS", "roles": frozenset({Role.HIS_CLIENT}), "digest": b"d" * 32, "not_before": AT,
        "expires_at": AT + timedelta(days=1), "issued_at": AT, "issued_by": "x",
    }  # fmt: skip
    return ApiKey(**{**told, **changes})


def test_no_machine_role_holds_what_people_answer_for() -> None:
    assert {Permission.PATIENT_UNMASK, Permission.RIGHT_GRANT, Permission.KEY_MANAGE} <= STAFF_ONLY
    assert not {one for role in MACHINE_ROLES for one in PERMISSIONS[role]} & STAFF_ONLY
    assert Role.HIS_CLIENT in MACHINE_ROLES
    assert not {Role.DOCTOR, Role.AUDIT_STAFF, Role.SECURITY_ADMINISTRATOR, Role.RULE_APPROVER} & MACHINE_ROLES


def test_every_interface_offers_the_roles_of_machines() -> None:
    assert set(ROLES) == set(get_args(MachineRole)) == MACHINE_ROLES


@pytest.mark.parametrize("role", sorted(set(Role) - MACHINE_ROLES))
def test_a_role_of_people_is_refused_and_where_stored_all_the_same_gives_nothing(role: Role) -> None:
    with pytest.raises(BadKey, match=role):
        check_key(key(roles=frozenset({Role.HIS_CLIENT, role})))
    caller = key(roles=frozenset({role})).caller
    assert not any(caller.may(one) for one in Permission)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"roles": frozenset()}, "at least one role"),
        ({"scope": Scope(practitioner="D1")}, "practitioner"),
        ({"scope": Scope(facilities=frozenset())}, "codes"),
        ({"scope": Scope(departments=frozenset({"x" * 65}))}, "codes"),
        ({"expires_at": AT}, "before it begins"),
        ({"networks": ("10.0.0.300",)}, "no network"),
        ({"networks": ("10.0.0.1",) * 201}, "at most"),
        ({"certificates": ("sha256:ABCD",)}, "no certificate"),
        ({"certificates": ("sha256:" + "A" * 64,)}, "no certificate"),
        ({"certificates": ("md5:abc",)}, "no certificate"),
        ({"certificates": ("subject:",)}, "no certificate"),
    ],
)
def test_what_no_key_may_be(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadKey, match=why):
        check_key(key(**changes))


def test_what_a_key_may_be() -> None:
    check_key(key(networks=("10.0.0.0/8", "10.1.2.3/24", "::1"), certificates=("sha256:" + "a" * 64, "subject:CN=x")))
    check_key(key(scope=Scope(facilities=frozenset({"H1"}), departments=frozenset({"D1"}))))


CODES = st.none() | st.frozensets(st.sampled_from("abc"), min_size=1)
SCOPES = st.builds(Scope, facilities=CODES, campuses=CODES, departments=CODES, practitioner=st.sampled_from(["", "p"]))


@given(SCOPES, SCOPES)
def test_within_means_that_nothing_is_reached_beyond(inner: Scope, outer: Scope) -> None:
    places = [(f, c, d, p) for f in "abcz" for c in "abcz" for d in "abcz" for p in ("p", "q")]
    is_so = all(outer.covers(*place) for place in places if inner.covers(*place))
    assert is_within(inner, outer) == is_so
