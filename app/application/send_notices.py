"""Send notices (发送通知): every notice to everybody who asked for it, at least once, signed, tried again for a day.

Any number of workers may do it: a delivery is tried by one of them at a time.
"""

import asyncio
import base64
import contextlib
import hmac
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx

from app.application.webhook_targets import AllowedTargets, BadTarget
from app.domain.notice import DeliveryState, wait_after
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.webhooks import LEASE, Taken, WebhookStore

log = logging.getLogger("mingjian")

_PATIENCE = 10.0  # seconds for a whole answer
_AT_ONCE = 4  # deliveries to one webhook
_LOOK_EVERY = 1.0  # seconds
_CLEAR_EVERY = 3600.0
KEPT = timedelta(days=14)
_GONE = 410
_NO_REUSE = httpx.Limits(max_keepalive_connections=0)  # a connection is to one address, checked for one name


class Answer(NamedTuple):
    """`status` 0: there was none."""

    status: int
    fault: str = ""

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300


def signature_of(secret: bytes, notice: str, timestamp: int, body: bytes) -> str:
    """As Standard Webhooks says: HMAC-SHA-256 over id, time and body."""
    signed = hmac.digest(secret, f"{notice}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


class NoticeSender:
    def __init__(
        self, store: WebhookStore, targets: AllowedTargets, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store, self._targets, self._now = store, targets, now
        self._client: httpx.AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def open(self) -> None:
        self._client = httpx.AsyncClient(timeout=_PATIENCE, trust_env=False, limits=_NO_REUSE)
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """What is being tried is left; whoever is there after the lease tries it again."""
        tasks = [*self._sending.values(), *([self._task] if self._task else [])]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        clears_at = loop.time() + _CLEAR_EVERY
        while True:
            try:
                if await self.make() == 0:
                    await asyncio.sleep(_LOOK_EVERY)
                if loop.time() >= clears_at:
                    clears_at = loop.time() + _CLEAR_EVERY
                    while await self._store.clear(self._now() - KEPT):
                        await asyncio.sleep(_LOOK_EVERY)
            except (Unavailable, NotRecorded) as error:
                log.warning("notices wait: %s", error)
                await asyncio.sleep(_LOOK_EVERY * 5)
            except Exception:
                log.exception("notices could not be sent; it is tried again")
                await asyncio.sleep(_LOOK_EVERY * 5)

    async def make(self) -> int:
        """One round: new notices become deliveries, and whoever has some due is sent them. How many were new."""
        made = await self._store.make_deliveries(self._now())
        for webhook in await self._store.due(self._now()):
            if webhook not in self._sending:
                task = asyncio.create_task(self._send_all(webhook))
                self._sending[webhook] = task
                task.add_done_callback(lambda _, webhook=webhook: self._sending.pop(webhook, None))  # type: ignore[misc]
        return made

    async def settled(self) -> None:
        """Until what is being sent now was answered."""
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def _send_all(self, webhook: str) -> None:
        """Until nothing is due, or a receiver does not take what it is sent."""
        with contextlib.suppress(Unavailable, NotRecorded):  # the lease ends, and they are tried again
            told = {one.webhook.id: one.webhook for one in await self._store.all()}
            secret = await self._store.secret(webhook)
            if webhook not in told or not secret:
                return
            while some := await self._store.take(webhook, self._now(), _AT_ONCE):
                done = await asyncio.gather(*[self._try(told[webhook].url, secret, one) for one in some])
                if not all(done):
                    return

    async def _try(self, url: str, secret: bytes, one: Taken) -> bool:
        answer = await self._post(url, secret, one)
        now = self._now()
        wait = None if answer.status == _GONE else wait_after(one.tries)
        if answer.is_taken:
            state, due_at = DeliveryState.DELIVERED, now
        elif wait is None:
            state, due_at = DeliveryState.DEAD, now
        else:
            state, due_at = DeliveryState.PENDING, now + wait
        await self._store.settle(one, state, now, due_at=due_at, status=answer.status, fault=answer.fault)
        return answer.is_taken

    async def _post(self, url: str, secret: bytes, one: Taken) -> Answer:
        if not one.body:
            return Answer(_GONE, "the notice is no longer kept")
        body, at = one.body.encode(), int(self._now().timestamp())
        assert self._client is not None  # noqa: S101 - for the type checker: `open` comes first
        try:
            target = await self._targets.find(url)
            headers = {
                "host": target.authority,
                "content-type": "application/json",
                "user-agent": "mingjian-webhook",
                "webhook-id": one.notice_id,
                "webhook-timestamp": str(at),
                "webhook-signature": signature_of(secret, one.notice_id, at, body),
            }
            extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
            async with asyncio.timeout(min(_PATIENCE, LEASE.total_seconds() / 2)):  # however slowly it trickles
                sent = self._client.build_request(
                    "POST", target.url, content=body, headers=headers, extensions=extensions
                )
                answer = await self._client.send(sent, stream=True)  # what it says is not read
                await answer.aclose()
        except BadTarget as error:
            return Answer(0, str(error))
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            return Answer(0, f"no answer: {type(error).__name__}")
        status = answer.status_code
        return Answer(status, "" if 200 <= status < 300 else f"answered {status}")
