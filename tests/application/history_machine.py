"""Messages about a few patients in any order (状态机): after each, whoever asks hears what the final state gives.

The service is the real one on a real store; what it should say comes from plain dicts (history_oracle.py).
"""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count, product
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from app.application.audit_encounter import EncounterAuditor
from app.application.keep_history import HistoryKeeper
from app.application.patient_history import FacilityGroups, PatientHistory
from app.domain.audit import AuditRequest
from app.domain.decision import SAFE_POLICY, Stage
from app.domain.encounter import CareType, Diagnosis, Encounter, Facility, Patient
from app.domain.line import ChargeLine, Line, OrderLine
from app.engine.compiled import compile_rules
from app.engine.ruleset import Ruleset
from app.store.store import Store
from tests.application.history_oracle import Past, as_told
from tests.engine.kinds.build import rule_folder

DAY = date(2026, 3, 10)
AT = datetime(2026, 4, 1, tzinfo=UTC)
CODES = ("A1", "A2", "B1", "C1")
FACILITIES = ("F1", "F2", "F3")  # the first two share
LINES = tuple(f"L{number}" for number in range(5))
ENCOUNTERS = ("E1", "E2")
PATIENTS = ("P1", "P2")
RULES: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "too-many-in-days": (
        "quantity_limit",
        {"measure": "quantity", "per": "rolling"},
        {"item_code": "A*", "limit": "2", "window_days": "4"},
    ),
    "too-many-in-stay": ("quantity_limit", {"measure": "times", "per": "stay"}, {"item_code": "A1|B1", "limit": "2"}),
    "too-dear-in-month": ("quantity_limit", {"measure": "amount", "per": "month"}, {"item_code": "B1", "limit": "15"}),
    "not-beside": ("mutually_exclusive", {"within": "stay"}, {"item_code": "A1", "excluded_code": "C1"}),
    "not-soon-after": (
        "mutually_exclusive",
        {"within": "days", "look_back": "true"},
        {"item_code": "A2", "excluded_code": "B1", "window_days": "2"},
    ),
    "needs-before": (
        "required_companion",
        {"within": "before"},
        {"item_code": "C1", "companion_code": "B*", "window_days": "5"},
    ),
    "done-elsewhere": ("repeated_elsewhere", {}, {"item_code": "A2", "window_days": "3"}),
    "many-visits": (
        "visit_pattern",
        {"pattern": "frequent_visits", "window_days": "6", "most": "1", "care_types": ["outpatient"]},
        {},
    ),
    "two-places": (
        "visit_pattern",
        {"pattern": "impossible_presence", "window_days": "2", "care_types": ["outpatient"]},
        {},
    ),
}


def the_rules() -> Ruleset:
    return Ruleset(
        compile_rules(
            [
                rule_folder(kind, parameters, [point] if point else [], id=name)
                for name, (kind, parameters, point) in RULES.items()
            ]
        )
    )


@st.composite
def an_encounter(draw: st.DrawFn, world: str = "", facilities: tuple[str, ...] = FACILITIES) -> Encounter:
    """Every encounter has lines of its own names, as a finding tells lines of others by their id alone."""
    facility, name = draw(st.sampled_from(facilities)), draw(st.sampled_from(ENCOUNTERS))
    numbers = draw(st.lists(st.sampled_from(LINES), unique=True, max_size=3))
    lines = [draw(a_line(facility + name, number)) for number in numbers]
    start = draw(st.none() | st.integers(-5, 3))
    length = draw(st.none() | st.integers(0, 6))
    dead = draw(st.sampled_from((None, None, None, -3, 2)))
    return Encounter(
        id=world + name,
        facility=Facility(id=facility),
        patient=Patient(id=world + draw(st.sampled_from(PATIENTS))),
        care_type=draw(st.sampled_from((CareType.OUTPATIENT, CareType.INPATIENT))),
        start_at=None if start is None else at(start),
        end_at=None if start is None or length is None else at(start + length),
        death_at=None if dead is None else at(dead),
        diagnoses=(Diagnosis(code="I10"),),
        order_lines=tuple(line for line in lines if isinstance(line, OrderLine)),
        charge_lines=tuple(line for line in lines if isinstance(line, ChargeLine)),
    )


@st.composite
def a_line(draw: st.DrawFn, place: str, number: str) -> Line:
    """Any number may be an order now and a charge the next time, of whatever item."""
    fields: dict[str, Any] = {
        "id": place + number,
        "item_code": draw(st.sampled_from(CODES)),
        "service_date": DAY + timedelta(days=draw(st.integers(-4, 4))),
        "quantity": draw(st.sampled_from((Decimal(1), Decimal(2)))),
        "amount": draw(st.sampled_from((None, Decimal(7), Decimal(9)))),
    }
    if draw(st.booleans()):
        return OrderLine(**fields)
    carried_out = draw(st.sampled_from(("", *LINES)))
    return ChargeLine(**fields, order_id=carried_out and place + carried_out)


