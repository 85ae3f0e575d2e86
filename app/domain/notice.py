"""Notices (通知): what others are told when a finding is new, moves on, or falls due. No patient is named in one."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from app.domain.access import EVERYWHERE, Scope
from app.domain.review import Review


class NoticeKind(StrEnum):
    FOUND = "finding.found"
    MOVED = "finding.moved"
    DEADLINE = "finding.deadline"


NOTICE_LABELS = {NoticeKind.FOUND: "新疑点", NoticeKind.MOVED: "状态变化", NoticeKind.DEADLINE: "期限临近或到期"}


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


DELIVERY_LABELS = {DeliveryState.PENDING: "待发送", DeliveryState.DELIVERED: "已送达", DeliveryState.DEAD: "死信"}


class Webhook(Struct, frozen=True, kw_only=True):
    """Who is told, of what, and about whom. The secret that signs is kept apart."""

    id: str
    url: str
    kinds: frozenset[NoticeKind]
    created_at: datetime
    created_by: str
    description: str = ""
    scope: Scope = EVERYWHERE

    def wants(self, kind: str, facility: str, campus: str, department: str, practitioner: str) -> bool:
        return kind in self.kinds and self.scope.covers(facility, campus, department, practitioner)


def kind_of(before: Review | None, after: Review) -> NoticeKind | None:
    """What the change is worth telling; rules on trial are told to nobody."""
    if after.is_trial:
        return None
    if before is None:
        return NoticeKind.FOUND
    if after.escalation > before.escalation:
        return NoticeKind.DEADLINE
    return NoticeKind.MOVED if after.state is not before.state else None


_WAITS = (10, 60, 300, 1800, 2 * 3600, 6 * 3600, 15 * 3600)  # seconds; together with the tries about a day
MOST_TRIES = len(_WAITS) + 1
_JITTER = 0.2  # so that those that failed together do not come back together


def wait_after(tries: int, chance: Callable[[], float] = random.random) -> timedelta | None:
    """How long until the next try; None: it was the last."""
    if tries >= MOST_TRIES:
        return None
    return timedelta(seconds=_WAITS[max(0, tries - 1)] * (1 - _JITTER + 2 * _JITTER * chance()))
