"""The service as a process of its own (独立进程), to be killed; and clients that remember what it acknowledged."""

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.service import KEY, ROOT, charge, encoded, request

HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


class Server:
    """Started on the data directory, again and again, on one port. `settings` are further environment variables."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._settings = {"DATABASE_URL": "", "REDIS_URL": "", **settings}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.data_dir, self.url = data_dir, f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {
            "PORT": str(self.port), "MINGJIAN_HOST": "127.0.0.1", "MINGJIAN_DATA_DIR": str(self.data_dir),
            "MINGJIAN_RULES_DIR": str(ROOT / "rules"), "MINGJIAN_API_KEY": KEY, "MINGJIAN_DECISIONS": "",
            **self._settings,
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.interfaces.cli", "serve"],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "the service ended at its start"
            assert time.monotonic() < until, "the service does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As the power switch of the process: SIGKILL, no farewell."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> None:
        """Tell it to stop in good order."""
        assert self._process is not None
        self._process.terminate()

    def wait(self, seconds: float) -> int:
        """The exit status, once it has ended."""
        assert self._process is not None
        status = self._process.wait(seconds)
        self._process = None
        return status

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.url, headers=HEADERS, timeout=30, trust_env=False) as client:
            yield client


class Clients:
    """Threads that post audits, each under a key and about an encounter of its own, until the service is gone."""

    def __init__(self, server: Server, count: int = 6) -> None:
        self._server = server
        self.acknowledged: dict[str, bytes] = {}  # what was answered, by key
        self.open: set[str] = set()  # sent, and not answered
        self._lock = threading.Lock()
        self._is_over = False
        self._threads = [threading.Thread(target=self._post) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _post(self) -> None:
        with self._server.client() as client:
            while not self._is_over:
                key = uuid.uuid4().hex
                with self._lock:
                    self.open.add(key)
                try:
                    answer = post(client, key)
                except httpx.TransportError:
                    return
                if answer.status_code == 503:  # refused, and not acknowledged
                    with self._lock:
                        self.open.remove(key)
                    continue
                assert answer.status_code == 200
                with self._lock:
                    self.open.remove(key)
                    self.acknowledged[key] = answer.content

    def wait_for(self, acknowledged: int) -> None:
        until = time.monotonic() + 30
        while len(self.acknowledged) < acknowledged and time.monotonic() < until:
            time.sleep(0.005)

    def stop(self) -> None:
        """Post no more; what is under way is still answered."""
        self._is_over = True

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def post(client: httpx.Client, key: str) -> httpx.Response:
    """An audit with findings; the encounter bears the key's name."""
    body = encoded(request(charge("L1"), charge("L2"), charge("L3"), id=key))
    return client.post("/v1/audits", content=body, headers={"idempotency-key": key})
