"""Webhooks over REST, and the stream of events: within one's scope, from where one was, and never too many."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.application.draining import DRAINING
from app.domain.access import Role, Scope
from app.interfaces.gate import Gate
from app.interfaces.rest.events import MOST_OF_ONE
from app.store.opening import store_at
from app.store.store import Store
from tests.interfaces.access import as_caller, let_in
from tests.interfaces.console.system import settings_of, system_app
from tests.service import Service, problem_of, serving
from tests.store.reviewing import put, review

SECURITY, READER = as_caller(Role.SECURITY_ADMINISTRATOR), as_caller(Role.AUDIT_STAFF, name="reader")
HOOK = {"url": "http://127.0.0.1:9/x", "description": "集成平台"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = settings_of(tmp_path, webhook_targets=["127.0.0.1"])
    app = system_app(settings, store_at(None, settings.database_path))
    assert isinstance(app, Gate)
    with serving(let_in(app), tmp_path) as running:
        yield running


def happens(service: Service, *names: str, **changes: Any) -> None:
    """Findings come in, by another process."""

    async def take_in() -> None:
        store: Store = await asyncio.to_thread(store_at, None, service.data_dir / "mingjian.sqlite3")
        await store.open()
        await put(store, *[review(name, **changes) for name in names])
        await store.close()

    asyncio.run(take_in())


def test_a_webhook_is_made_listed_and_removed(service: Service) -> None:
    made = service.client.post("/v1/webhooks", json=HOOK, headers=SECURITY)
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["secret"].startswith("whsec_")
    assert made.headers["cache-control"] == "no-store"
    assert told["kinds"] == ["finding.deadline", "finding.found", "finding.moved"]
    (listed,) = service.client.get("/v1/webhooks", headers=SECURITY).json()["webhooks"]
    assert "secret" not in listed
    assert listed["id"] == told["id"]
    happens(service, "f1")
    path, until = f"/v1/webhooks/{told['id']}/deliveries", time.monotonic() + 10
    while not (found := service.client.get(path, headers=SECURITY).json()["deliveries"]) and time.monotonic() < until:
        time.sleep(0.1)
    assert found[0]["kind"] == "finding.found"
    assert service.client.get(path, headers=SECURITY, params={"state": "dead"}).json()["deliveries"] == []
    again = service.client.post(f"/v1/webhooks/{told['id']}/redeliver", headers=SECURITY)
    assert again.json() == {"count": 0}
    assert service.client.delete(f"/v1/webhooks/{told['id']}", headers=SECURITY).status_code == 204
    problem_of(service.client.delete(f"/v1/webhooks/{told['id']}", headers=SECURITY), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"url": "http://10.0.0.1/"}, "webhook-target"),
        ({"url": "http://169.254.169.254/"}, "webhook-target"),
        ({"url": "ftp://127.0.0.1/"}, "invalid-request"),
        ({**HOOK, "kinds": []}, "invalid-request"),
        ({**HOOK, "kinds": ["audit"]}, "invalid-request"),
        ({**HOOK, "more": 1}, "invalid-request"),
        ({}, "invalid-request"),
    ],
)
def test_what_is_no_webhook_is_refused(service: Service, body: Any, name: str) -> None:
    problem_of(service.client.post("/v1/webhooks", json=body, headers=SECURITY), 422, name)
    assert service.client.get("/v1/webhooks", headers=SECURITY).json() == {"webhooks": []}


def test_only_who_manages_keys_changes_webhooks(service: Service) -> None:
    operator = as_caller(Role.SYSTEM_ADMINISTRATOR)
    assert service.client.get("/v1/webhooks", headers=operator).status_code == 200
    problem_of(service.client.post("/v1/webhooks", json=HOOK, headers=operator), 403, "forbidden")
    problem_of(service.client.get("/v1/webhooks", headers=READER), 403, "forbidden")


def test_a_webhook_reaches_no_further_than_who_makes_it(service: Service) -> None:
    here = as_caller(Role.SECURITY_ADMINISTRATOR, scope=Scope(facilities=frozenset({"F1"})))
    problem_of(
        service.client.post("/v1/webhooks", json={**HOOK, "facilities": ["F2"]}, headers=here), 403, "out-of-scope"
    )
    made = service.client.post("/v1/webhooks", json=HOOK, headers=here).json()
    assert made["facilities"] == ["F1"]
    wide = service.client.post("/v1/webhooks", json=HOOK, headers=SECURITY).json()["id"]
    assert [one["id"] for one in service.client.get("/v1/webhooks", headers=here).json()["webhooks"]] == [made["id"]]
    problem_of(service.client.delete(f"/v1/webhooks/{wide}", headers=here), 404)
    problem_of(service.client.get(f"/v1/webhooks/{wide}/deliveries", headers=here), 404)
    problem_of(service.client.post(f"/v1/webhooks/{wide}/redeliver", headers=here), 404)


class Stream:
    """What a listener hears, read in a thread of its own."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.events: list[tuple[int, str, Any]] = []
        self._socket: socket.socket = answer.extensions["network_stream"].get_extra_info("socket")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self.answer.iter_lines():
                name, _, value = line.partition(": ")
                if line and not line.startswith(":"):
                    fields[name] = value
                elif not line and "event" in fields:
                    self.events.append((int(fields.get("id", 0)), fields["event"], json.loads(fields["data"])))
                    fields = {}
        except httpx.HTTPError:
            return

    def hang_up(self) -> None:
        """At once: closed by another thread, a connection lives as long as whoever reads from it."""
        with suppress(OSError):  # the other end did
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        assert not self._thread.is_alive()

    def hears(self, count: int, seconds: float = 8) -> list[str]:
        until = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < until:
            time.sleep(0.02)
        return [told["data"]["finding"] for _, _, told in self.events]


