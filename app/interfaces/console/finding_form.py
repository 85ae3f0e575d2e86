"""The form of a step (办理表单), as a command."""

from decimal import Decimal, InvalidOperation

from app.domain.access import Caller
from app.domain.review import ReviewAction
from app.domain.review_command import Command
from app.interfaces.console.forms import Form

_MOST_YUAN = Decimal("9999999999.99")


def command_of(form: Form, caller: Caller) -> Command | None:
    """None for what no page of ours sends."""
    told = form.one("action", 40)
    if told not in set(ReviewAction):
        return None
    refund = form.one("refund", 20).replace(",", "")
    cents = _cents(refund)
    days = form.one("working_days", 4)
    if (refund and cents is None) or (days and form.number("working_days") is None):
        return None
    return Command(
        action=ReviewAction(told),
        by=caller,
        reason_code=form.one("reason_code", 64),
        comment=form.one("comment", 4000),
        refund_cents=cents,
        attachments=form.every("attachment"),
        assignee=form.one("assignee", 64),
        working_days=form.number("working_days"),
    )


def _cents(yuan: str) -> int | None:
    """None for what is no amount of whole cents."""
    try:
        amount = Decimal(yuan)
        cents = amount * 100
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= _MOST_YUAN or cents != int(cents):
        return None
    return int(cents)
