"""Outages (故障): how a dependency fails, and what must hold during it and afterwards."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.application.reaudit import following_id
from tests.faults.order_entry import Answered, send, times
from tests.faults.server import Server
from tests.servers import Postgres, Redis
from tests.servers import Server as Dependency

IS_LONG = os.environ.get("MINGJIAN_FAULTS") == "long"
SECONDS = 60.0 if IS_LONG else 3.0
DEADLINE = 150 if IS_LONG else 1000  # milliseconds
HEADERS = {"x_deadline_ms": str(DEADLINE)}


@contextmanager
def frozen(server: Dependency) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def killed(server: Dependency) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        (server.folder / "data/postmaster.pid").unlink(missing_ok=True)  # of PostgreSQL, which would wonder
        server.start()


@contextmanager
def stopped(server: Dependency) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def check_answers(during: list[Answered], fault: str) -> None:
    """What could not be used is named, and so are the rules that needed it."""
    print(fault, times(during))  # noqa: T201 - the figures, for whoever runs it with -s
    degraded = [one.audit["degraded"] for one in during[20:]]
    share = 0.9 if IS_LONG else 0.5  # in seconds, on a busy machine, the first answers weigh more
    assert degraded.count(["history", "record"]) >= len(degraded) * share > 0
    for one in during:
        missing = {point["missing"] for point in one.audit["not_evaluated"]}
        assert ("history" in missing) == ("history" in one.audit["degraded"])


def check_degraded_health(server: Server) -> None:
    """Requests may still be sent here, and whoever looks sees what is wrong; no address of anything."""
    with server.client() as client:
        health = client.get("/healthz")
        ready = client.get("/readyz")
    told = health.json()
    assert (health.status_code, told["status"]) == (200, "degraded")
    assert told["breakers"]["record"]["state"] != "closed"
    assert told["breakers"]["history"]["state"] != "closed"
    assert told["spool"]["records"] > 0
    assert told["spool"]["to_audit_again"] > 0
    assert told["degraded_since"] is not None
    assert "127.0.0.1" not in health.text
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "reasons": []})


def check_stored(server: Server, answered: list[Answered]) -> None:
    """Each can be read as it was answered, a retry gets the same, and what lacked the past was made again with it."""
    with server.client() as client:
        for one in answered[:: 1 if IS_LONG else max(1, len(answered) // 100)]:
            audit = one.audit
            stored = client.get(f"/v1/audits/{audit['id']}")
            assert stored.content == one.content
            following = client.get(f"/v1/audits/{following_id(audit['id'])}")
            assert following.status_code == (200 if "history" in audit["degraded"] else 404)
            if following.status_code == 200:
                assert f"</v1/audits/{following.json()['id']}>" in stored.headers["link"]
                check_follows(audit, following.json())
        for one in answered[:: max(1, len(answered) // 20)]:
            again = send(client, one.key, x_deadline_ms="1000")
            assert (again.content, again.headers.get("idempotent-replayed")) == (one.content, "true")


def check_follows(first: dict[str, object], following: dict[str, object]) -> None:
    assert following["follows"] == first["id"]
    assert following["degraded"] == []
    assert (following["encounter"], following["stage"]) == (first["encounter"], first["stage"])
    assert following["findings"] == first["findings"]  # nothing is in the past of these patients
    assert [one for one in following["not_evaluated"] if one["missing"] == "history"] == []  # type: ignore[attr-defined]


def check_database(database: Postgres, name: str, answered: list[Answered]) -> None:
    """One record for each, and in the order in which each doctor was answered."""
    listed = database.sql("SELECT id FROM audits ORDER BY seq", name).split()
    asked = {one.audit["id"]: one for one in answered}
    firsts = [one for one in listed if one in asked]
    assert sorted(firsts) == sorted(asked)
    spooled = [one for one in firsts if "record" in asked[one].audit["degraded"]]
    for doctor in {one.doctor for one in answered}:
        told = [one.audit["id"] for one in answered if one.doctor == doctor and "record" in one.audit["degraded"]]
        assert [one for one in spooled if asked[one].doctor == doctor] == told
    again = [following_id(one.audit["id"]) for one in answered if "history" in one.audit["degraded"]]
    assert sorted(set(listed) - set(firsts)) == sorted(again)
    keys = database.sql("SELECT count(*) FROM idempotency_keys", name)
    assert int(keys) == len(answered)
    lines = database.sql("SELECT count(*) FROM history_lines", name)
    assert int(lines) == 2 * len(answered)


@contextmanager
def flushed(server: Redis) -> Iterator[None]:
    """Everything that it held is gone, again and again."""
    with repeated(server, b"FLUSHALL", 0.2):
        yield


@contextmanager
def slow(server: Redis) -> Iterator[None]:
    """It answers nobody for half of the time."""
    with repeated(server, b"CLIENT PAUSE 100 ALL", 0.2):
        yield


@contextmanager
def repeated(server: Redis, command: bytes, pause: float) -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            while not over.wait(pause):
                connection.sendall(command + b"\r\n")
                assert connection.recv(100).startswith(b"+OK")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
