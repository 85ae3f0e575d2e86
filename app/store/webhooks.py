"""Webhooks in the store (通知订阅): who is told, and every delivery, which is tried until it is settled."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, delete, func, insert, select, update

from app.domain.access import EVERYWHERE
from app.domain.notice import DeliveryState, Webhook
from app.store.acts import Act, Step
from app.store.notice_tables import notice_deliveries, notice_progress, notices, webhooks
from app.store.notices import Ask, NoticeStore
from app.store.packing import microseconds
from app.store.vault import Vault
from app.trail.entry import Sealed

Insert = Callable[..., Any]
LEASE = timedelta(seconds=60)  # whoever takes a delivery and is killed has it taken over after that
_MOST_MADE = 500  # notices looked at in one transaction
_SLICE = 500  # rows of one statement
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Webhook).decode
_one = notice_deliveries.c


class StoredWebhook(NamedTuple):
    webhook: Webhook
    first_seq: int  # the first notice it is told


class Delivery(NamedTuple):
    id: int
    webhook: str
    notice: int
    notice_id: str
    kind: str
    state: DeliveryState
    tries: int
    due_at: int
    created_at: int
    settled_at: int | None
    status: int
    fault: str


class Taken(NamedTuple):
    """A delivery that is this worker's to try until the lease ends; `tries` with this one."""

    id: int
    tries: int
    notice_id: str
    body: str


_DELIVERIES = select(
    _one.id, _one.webhook, _one.notice, func.coalesce(notices.c.id, ""), func.coalesce(notices.c.kind, ""), _one.state,
    _one.tries, _one.due_at, _one.created_at, _one.settled_at, _one.status, _one.fault,
).select_from(notice_deliveries.outerjoin(notices, notices.c.seq == _one.notice))  # fmt: skip


