"""Manage webhooks (通知订阅管理): who is told of findings, under a secret that is shown once."""

import base64
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.application.authorise import OutOfScope
from app.application.webhook_targets import AllowedTargets, BadTarget
from app.domain.access import Caller, Scope
from app.domain.api_key import is_within
from app.domain.notice import DeliveryState, NoticeKind, Webhook
from app.store.webhooks import Delivery, WebhookStore
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

MOST_WEBHOOKS = 50
_SECRET_BYTES = 32
_LONGEST = 100


class UnknownWebhook(LookupError):
    """There is no such webhook, or none that the caller reaches."""


class NewWebhook(NamedTuple):
    """`secret` is told now and never again."""

    webhook: Webhook
    secret: str


class WebhookDesk:
    def __init__(
        self, store: WebhookStore, targets: AllowedTargets, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store, self._targets, self._now = store, targets, now

    @property
    def targets(self) -> tuple[str, ...]:
        """Where webhooks may go, as the settings say."""
        return self._targets.told

    async def all(self, by: Caller) -> list[Webhook]:
        """Those that the caller reaches. Raises Unavailable."""
        return [one.webhook for one in await self._store.all() if is_within(one.webhook.scope, by.scope)]

    async def counts(self) -> dict[str, dict[str, int]]:
        return await self._store.counts()

    async def add(
        self, url: str, kinds: frozenset[NoticeKind], by: Caller, scope: Scope | None = None, description: str = ""
    ) -> NewWebhook:
        """Raises BadTarget, OutOfScope, NotRecorded, Unavailable."""
        wanted = by.scope if scope is None else scope
        if not is_within(wanted, by.scope):
            raise OutOfScope
        await self._targets.find(url)
        if not kinds:
            raise BadTarget("a webhook is told of one kind of notice at least")
        if len(await self._store.all()) >= MOST_WEBHOOKS:
            raise BadTarget(f"there are {MOST_WEBHOOKS} webhooks already; remove one first")
        now, secret = self._now(), secrets.token_bytes(_SECRET_BYTES)
        made = Webhook(
            id=f"wh{secrets.token_hex(8)}", url=url, kinds=kinds, created_at=now, created_by=by.id,
            description=description.strip()[:_LONGEST], scope=wanted,
        )  # fmt: skip
        await self._store.add(made, secret, [self._told(made, "webhook.added", by, kinds=",".join(sorted(kinds)))])
        return NewWebhook(made, f"whsec_{base64.b64encode(secret).decode()}")

    async def remove(self, webhook: str, by: Caller) -> None:
        """Raises UnknownWebhook, NotRecorded, Unavailable."""
        found = await self.get(webhook, by)
        if not await self._store.remove(webhook, [self._told(found, "webhook.removed", by)]):
            raise UnknownWebhook(webhook)

    async def deliveries(
        self, webhook: str, by: Caller, state: DeliveryState | None = None, before: int | None = None, most: int = 50
    ) -> list[Delivery]:
        """The latest first. Raises UnknownWebhook, Unavailable."""
        await self.get(webhook, by)
        return await self._store.deliveries(webhook, state, before, most)

    async def send_again(self, webhook: str, by: Caller, ids: Sequence[int] = ()) -> int:
        """Dead ones: these, or all where none is named. Raises UnknownWebhook, NotRecorded, Unavailable."""
        found = await self.get(webhook, by)
        entry = self._told(found, "webhook.sent_again", by, deliveries=",".join(map(str, ids)) or "all")
        return await self._store.send_again(webhook, ids, self._now(), [entry])

    async def get(self, webhook: str, by: Caller) -> Webhook:
        """Raises UnknownWebhook, Unavailable."""
        for one in await self.all(by):
            if one.id == webhook:
                return one
        raise UnknownWebhook(webhook)

    def _told(self, webhook: Webhook, action: str, by: Caller, **more: str) -> Sealed:
        """The address may hold a token in its path: it is committed to only."""
        details: Details = {"action": action, **more}
        return seal(
            TrailEntry(
                kind=Kind.CONFIGURED, subject=webhook.id, at=self._now(), actor=by.id, details=details,
                private=webhook.url.encode(),
            )
        )  # fmt: skip
