"""Notices in the store (通知发件箱): queued in the transaction of the change they tell of, and read in its order."""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, Table, func, select

from app.domain.access import EVERYWHERE, Scope
from app.domain.notice import kind_of
from app.domain.review import Review
from app.store.notice_tables import notices
from app.store.packing import microseconds
from app.store.review_filters import within

Ask = Callable[[Select[Any], Scope], Awaitable[list[Any]]]
Insert = Callable[[Table], Any]
QUEUED = tuple([column for column in notices.c if column.name != "seq"])
_encode = msgspec.json.Encoder().encode
_PLAIN = ("rule", "title", "category", "severity", "stage", "facility", "campus", "department", "version", "escalation")


class StoredNotice(NamedTuple):
    """`body` is what is sent, to the byte."""

    seq: int
    id: str
    kind: str
    facility: str
    campus: str
    department: str
    practitioner: str
    body: str


def rows_of(changes: Iterable[tuple[Review | None, Review]]) -> list[dict[str, Any]]:
    """What is to be queued for these changes, each a review as it was and as it is."""
    now = datetime.now(UTC)
    return [row for before, after in changes if (row := _row(before, after, now)) is not None]


def _row(before: Review | None, after: Review, now: datetime) -> dict[str, Any] | None:
    kind = kind_of(before, after)
    if kind is None:
        return None
    name = secrets.token_hex(12)
    body = {"id": name, "type": kind, "timestamp": _moment(now), "data": _told(before, after)}
    places = {place: getattr(after, place) for place in ("facility", "campus", "department", "practitioner")}
    return {"id": name, "at": microseconds(now), "kind": kind, **places, "body": _encode(body).decode()}


def _told(before: Review | None, after: Review) -> dict[str, Any]:
    """No patient, encounter or person is named: who may know of them asks for the finding."""
    cents = after.amount_cents
    return {
        "finding": after.id,
        "state": after.state,
        "previous_state": None if before is None else before.state,
        **{name: getattr(after, name) for name in _PLAIN},
        "amount": None if cents is None else str(Decimal(cents) / 100),
        "deadline": after.deadline,
        "deadline_step": after.deadline_step,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_READ = select(
    *[notices.c[name] for name in ("seq", "id", "kind", "facility", "campus", "department", "practitioner", "body")]
).order_by(notices.c.seq)


class NoticeStore:
    """What reads raises Unavailable where the database does not answer."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def latest(self) -> int:
        """The number of the latest notice; 0 where there is none."""
        ((seq,),) = await self._ask(select(func.coalesce(func.max(notices.c.seq), 0)), EVERYWHERE)
        return int(seq)

    async def earliest(self) -> int:
        """The number of the earliest that is kept; 0 where there is none."""
        ((seq,),) = await self._ask(select(func.coalesce(func.min(notices.c.seq), 0)), EVERYWHERE)
        return int(seq)

    async def after(self, seq: int, scope: Scope = EVERYWHERE, most: int = 200) -> list[StoredNotice]:
        """Those that follow, in order, as far as the scope covers them."""
        asked = _READ.where(notices.c.seq > seq, *within(scope, notices)).limit(most)
        return [StoredNotice(*row) for row in await self._ask(asked, scope)]
