"""Review effects (办理结果): what an action leaves in the review, besides its new state and deadline."""

from collections.abc import Callable, Mapping
from typing import Any

from app.domain.review import Review
from app.domain.review import ReviewAction as Action
from app.domain.review_command import Command

Changes = dict[str, Any]
_UNDECIDED: Changes = {"proposed": None, "decided_by": "", "approved_by": "", "reason_code": ""}


def _take(_review: Review, command: Command) -> Changes:
    return {"assignee": command.by.id}


def _leave(_review: Review, _command: Command) -> Changes:
    return {"assignee": ""}


def _decide(review: Review, command: Command) -> Changes:
    made: Changes = {"decided_by": command.by.id, "approved_by": "", "reason_code": command.reason_code}
    return made | {"assignee": review.assignee or command.by.id}


def _approve(_review: Review, command: Command) -> Changes:
    return {"approved_by": command.by.id, "proposed": None}


def _undecide(review: Review, _command: Command) -> Changes:
    return _UNDECIDED | {"assignee": review.decided_by}


def _appeal(review: Review, command: Command) -> Changes:
    return {"appeal_round": review.appeal_round + 1, "appealed_by": command.by.id, "assignee": ""}


def _grant(_review: Review, command: Command) -> Changes:
    return {"reason_code": command.reason_code}


def _reject(review: Review, command: Command) -> Changes:
    return {"appeal_deciders": (*review.appeal_deciders, command.by.id)}


def _report(_review: Review, command: Command) -> Changes:
    return {"refund_cents": command.refund_cents, "rectified_by": command.by.id}


def _reopen(_review: Review, _command: Command) -> Changes:
    # Money that was given back stays given back: the refund is kept.
    return _UNDECIDED | {"appeal_round": 0, "appeal_deciders": (), "appealed_by": "", "rectified_by": ""}


def _assign(_review: Review, command: Command) -> Changes:
    return {"assignee": command.assignee}


def _answer(_review: Review, _command: Command) -> Changes:
    return {"is_answered": True}


EFFECTS: Mapping[Action, Callable[[Review, Command], Changes]] = {
    Action.TAKE_UP: _take,
    Action.RELEASE: _leave,
    Action.CONFIRM: _decide,
    Action.DISMISS: _decide,
    Action.EXCEPT: _decide,
    Action.APPROVE: _approve,
    Action.SEND_BACK: _undecide,
    Action.RECALL: _undecide,
    Action.APPEAL: _appeal,
    Action.GRANT: _grant,
    Action.GRANT_EXCEPTION: _grant,
    Action.REJECT: _reject,
    Action.REPORT_RECTIFIED: _report,
    Action.REOPEN: _reopen,
    Action.ASSIGN: _assign,
    Action.ANSWER: _answer,
}
