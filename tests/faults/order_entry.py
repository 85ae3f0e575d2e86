"""Doctors at order entry (医生下单): several send checks, each under a key, and time every answer."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from tests.faults.server import Server
from tests.service import charge, encoded, request

PATIENCE = 300.0


class Answered(NamedTuple):
    key: str
    status: int
    content: bytes
    seconds: float
    doctor: int

    @property
    def audit(self) -> dict[str, Any]:
        audit: dict[str, Any] = json.loads(self.content)
        return audit


def check_of(key: str, stage: str = "ordering") -> bytes:
    """About a patient of its own; the encounter bears the key's name."""
    patient = {"id": key, "sex": "male", "birth_date": "1980-01-01"}
    return encoded(request(charge("L1"), charge("L2"), stage=stage, id=key, patient=patient))


class Doctors:
    """They begin at once, and go on until they are told to stop. Their number and pause make the load."""

    def __init__(self, server: Server, count: int = 4, pause: float = 0.04, **headers: str) -> None:
        self._server, self._pause, self._headers = server, pause, headers
        self.answered: list[Answered] = []
        self.lost: list[str] = []  # keys of checks whose connection broke
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self, number: int) -> None:
        with self._server.client() as client:
            while not self._stopped.wait(self._pause):
                key = uuid.uuid4().hex
                began = time.perf_counter()
                try:
                    answer = send(client, key, **self._headers)
                except httpx.TransportError:
                    self.lost.append(key)
                    return
                seconds = time.perf_counter() - began
                self.answered.append(Answered(key, answer.status_code, answer.content, seconds, number))

    def stop(self) -> list[Answered]:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        return self.answered


@contextmanager
def doctors(server: Server, **more: Any) -> Iterator[Doctors]:
    working = Doctors(server, **more)
    try:
        yield working
    finally:
        working.stop()


def send(client: httpx.Client, key: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/audits", content=check_of(key), headers={"idempotency-key": key, **named})


def times(answered: list[Answered]) -> str:
    """p50, p99 and the longest, in milliseconds."""
    found = sorted(1000 * one.seconds for one in answered)
    return f"{len(found)} p50 {found[len(found) // 2]:.1f} p99 {found[len(found) * 99 // 100]:.1f} max {found[-1]:.1f}"


def wait_until_caught_up(server: Server) -> None:
    """Everything is stored and made again, and the service says that all is well."""
    until = time.monotonic() + PATIENCE
    with server.client() as client:
        while (health := client.get("/healthz").json())["status"] != "ok":
            assert time.monotonic() < until, health
            time.sleep(0.1)
    assert health["spool"]["records"] == health["spool"]["to_audit_again"] == health["spool"]["set_aside"] == 0