@contextmanager
def listening(service: Service, caller: dict[str, str], last: int | None = None) -> Iterator[Stream]:
    headers = {**caller, **({} if last is None else {"last-event-id": str(last)})}
    with (
        httpx.Client(base_url=service.url, timeout=20, trust_env=False) as client,
        client.stream("GET", "/v1/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        yield stream
        stream.hang_up()


def test_events_arrive_as_they_happen_within_the_scope(service: Service) -> None:
    happens(service, "before")
    elsewhere = as_caller(Role.AUDIT_STAFF, scope=Scope(facilities=frozenset({"F2"})), name="elsewhere")
    with listening(service, READER) as everywhere, listening(service, elsewhere) as limited:
        time.sleep(0.2)
        happens(service, "f1")
        happens(service, "f2", facility="F2")
        assert everywhere.hears(2) == ["f1", "f2"]
        assert limited.hears(1) == ["f2"]
        assert "patient" not in json.dumps(everywhere.events)


def test_a_listener_goes_on_after_what_it_has_seen(service: Service) -> None:
    happens(service, "f1", "f2", "f3")
    with listening(service, READER, last=0) as stream:
        assert stream.hears(3) == ["f1", "f2", "f3"]
        seen = stream.events[0][0]
    with listening(service, READER, last=seen) as stream:
        assert stream.hears(2) == ["f2", "f3"]


def test_a_caller_holds_few_streams(service: Service) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_OF_ONE):
            stack.enter_context(listening(service, READER))
        problem_of(service.client.get("/v1/events", headers=READER), 429, "too-many-streams")
        other = as_caller(Role.AUDIT_STAFF, name="other")
        with listening(service, other):
            pass
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with service.client.stream("GET", "/v1/events", headers=READER) as answer:
            if answer.status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail("a stream that was hung up is never given back")


def test_a_stream_ends_when_the_service_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(tmp_path)
    app = system_app(settings, store_at(None, settings.database_path))
    began = 0.0
    with httpx.Client(trust_env=False, timeout=20) as client:
        with serving(let_in(app), tmp_path) as running:
            request = client.build_request("GET", f"{running.url}/v1/events", headers=READER)
            answer = client.send(request, stream=True)
            stream = Stream(answer)
            began = time.monotonic()
            monkeypatch.setattr(DRAINING, "has_begun", True)  # as the service's own server does when it is told to stop
        assert time.monotonic() - began < 5
        stream.hang_up()
        answer.close()


def test_who_may_not_read_findings_hears_nothing(service: Service) -> None:
    problem_of(service.client.get("/v1/events", headers=SECURITY), 403, "forbidden")
