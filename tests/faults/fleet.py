"""Several workers behind one port (多进程服务), as a process group of their own; and who in it judges by what.

Each answer here bears the number of the worker that gave it, which the service itself tells nobody.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from app.interfaces.asgi import Application, Receive, Scope, Send
from tests.servers import free_port
from tests.service import KEY, ROOT

WORKERS = 4
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
_PATIENCE = 120.0


def worker() -> Application:
    """As app.main.worker, with the number of the process in every answer."""
    from app import main

    app = main.worker()
    mark = (b"x-worker", str(os.getpid()).encode())

    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], mark]}
            await send(message)

        await app(scope, receive, tell)

    return marked


class Fleet:
    def __init__(self, data_dir: Path, rules_dir: Path, *, workers: int = WORKERS, **settings: str) -> None:
        self.port, self.data_dir, self.workers = free_port(), data_dir, workers
        self.settings = {
            "PORT": str(self.port), "MINGJIAN_HOST": "127.0.0.1", "MINGJIAN_DATA_DIR": str(data_dir),
            "MINGJIAN_RULES_DIR": str(rules_dir), "MINGJIAN_API_KEY": KEY, "MINGJIAN_DECISIONS": "",
            "DATABASE_URL": "", "REDIS_URL": "", **settings,
        }  # fmt: skip
        self.log = data_dir.parent / f"{data_dir.name}-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the fleet does not run"
        return self._process

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.fleet", str(self.workers)],
                cwd=ROOT,
                env={**os.environ, **self.settings},
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _PATIENCE
        while len(self.pids()) < self.workers:
            assert self._process.poll() is None, f"the service ended at its start:\n{self.told()}"
            assert time.monotonic() < until, f"not all workers answer:\n{self.told()}"
            time.sleep(0.05)

    def told(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def connection(self, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def pids(self) -> set[str]:
        """The workers that take connections: as each takes what others have more of, all kept open are shared out."""
        found, kept = set(), []
        try:
            for _ in range(4 * self.workers):
                one = self.connection(timeout=10)
                kept.append(one)
                with suppress(OSError):
                    found.add(health(one)[0])
        finally:
            for one in kept:
                one.close()
        return found

    @contextmanager
    def line_to_each(self) -> Iterator[dict[str, http.client.HTTPConnection]]:
        """A connection to every worker: once it is there, it leads to that worker."""
        lines: dict[str, http.client.HTTPConnection] = {}
        until = time.monotonic() + 60
        try:
            while len(lines) < self.workers:
                assert time.monotonic() < until, f"only {len(lines)} of {self.workers} workers take connections"
                one = self.connection()
                pid = health(one)[0]
                if pid in lines:
                    one.close()
                else:
                    lines[pid] = one
            yield lines
        finally:
            for one in lines.values():
                one.close()

    def stop(self) -> int:
        """In good order; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self._process = None
        return status

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> tuple[int, Any, str]:
    """Status, document and worker."""
    content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    connection.request(method, path, content, HEADERS)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text), answer.headers["x-worker"]


def health(connection: http.client.HTTPConnection) -> tuple[str, str]:
    """Which worker it is, and what it judges by."""
    status, document, worker = ask(connection, "GET", "/healthz")
    assert status == 200, document
    return worker, document["ruleset"]


if __name__ == "__main__":
    from app.main import serve

    serve(int(sys.argv[1]), "tests.faults.fleet:worker")
