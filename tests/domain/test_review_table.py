"""Every cell of state, action and role, against the table that people read in docs/review.md."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.access import Role
from app.domain.decision import Severity
from app.domain.review import DeadlineStep, Review, ReviewAction, ReviewState
from app.domain.review_command import SYSTEM, Ground, NotAllowed
from app.domain.review_labels import ACTION_LABELS, DEADLINE_LABELS, STATE_LABELS
from app.domain.review_policy import DEFAULT_POLICY, WORKING_DAYS
from app.domain.review_reasons import REASONS
from app.domain.review_steps import apply, options
from tests.domain.review_build import CALENDAR, NOW, command, person, review

DOC = (Path(__file__).parents[2] / "docs" / "review.md").read_text("utf-8")
FINISHED = {ReviewState.LAPSED, ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED, ReviewState.CLOSED}
HOLDERS = {  # who holds the permission, by hand
    "finding.review": {Role.AUDIT_STAFF, Role.AUDIT_LEAD},
    "finding.approve": {Role.AUDIT_LEAD},
    "finding.answer": {Role.DOCTOR, Role.DEPARTMENT_HEAD},
    "system": set(),
}
LATER = NOW + timedelta(days=60)


def _rows(heading: str) -> list[list[str]]:
    section = DOC.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def _states(text: str) -> list[ReviewState]:
    if text == "*":
        return list(ReviewState)
    if text == "…":
        return [state for state in ReviewState if state not in FINISHED]
    return [ReviewState(name) for name in text.split(", ")]


def _documented() -> dict[tuple[ReviewState, ReviewAction], tuple[str, set[Role], bool]]:
    found: dict[tuple[ReviewState, ReviewAction], tuple[str, set[Role], bool]] = {}
    for where, action, _, to, permissions, _ in _rows("Steps"):
        roles = set().union(*(HOLDERS[name] for name in permissions.split(", ")))
        for state in _states(where):
            key = state, ReviewAction(action)
            assert key not in found
            found[key] = state.value if to == "=" else to, roles, permissions == "system"
    return found


DOCUMENTED = _documented()


def in_state(state: ReviewState) -> Review:
    """A review that is there, and to which everything that state allows can be done, bar what only time allows."""
    given: dict[str, object] = {"state": state}
    if state is not ReviewState.OPEN:
        given |= {"decided_by": "somebody"}
    if state is ReviewState.AWAITING_SECOND:
        given["proposed"] = ReviewState.CONFIRMED
    deadlines = {name.strip("`"): text for name, _, text in _rows("States")}
    step = deadlines[state.value].split(",")[0]
    if step:
        given |= {"deadline": date(2026, 3, 20), "deadline_step": DeadlineStep(step)}
    return review(**given)


def moment(state: ReviewState, action: ReviewAction) -> datetime:
    """What waits for the end of the appeal, or for the deadline, is done late."""
    late = {ReviewAction.ORDER_RECTIFICATION, ReviewAction.CLOSE, ReviewAction.EXPIRE, ReviewAction.ESCALATE}
    return LATER if action in late else NOW


@pytest.mark.parametrize("action", ReviewAction)
@pytest.mark.parametrize("state", ReviewState)
def test_each_role_may_do_what_the_document_says_and_nothing_else(state: ReviewState, action: ReviewAction) -> None:
    start, now = in_state(state), moment(state, action)
    if action is ReviewAction.RECALL:  # only whoever proposed it
        start = review(state=state, decided_by="x", proposed=ReviewState.CONFIRMED)
    for role in Role:
        given = command(action, person("x", role))
        to, roles, _ = DOCUMENTED.get((state, action), ("", set(), False))
        if role in roles:
            made, step = apply(start, given, now, CALENDAR, DEFAULT_POLICY)
            assert made.state.value == ("confirmed" if to == "what was proposed" else to)
            assert (step.role, step.from_state, step.to_state) == (role.value, state, made.state)
            assert action in options(start, given.by, now.date(), CALENDAR, DEFAULT_POLICY)
            continue
        with pytest.raises(NotAllowed) as raised:
            apply(start, given, now, CALENDAR, DEFAULT_POLICY)
        assert raised.value.ground is (Ground.PERMISSION if (state, action) in DOCUMENTED else Ground.STATE)
        assert action not in raised.value.instead


@pytest.mark.parametrize("action", ReviewAction)
@pytest.mark.parametrize("state", ReviewState)
def test_the_service_itself_does_what_is_its_own_and_nothing_else(state: ReviewState, action: ReviewAction) -> None:
    is_system = DOCUMENTED.get((state, action), ("", set(), False))[2]
    given = command(action, SYSTEM)
    if is_system and (action is not ReviewAction.ESCALATE or in_state(state).deadline):
        made, step = apply(in_state(state), given, LATER, CALENDAR, DEFAULT_POLICY)
        assert (step.role, made.state.value) == ("system", DOCUMENTED[state, action][0])
        return
    with pytest.raises(NotAllowed):
        apply(in_state(state), given, LATER, CALENDAR, DEFAULT_POLICY)


def test_nobody_is_the_service_by_calling_themselves_so() -> None:
    forged = person("system", *Role)
    with pytest.raises(NotAllowed):
        apply(review(), command(ReviewAction.VANISH, forged), NOW, CALENDAR, DEFAULT_POLICY)


def test_where_two_decide_is_as_the_document_says() -> None:
    by_two = {action for _, action, _, _, _, note in _rows("Steps") if note == "two"}
    start = review(state=ReviewState.IN_REVIEW, severity=Severity.DEFINITE, needs_second=True)
    found = set()
    for action in ReviewAction:
        try:
            made, _ = apply(start, command(action, person("x", Role.AUDIT_LEAD)), NOW, CALENDAR, DEFAULT_POLICY)
        except NotAllowed:
            continue
        found |= {action.value} if made.state is ReviewState.AWAITING_SECOND else set()
    assert found == by_two


def test_the_document_says_each_word_and_number() -> None:
    assert {name: label for _, name, label, *_ in _rows("Steps")} == {a.value: ACTION_LABELS[a] for a in ReviewAction}
    states = {name.strip("`"): re.split("[:,]", label)[0] for name, label, _ in _rows("States")}
    assert states == {state.value: STATE_LABELS[state] for state in ReviewState}
    days = {name.strip("`"): (label, int(re.split(",", count)[0])) for name, label, count, *_ in _rows("Deadlines")}
    assert days == {step.value: (DEADLINE_LABELS[step], WORKING_DAYS[step]) for step in DeadlineStep}


def test_the_document_lists_each_reason() -> None:
    listed: dict[str, dict[str, str]] = {}
    for actions, codes in _rows("Reason codes"):
        pairs = [text.split(" ") for text in codes.split(" · ") if text != "other"]
        assert codes.endswith(" · other")
        for action in actions.split(", "):
            listed[action] = dict(pairs)
    known = {a.value: {code: text for code, text in of.items() if code != "other"} for a, of in REASONS.items()}
    assert listed == known
