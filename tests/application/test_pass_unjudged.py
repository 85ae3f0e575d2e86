"""The short answer to a check that was shed: like the long one, of those only who may ask it."""

from datetime import UTC, datetime

import pytest

from app.application.authorise import OutOfScope
from app.application.pass_unjudged import passed
from app.domain.access import EVERYWHERE, Caller, Role, Scope
from app.domain.decision import Decision, Stage
from tests.service import encoded, request

AT = datetime(2026, 3, 1, tzinfo=UTC)
HIS = frozenset({Role.HIS_CLIENT})


def caller(scope: Scope = EVERYWHERE) -> Caller:
    return Caller(id="his", roles=HIS, scope=scope)


def test_it_passes_and_says_that_nothing_was_judged() -> None:
    found = passed(encoded(request(stage="ordering", id="E9")), caller(), "r1", AT)
    assert found is not None
    assert (found.encounter, found.stage, found.ruleset, found.audited_at) == ("E9", Stage.ORDERING, "r1", AT)
    assert (found.decision, found.findings, found.degraded) == (Decision.PASS, (), ("overload", "unrecorded"))
    assert [(one.rule, one.missing) for one in found.not_evaluated] == [("*", "overload")]


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        (Scope(facilities=frozenset({"F1"})), True),
        (Scope(facilities=frozenset({"F2"})), False),
        (Scope(facilities=frozenset({"F1"}), departments=frozenset({"D1"})), True),
        (Scope(facilities=frozenset({"F1"}), departments=frozenset({"D2"})), False),
        (Scope(facilities=frozenset({"F1"}), campuses=frozenset({"C1"})), False),
    ],
)
def test_whoever_may_not_ask_is_refused(scope: Scope, may: bool) -> None:
    body = encoded(request(stage="ordering", department="D1"))
    if may:
        assert passed(body, caller(scope), "r1", AT) is not None
    else:
        with pytest.raises(OutOfScope):
            passed(body, caller(scope), "r1", AT)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"\xff", b'{"stage": "ordering"}', b'{"encounter": {"id": "E1"}, "stage": "ordering"}',
        encoded(request(stage="nowhere")), encoded(request(id="")), encoded(request(facility={"id": 1})),
        b'{"encounter": ' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_request_is_left_to_those_who_say_why(body: bytes) -> None:
    assert passed(body, caller(), "r1", AT) is None
