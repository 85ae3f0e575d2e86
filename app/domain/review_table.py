"""Review table (复核状态表): from which state which action leads where, who may take it, and on what conditions.

What is not in the table cannot be done. docs/review.md draws it.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from app.domain import review_guards as guards
from app.domain.access import Permission
from app.domain.review import DeadlineStep as Due
from app.domain.review import ReviewAction as Action
from app.domain.review import ReviewState as State
from app.domain.review_guards import Guard

_REVIEW = frozenset({Permission.FINDING_REVIEW})
_APPROVE = frozenset({Permission.FINDING_APPROVE})
_ANSWER = frozenset({Permission.FINDING_ANSWER})
_ANYBODY = _REVIEW | _APPROVE | _ANSWER
_SYSTEM: frozenset[Permission] = frozenset()


class Cell(Struct, frozen=True, kw_only=True):
    """`to` None is the proposed state. `asks` is any of these permissions; empty: only the service itself. Where
    `by_two`, a second person may be needed first. `due` is what the new deadline is for; `keeps` the old one goes on.
    """

    to: State | None
    asks: frozenset[Permission]
    guards: tuple[Guard, ...] = ()
    by_two: bool = False
    due: Due | None = None
    keeps: bool = False


_UNFINISHED = tuple(
    state for state in State if state not in {State.LAPSED, State.FALSE_POSITIVE, State.EXCEPTED, State.CLOSED}
)
_APPEALS = {  # the round, where a rejection leads, what the department may then do until when, who hears it
    State.FIRST_APPEAL: (State.FIRST_REJECTED, Due.APPEAL, _REVIEW),
    State.SECOND_APPEAL: (State.SECOND_REJECTED, Due.APPEAL, _APPROVE),
    State.FINAL_APPEAL: (State.CONFIRMED, None, _APPROVE),
}
_STEPS_OF_APPEAL = {
    State.CONFIRMED: State.FIRST_APPEAL,
    State.FIRST_REJECTED: State.SECOND_APPEAL,
    State.SECOND_REJECTED: State.FINAL_APPEAL,
}

Moves = Iterable[tuple[State, Action, Cell]]


def _decisions() -> Moves:
    decider = (guards.NOT_ACCUSED, guards.HOLDS_IT)
    yield State.OPEN, Action.TAKE_UP, Cell(to=State.IN_REVIEW, asks=_REVIEW, guards=decider, keeps=True)
    yield State.IN_REVIEW, Action.RELEASE, Cell(to=State.OPEN, asks=_REVIEW, guards=(guards.HOLDS_IT,), keeps=True)
    outcomes = {
        Action.CONFIRM: (State.CONFIRMED, Due.APPEAL),
        Action.DISMISS: (State.FALSE_POSITIVE, None),
        Action.EXCEPT: (State.EXCEPTED, None),
    }
    for action, (to, due) in outcomes.items():
        for state in (State.OPEN, State.IN_REVIEW):
            told = (*decider, guards.SAYS_WHY)
            yield state, action, Cell(to=to, asks=_REVIEW, guards=told, by_two=True, due=due)
    second = (guards.NOT_ACCUSED, guards.NOT_APART)
    waiting, again = State.AWAITING_SECOND, State.IN_REVIEW
    yield waiting, Action.APPROVE, Cell(to=None, asks=_APPROVE, guards=second, due=Due.APPEAL)
    returned = (*second, guards.SAYS_WHY)
    yield waiting, Action.SEND_BACK, Cell(to=again, asks=_APPROVE, guards=returned, due=Due.REVIEW)
    yield waiting, Action.RECALL, Cell(to=again, asks=_REVIEW, guards=(guards.PROPOSED_IT,), due=Due.REVIEW)


def _appeals() -> Moves:
    still = (guards.NOT_TRIAL, guards.APPEAL_OPEN)
    for state, to in _STEPS_OF_APPEAL.items():
        reasoned = (*still, guards.SAYS_WHY)
        yield state, Action.APPEAL, Cell(to=to, asks=_ANSWER, guards=reasoned, due=Due.APPEAL_DECISION)
        yield state, Action.ACCEPT, Cell(to=State.CONFIRMED, asks=_ANSWER, guards=still)
        yield state, Action.EXPIRE, Cell(to=State.CONFIRMED, asks=_SYSTEM, guards=(guards.HAS_RUN_OUT,))
    for state, (rejected, due, hears) in _APPEALS.items():
        apart = (guards.NOT_ACCUSED, guards.NOT_APART)
        grants = (*apart, *((guards.LEAD_WHERE_SECOND,) if state is State.FIRST_APPEAL else ()), guards.SAYS_WHY)
        yield state, Action.GRANT, Cell(to=State.FALSE_POSITIVE, asks=hears, guards=grants)
        yield state, Action.GRANT_EXCEPTION, Cell(to=State.EXCEPTED, asks=hears, guards=grants)
        yield state, Action.REJECT, Cell(to=rejected, asks=hears, guards=(*apart, guards.SAYS_WHY), due=due)
        yield state, Action.WITHDRAW_APPEAL, Cell(to=State.CONFIRMED, asks=_ANSWER)


def _rectification() -> Moves:
    staff = (guards.NOT_ACCUSED, guards.APPEAL_OVER)
    order = (*staff, guards.NOT_TRIAL, guards.HAS_WORDS)
    mended = (guards.REFUND_GIVEN, guards.EVIDENCE_GIVEN)
    checker = (guards.NOT_ACCUSED, guards.NOT_APART)
    failed = (*checker, guards.SAYS_WHY)
    yield (
        State.CONFIRMED,
        Action.ORDER_RECTIFICATION,
        Cell(to=State.RECTIFYING, asks=_REVIEW, guards=order, due=Due.RECTIFY),
    )
    yield State.CONFIRMED, Action.CLOSE, Cell(to=State.CLOSED, asks=_REVIEW, guards=(*staff, guards.SAYS_WHY))
    yield (
        State.RECTIFYING,
        Action.REPORT_RECTIFIED,
        Cell(to=State.RECTIFIED, asks=_ANSWER, guards=mended, due=Due.RECHECK),
    )
    yield State.RECTIFIED, Action.PASS_RECHECK, Cell(to=State.CLOSED, asks=_REVIEW, guards=checker)
    yield State.RECTIFIED, Action.FAIL_RECHECK, Cell(to=State.RECTIFYING, asks=_REVIEW, guards=failed, due=Due.RECTIFY)


_DECIDED = (
    State.CONFIRMED, State.FALSE_POSITIVE, State.EXCEPTED, State.RECTIFYING, State.RECTIFIED, State.CLOSED,
)  # fmt: skip


def _anywhere() -> Moves:
    lead = (guards.NOT_ACCUSED, guards.SAYS_WHY)
    for state in _DECIDED:
        yield state, Action.REOPEN, Cell(to=State.IN_REVIEW, asks=_APPROVE, guards=lead, due=Due.REVIEW)
    for state in State:
        yield state, Action.COMMENT, Cell(to=state, asks=_ANYBODY, guards=(guards.HAS_WORDS,), keeps=True)
    for state in _UNFINISHED:
        told, fits = (guards.HAS_WORDS,), (guards.NOT_ACCUSED, guards.ASSIGNEE_FITS)
        yield state, Action.ASSIGN, Cell(to=state, asks=_REVIEW, guards=fits, keeps=True)
        yield state, Action.ANSWER, Cell(to=state, asks=_ANSWER, guards=told, keeps=True)
        clock = (guards.ESCALATION_IS_DUE,)
        yield state, Action.ESCALATE, Cell(to=state, asks=_SYSTEM, guards=clock, keeps=True)
    yield State.OPEN, Action.VANISH, Cell(to=State.LAPSED, asks=_SYSTEM)
    yield State.LAPSED, Action.REAPPEAR, Cell(to=State.OPEN, asks=_SYSTEM, due=Due.REVIEW)


def _table() -> Mapping[tuple[State, Action], Cell]:
    table: dict[tuple[State, Action], Cell] = {}
    for moves in (_decisions(), _appeals(), _rectification(), _anywhere()):
        for state, action, cell in moves:
            if (state, action) in table:
                raise ValueError(f"{state} x {action} stands twice in the table of reviews")
            table[state, action] = cell
    return table


TABLE = _table()