class WebhookStore:
    """What reads raises Unavailable, what writes NotRecorded, where the database does not answer."""

    def __init__(self, ask: Ask, act: Act, insert: Insert, vault: Vault) -> None:
        self._asked, self._act, self._insert, self._vault = ask, act, insert, vault
        self._notices = NoticeStore(ask)

    async def _ask(self, asked: Select[Any]) -> list[Any]:
        return await self._asked(asked, EVERYWHERE)

    async def all(self) -> list[StoredWebhook]:
        rows = await self._ask(select(webhooks.c.content, webhooks.c.first_seq).order_by(webhooks.c.id))
        found = [StoredWebhook(_decode(content), first) for content, first in rows]
        return sorted(found, key=lambda one: (one.webhook.created_at, one.webhook.id))

    async def secret(self, webhook: str) -> bytes:
        """Blank where there is no such webhook."""
        rows = await self._ask(select(webhooks.c.secret).where(webhooks.c.id == webhook))
        return self._vault.open("webhooks", (webhook,), bytes(rows[0][0])) if rows else b""

    async def add(self, webhook: Webhook, secret: bytes, entries: Sequence[Sealed]) -> None:
        """It is told what comes from now on."""
        row = insert(webhooks).values(
            id=webhook.id,
            first_seq=await self._notices.latest() + 1,
            content=_encode(webhook).decode(),
            secret=self._vault.seal("webhooks", (webhook.id,), secret),
        )
        await self._act([Step(row)], entries)

    async def remove(self, webhook: str, entries: Sequence[Sealed]) -> bool:
        """With what was to be delivered. False: there is none."""
        gone = delete(webhooks).where(webhooks.c.id == webhook).returning(webhooks.c.id)
        steps = [Step(gone, must=True), Step(delete(notice_deliveries).where(_one.webhook == webhook))]
        return await self._act(steps, entries) is not None

    async def make_deliveries(self, now: datetime) -> int:
        """How many notices were looked at; each is by exactly one worker, whoever that is."""
        rows = await self._ask(select(notice_progress.c.next_seq))
        before = rows[0][0] if rows else 1
        found = await self._notices.after(before - 1, most=_MOST_MADE)
        if not found:
            return 0
        told = await self.all()
        new = {"state": DeliveryState.PENDING.value, "tries": 0, "status": 0, "fault": ""}
        new |= {"due_at": microseconds(now), "created_at": microseconds(now)}
        made = [
            {"webhook": one.webhook.id, "notice": notice.seq, **new}
            for notice in found
            for one in told
            if notice.seq >= one.first_seq and one.webhook.wants(notice.kind, *notice[3:7])
        ]
        place = {"next_seq": found[-1].seq + 1}
        moved = self._insert(notice_progress).values(id=1, **place)
        moved = moved.on_conflict_do_update(
            index_elements=["id"], set_=place, where=notice_progress.c.next_seq == before
        )
        steps = [Step(moved.returning(notice_progress.c.id), must=True)]
        steps += [
            Step(self._insert(notice_deliveries).values(made[at : at + _SLICE]).on_conflict_do_nothing())
            for at in range(0, len(made), _SLICE)
        ]
        return len(found) if await self._act(steps, ()) is not None else 0

    async def due(self, now: datetime) -> list[str]:
        """Webhooks that something is to be sent to."""
        is_due = (_one.state == DeliveryState.PENDING.value) & (_one.due_at <= microseconds(now))
        return [webhook for (webhook,) in await self._ask(select(_one.webhook).where(is_due).distinct())]

    async def take(self, webhook: str, now: datetime, most: int) -> list[Taken]:
        """Deliveries that are due, which nobody else tries while the lease lasts."""
        chosen = (
            select(_one.id)
            .where(_one.state == DeliveryState.PENDING.value, _one.webhook == webhook, _one.due_at <= microseconds(now))
            .order_by(_one.due_at, _one.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        mine = update(notice_deliveries).where(_one.id.in_(chosen))
        taken = mine.values(due_at=microseconds(now + LEASE), tries=_one.tries + 1)
        done = await self._act([Step(taken.returning(_one.id, _one.tries, _one.notice))], ())
        rows = sorted(done[0]) if done else []
        if not rows:
            return []
        seqs = {notice for _, _, notice in rows}
        bodies = await self._ask(select(notices.c.seq, notices.c.id, notices.c.body).where(notices.c.seq.in_(seqs)))
        told = {seq: (name, body) for seq, name, body in bodies}
        return [Taken(one, tries, *told.get(notice, ("", ""))) for one, tries, notice in rows]

    async def settle(
        self, one: Taken, state: DeliveryState, now: datetime, *, due_at: datetime, status: int = 0, fault: str = ""
    ) -> bool:
        """What came of this try; False where the lease was over and another has tried since."""
        mine = update(notice_deliveries).where(_one.id == one.id, _one.tries == one.tries)
        put = mine.values(
            state=state.value,
            due_at=microseconds(due_at),
            settled_at=None if state is DeliveryState.PENDING else microseconds(now),
            status=status,
            fault=fault[:200],
        )
        return await self._act([Step(put.returning(_one.id), must=True)], ()) is not None

    async def deliveries(
        self, webhook: str, state: DeliveryState | None = None, before: int | None = None, most: int = 50
    ) -> list[Delivery]:
        """The latest first; `before`: those with a lesser id."""
        asked = _DELIVERIES.where(_one.webhook == webhook)
        if state is not None:
            asked = asked.where(_one.state == state.value)
        if before is not None:
            asked = asked.where(_one.id < before)
        rows = await self._ask(asked.order_by(_one.id.desc()).limit(most))
        return [Delivery(*row)._replace(state=DeliveryState(row[5])) for row in rows]

    async def counts(self) -> dict[str, dict[str, int]]:
        """How many deliveries of each state there are, by webhook."""
        asked = select(_one.webhook, _one.state, func.count()).group_by(_one.webhook, _one.state)
        found: dict[str, dict[str, int]] = {}
        for webhook, state, count in await self._ask(asked):
            found.setdefault(webhook, {})[state] = count
        return found

    async def send_again(self, webhook: str, ids: Sequence[int], now: datetime, entries: Sequence[Sealed]) -> int:
        """Dead ones, from the beginning: these, or all of the webhook where none is named. How many."""
        again = update(notice_deliveries).where(_one.webhook == webhook, _one.state == DeliveryState.DEAD.value)
        if ids:
            again = again.where(_one.id.in_(ids))
        put = again.values(state=DeliveryState.PENDING.value, tries=0, due_at=microseconds(now), settled_at=None)
        done = await self._act([Step(put.returning(_one.id), must=True)], entries)
        return len(done[0]) if done else 0

    async def clear(self, before: datetime) -> int:
        """How many of those that are older it has cleared away; it may have to be done again."""
        at = microseconds(before)
        old = select(_one.id).where(_one.created_at < at).limit(_SLICE)
        older = select(notices.c.seq).where(notices.c.at < at).limit(_SLICE)
        steps = [
            Step(delete(notice_deliveries).where(_one.id.in_(old)).returning(_one.id)),
            Step(delete(notices).where(notices.c.seq.in_(older)).returning(notices.c.seq)),
        ]
        return sum(map(len, await self._act(steps, ()) or []))
