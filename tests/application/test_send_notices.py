"""Notices arrive at least once, signed, nowhere but where the settings allow, and are given up after a day."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.application.manage_webhooks import WebhookDesk
from app.application.send_notices import NoticeSender
from app.application.webhook_targets import AllowedTargets, BadTarget
from app.domain.access import Caller, Role
from app.domain.notice import MOST_TRIES, DeliveryState, NoticeKind, wait_after
from app.store.opening import store_at
from app.store.store import Store
from tests.store.reviewing import put, review

BY = Caller(id="u1", roles=frozenset({Role.SECURITY_ADMINISTRATOR}))
ALL = frozenset(NoticeKind)


class Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?token=1"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if status == 302:
            self.send_header("location", "http://127.0.0.1:1/inside")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


async def rounds(sender: NoticeSender, count: int = 1) -> None:
    for _ in range(count):
        await sender.make()
        await sender.settled()


def run(tmp_path: Path, steps: Any, *allowed: str) -> None:
    async def all_of_it() -> None:
        store = await asyncio.to_thread(store_at, None, tmp_path / "mingjian.sqlite3")
        await store.open()
        clock = Clock()
        targets = AllowedTargets(allowed)
        sender = NoticeSender(store.webhooks, targets, clock)
        await sender.open()
        sender._task.cancel()  # type: ignore[union-attr] # the test says when to look
        try:
            await steps(store, WebhookDesk(store.webhooks, targets, clock), sender, clock)
        finally:
            await sender.close()
            await store.close()

    asyncio.run(all_of_it())


def test_a_notice_arrives_signed(tmp_path: Path, receiver: Receiver) -> None:
    async def steps(store: Store, desk: WebhookDesk, sender: NoticeSender, _: Clock) -> None:
        made = await desk.add(receiver.url, ALL, BY)
        await put(store, review())
        await rounds(sender)
        ((headers, body),) = receiver.taken
        assert json.loads(body)["data"]["finding"] == "f1"
        secret = base64.b64decode(made.secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{wanted}"
        assert headers["webhook-id"] == json.loads(body)["id"]
        assert headers["host"] == receiver.url.split("/")[2]
        (delivery,) = await desk.deliveries(made.webhook.id, BY)
        assert (delivery.state, delivery.tries, delivery.status) == (DeliveryState.DELIVERED, 1, 204)

    run(tmp_path, steps, "127.0.0.0/8")


def test_what_is_not_taken_is_sent_again_and_given_up_after_a_day(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500, 302, *[503] * 20]

    async def steps(store: Store, desk: WebhookDesk, sender: NoticeSender, clock: Clock) -> None:
        made, began = await desk.add(receiver.url, ALL, BY), clock.now
        await put(store, review())
        for tries in range(1, MOST_TRIES + 1):
            await rounds(sender, 2)  # the second finds nothing that is due
            assert len(receiver.taken) == tries
            (delivery,) = await desk.deliveries(made.webhook.id, BY)
            clock.now = max(clock.now, datetime.fromtimestamp(delivery.due_at / 1e6, UTC))
        assert (delivery.state, delivery.status) == (DeliveryState.DEAD, 503)
        assert timedelta(hours=18) < clock.now - began < timedelta(hours=30)
        assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1
        receiver.answers = []
        assert await desk.send_again(made.webhook.id, BY) == 1
        await rounds(sender)
        assert (await desk.deliveries(made.webhook.id, BY))[0].state is DeliveryState.DELIVERED
        told = await store.trail.find(made.webhook.id)
        assert [b"webhook.added" in one.body or b"webhook.sent_again" in one.body for one in told] == [True, True]
        assert not any(b"token=1" in one.body for one in told)

    run(tmp_path, steps, "127.0.0.1")


def test_who_is_gone_is_not_asked_again(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [410]

    async def steps(store: Store, desk: WebhookDesk, sender: NoticeSender, _: Clock) -> None:
        made = await desk.add(receiver.url, ALL, BY)
        await put(store, review())
        await rounds(sender)
        assert (await desk.deliveries(made.webhook.id, BY))[0].state is DeliveryState.DEAD

    run(tmp_path, steps, "127.0.0.1")


def test_nobody_who_answers_late_holds_up_others(tmp_path: Path, receiver: Receiver) -> None:
    async def steps(store: Store, desk: WebhookDesk, sender: NoticeSender, _: Clock) -> None:
        await desk.add("http://127.0.0.1:1/", ALL, BY)
        good = await desk.add(receiver.url, ALL, BY)
        await put(store, *[review(f"f{number}") for number in range(20)])
        await rounds(sender)
        assert len(receiver.taken) == 20
        assert {one.state for one in await desk.deliveries(good.webhook.id, BY)} == {DeliveryState.DELIVERED}

    run(tmp_path, steps, "127.0.0.1")


def test_nothing_is_sent_to_where_it_may_not_any_more(tmp_path: Path, receiver: Receiver) -> None:
    """The settings are asked at every try, and what the name stands for then."""

    async def steps(store: Store, desk: WebhookDesk, _: NoticeSender, clock: Clock) -> None:
        made = await desk.add(receiver.url, ALL, BY)
        await put(store, review())
        strict = NoticeSender(store.webhooks, AllowedTargets(["10.0.0.0/8"]), clock)
        await strict.open()
        await rounds(strict)
        await strict.close()
        assert receiver.taken == []
        assert "MINGJIAN_WEBHOOK_TARGETS" in (await desk.deliveries(made.webhook.id, BY))[0].fault

    run(tmp_path, steps, "127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
        "http://169.254.169.254/latest/meta-data", "http://0.0.0.0/", "http://10.1.2.3/", "ftp://10.0.0.1/",
        "http://user:pass@10.0.0.1/", "http://10.0.0.1\\@evil/", "file:///etc/passwd", "http:///x", "http://10.0.0.1:99999/",
        "http://10.0.0.1/a b", "http://10.0.0.1/#x", "http://no-such-name.invalid/", "http://",
    ],
)  # fmt: skip
def test_other_targets_are_refused(url: str) -> None:
    with pytest.raises(BadTarget):
        asyncio.run(AllowedTargets(["10.0.0.0/24", "localhost", "no-such-name.invalid"]).find(url))


def test_an_allowed_network_is_reached() -> None:
    found = asyncio.run(AllowedTargets(["10.0.0.0/24"]).find("https://10.0.0.7:8443/a?b=1"))
    assert (found.url, found.authority) == ("https://10.0.0.7:8443/a?b=1", "10.0.0.7:8443")


@pytest.mark.parametrize("told", ["10.0.0.0/99", "", "a/b"])
def test_settings_that_are_none_are_refused(told: str) -> None:
    with pytest.raises(ValueError, match="is no host, address or network"):
        AllowedTargets([told])


def test_waits_grow_and_end() -> None:
    waits = [wait_after(tries, lambda: 0.5) for tries in range(1, MOST_TRIES + 1)]
    assert waits[-1] is None
    seconds = [one.total_seconds() for one in waits[:-1] if one is not None]
    assert seconds == sorted(seconds)
    assert 0.9 < sum(seconds) / 86400 < 1.1
    assert wait_after(1, lambda: 0.0) != wait_after(1, lambda: 1.0)
