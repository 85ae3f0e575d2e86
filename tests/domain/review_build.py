"""Reviews and people for tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.access import EVERYWHERE, Caller, Role, Scope
from app.domain.decision import Severity, Stage
from app.domain.review import Review, ReviewAction, ReviewState, ReviewStep
from app.domain.review_command import Command, NotAllowed
from app.domain.review_policy import DEFAULT_POLICY, ReviewPolicy
from app.domain.review_reasons import REASONS
from app.domain.review_steps import apply
from app.knowledge.calendar_file import read_calendar

FILE = Path(__file__).parents[2] / "rules" / "calendar" / "holidays.csv"
CALENDAR = read_calendar(FILE, FILE.read_bytes())
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday


def person(name: str, *roles: Role, scope: Scope = EVERYWHERE) -> Caller:
    return Caller(id=name, roles=frozenset(roles), scope=scope, kind="session")


STAFF = person("staff-1", Role.AUDIT_STAFF)
OTHER_STAFF = person("staff-2", Role.AUDIT_STAFF)
LEAD = person("lead-1", Role.AUDIT_LEAD)
OTHER_LEAD = person("lead-2", Role.AUDIT_LEAD)
THIRD_LEAD = person("lead-3", Role.AUDIT_LEAD)
HEAD = person("head-1", Role.DEPARTMENT_HEAD, scope=Scope(departments=frozenset({"D1"})))
DOCTOR = person("doctor-1", Role.DOCTOR, scope=Scope(practitioner="P1"))


def review(**changes: Any) -> Review:
    usual: dict[str, Any] = {
        "id": "F1",
        "state": ReviewState.OPEN,
        "facility": "H1",
        "department": "D1",
        "practitioner": "P1",
        "encounter": "E1",
        "rule": "glycated-haemoglobin-too-soon",
        "rule_version": 1,
        "category": "过度检查",
        "severity": Severity.HIGHLY_SUSPECT,
        "stage": Stage.SETTLING,
        "title": "糖化血红蛋白测定重复过频",
        "message": "规定间隔内已测2次，限1次。",
        "lines": ("L1", "L2"),
        "first_found_at": NOW,
        "last_found_at": NOW,
        "last_audit": "A1",
        "amount_cents": 6_000,
    }
    return Review(**usual | changes)


def command(action: ReviewAction, by: Caller, **given: Any) -> Command:
    """With everything that the action asks for."""
    usual: dict[str, Any] = {"comment": "见附件"}
    if action in REASONS:
        usual["reason_code"] = next(iter(REASONS[action]))
    if action is ReviewAction.REPORT_RECTIFIED:
        usual |= {"refund_cents": 6_000, "attachments": ("T1",)}
    if action is ReviewAction.ASSIGN:
        usual["assignee"] = "staff-9"
    return Command(action=action, by=by, **usual | given)


def done(
    start: Review,
    *steps: tuple[ReviewAction, Caller],
    now: datetime = NOW,
    policy: ReviewPolicy = DEFAULT_POLICY,
) -> Review:
    for action, by in steps:
        start, _ = apply(start, command(action, by), now, CALENDAR, policy)
    return start


def step_of(start: Review, given: Command, now: datetime = NOW) -> ReviewStep:
    return apply(start, given, now, CALENDAR, DEFAULT_POLICY)[1]


def refused(start: Review, action: ReviewAction, by: Caller, now: datetime = NOW, **given: Any) -> NotAllowed:
    with pytest.raises(NotAllowed) as raised:
        apply(start, command(action, by, **given), now, CALENDAR, DEFAULT_POLICY)
    return raised.value
