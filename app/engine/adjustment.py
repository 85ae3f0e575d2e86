"""Adjusted rules (地方调整): a rule's header as an area or a hospital has changed it, by stretches of days."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import msgspec

from app.engine.compiled import RuleHead
from app.knowledge.overlay import Adjustment
from app.knowledge.rule import Status

_DAY = timedelta(days=1)


def adjusted(
    head: RuleHead, start: date, end: date, adjustments: Sequence[Adjustment]
) -> Iterator[tuple[date, date, RuleHead]]:
    """The days from `start` to `end`, parted where an adjustment begins or ends, without those when it is a draft.

    A hospital's severity stands over its area's; of two statuses the lower holds.
    """
    if not adjustments:
        yield start, end, head
        return
    firsts = {
        start,
        *(one.start for one in adjustments),
        *(one.end + _DAY for one in adjustments if one.end < date.max),
    }
    inner = sorted(first for first in firsts if start <= first <= end)
    for first, last in zip(inner, [*(one - _DAY for one in inner[1:]), end], strict=True):
        changed = _changed(head, [one for one in adjustments if one.start <= first <= one.end])
        if changed.status is not Status.DRAFT:
            yield first, last, changed


def _changed(head: RuleHead, adjustments: Sequence[Adjustment]) -> RuleHead:
    status, severity = head.status, head.severity
    for one in sorted(adjustments, key=lambda one: bool(one.facility)):
        severity = one.severity or severity
        if one.status is Status.DRAFT or (one.status is Status.TRIAL and status is Status.ACTIVE):
            status = one.status
    return msgspec.structs.replace(head, status=status, severity=severity)
