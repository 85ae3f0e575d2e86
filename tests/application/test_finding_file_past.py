"""Earlier lines that a finding rests on: shown with their place to whom it is open, and without it to others."""

from datetime import date

from app.application.finding_file import _past
from app.domain.access import EVERYWHERE, Caller, Role, Scope
from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter, Facility, Patient
from app.domain.line import ChargeLine, Practitioner


def encounter(name: str, facility: str, *lines: str) -> Encounter:
    made = [
        ChargeLine(id=one, service_date=date(2026, 1, 1), department="内科", practitioner=Practitioner(id="D1"))
        for one in lines
    ]
    return Encounter(id=name, facility=Facility(id=facility), patient=Patient(id="P1"), charge_lines=tuple(made))


def test_places_within_and_outside_the_scope() -> None:
    request = AuditRequest(
        encounter=encounter("E1", "F1", "L1"),
        history=(encounter("E2", "F1", "L2", "L3"), encounter("E3", "F2", "L4")),
    )

    def seen(scope: Scope) -> list[tuple[str, str, str, str]]:
        caller = Caller(id="u1", roles=frozenset({Role.AUDIT_STAFF}), scope=scope)
        return [
            (one.line.id, one.facility, one.encounter, one.line.practitioner.id)
            for one in _past(request, {"L2", "L4"}, caller)
        ]

    assert seen(EVERYWHERE) == [("L2", "F1", "E2", "D1"), ("L4", "F2", "E3", "D1")]
    assert seen(Scope(facilities=frozenset({"F1"}))) == [("L2", "F1", "E2", "D1"), ("L4", "", "", "")]