def at(days: int) -> datetime:
    return datetime.combine(DAY + timedelta(days=days), time(9))


class Service:
    """The real service on a store, and what it should know."""

    def __init__(self, store: Store, runner: asyncio.Runner, ruleset: Ruleset, world: str) -> None:
        self._runner, self._ruleset, self.world = runner, ruleset, world
        history = PatientHistory(store.history, FacilityGroups([FACILITIES[:2]]))
        self._auditor = EncounterAuditor(lambda: ruleset, store.log, SAFE_POLICY, now=lambda: AT, history=history)
        self._keeper = HistoryKeeper(store.history, now=lambda: AT)
        self.past = Past([FACILITIES[:2]])

    def ask(self, encounter: Encounter, *, is_kept: bool = True) -> list[str]:
        """What is heard, in words without what names the world of this example."""
        request = AuditRequest(encounter=encounter, stage=Stage.SETTLING)

        async def ask() -> Any:
            judged = await self._auditor.judge(request)
            if is_kept:
                await self._auditor.record(judged, b"{}", caller="test")
            assert judged.audit.degraded == ()
            return judged.judgement

        heard = as_told(self._runner.run(ask()))
        assert heard == self.past.judge(self._ruleset, request), encounter
        if is_kept:
            self.past.send(encounter)
        return [str({**heard, "findings": [replace(one, id="") for one in heard["findings"]]}).replace(self.world, "")]

    def take_in(self, encounters: list[Encounter]) -> None:
        async def keep() -> None:
            await asyncio.gather(*[self._keeper.keep(one) for one in encounters])

        self._runner.run(keep())
        for one in encounters:
            self.past.send(one)

    def withdraw(self, facility: str, encounter: str, line: str) -> None:
        done = self._runner.run(self._keeper.withdraw(facility, encounter, line, caller="test"))
        assert done == self.past.withdraw(facility, encounter, line)

    def ask_everywhere(self) -> list[str]:
        """A new encounter of each patient in each facility hears of all that is known there."""
        lines = tuple(
            ChargeLine(id=f"new{number}", item_code=code, service_date=DAY, amount=Decimal(9))
            for number, code in enumerate(CODES)
        )
        heard: list[str] = []
        for facility, patient, care_type in product(FACILITIES, PATIENTS, (CareType.OUTPATIENT, CareType.INPATIENT)):
            asked = Encounter(
                id=self.world + "new",
                facility=Facility(id=facility),
                patient=Patient(id=self.world + patient),
                care_type=care_type,
                start_at=at(-1),
                end_at=at(3),
                charge_lines=lines,
            )
            heard += self.ask(asked, is_kept=False)
        return heard


_WORLDS = count()


def new_world() -> str:
    """Examples share a store, and so may share no patient and no encounter."""
    return f"w{next(_WORLDS)}-"


class HistoryMachine(RuleBasedStateMachine):
    def __init__(self, store: Store, runner: asyncio.Runner, ruleset: Ruleset) -> None:
        super().__init__()
        self._service = Service(store, runner, ruleset, new_world())
        self._world = self._service.world
        self._sent: list[Encounter] = []

    @rule(data=st.data())
    def audit(self, data: st.DataObject) -> None:
        """New lines, other versions of lines, another patient, other dates: whatever is drawn."""
        self._sent.append(data.draw(an_encounter(self._world)))
        self._service.ask(self._sent[-1])

    @rule(data=st.data())
    def take_in(self, data: st.DataObject) -> None:
        several = data.draw(st.lists(an_encounter(self._world), min_size=1, max_size=3))
        self._sent += several
        self._service.take_in(several)

    @precondition(lambda self: self._sent)
    @rule(data=st.data(), is_audited=st.booleans())
    def send_again(self, data: st.DataObject, is_audited: bool) -> None:
        again = data.draw(st.sampled_from(self._sent))
        if is_audited:
            self._service.ask(again)
        else:
            self._service.take_in([again])

    @rule(facility=st.sampled_from(FACILITIES), name=st.sampled_from(ENCOUNTERS), line=st.sampled_from(LINES))
    def withdraw(self, facility: str, name: str, line: str) -> None:
        self._service.withdraw(facility, self._world + name, facility + name + line)

    @invariant()
    def everybody_hears_the_final_state(self) -> None:
        self._service.ask_everywhere()
