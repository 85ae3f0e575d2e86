"""The notices put together (通知组装), for the composition root: to webhooks, and to whoever listens."""

from fastapi import APIRouter

from app.application.follow_notices import NoticeTail
from app.application.manage_webhooks import WebhookDesk
from app.application.send_notices import NoticeSender
from app.application.webhook_targets import AllowedTargets
from app.interfaces.rest.events import EventStreams
from app.interfaces.rest.webhooks import webhook_router
from app.settings import Settings
from app.store.store import Store


class Notices:
    def __init__(self, settings: Settings, store: Store) -> None:
        """Raises ValueError where the settings name a target that is none."""
        targets = AllowedTargets(settings.webhook_targets)
        self.desk = WebhookDesk(store.webhooks, targets)
        self._sender = NoticeSender(store.webhooks, targets)
        self._tail = NoticeTail(store.notices)
        self.events = EventStreams(self._tail)

    async def open(self) -> None:
        """The store is to be opened before."""
        await self._tail.open()
        await self._sender.open()

    async def close(self) -> None:
        """The store is to be closed after."""
        await self._tail.close()
        await self._sender.close()

    def router(self) -> APIRouter:
        return webhook_router(self.desk)
