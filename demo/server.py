"""The service to talk to (演示服务): the one at MINGJIAN_URL, else one of the demo's own that ends with it."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from demo.samples import ROOT

_PATIENCE = 60.0  # seconds; the first start compiles the rules


class NotAnswering(Exception):
    """The service could not be reached; the text says why."""


class Service(NamedTuple):
    url: str
    key: str

    def post(self, path: str, body: bytes) -> bytes:
        """Raises urllib.error.HTTPError where the service refuses."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with urlopen(Request(self.url + path, body, headers), timeout=30) as answer:  # noqa: S310 - http, as configured
            content: bytes = answer.read()
        return content

    def is_healthy(self) -> bool:
        try:
            with urlopen(self.url + "/healthz", timeout=5) as answer:  # noqa: S310 - http, as configured
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def service() -> Iterator[Service]:
    """A service that answers. Raises NotAnswering. One that was started here is stopped in every case."""
    if url := os.environ.get("MINGJIAN_URL", "").rstrip("/"):
        given = Service(url, os.environ.get("MINGJIAN_API_KEY", ""))
        if not given.is_healthy():
            raise NotAnswering(f"nothing answers at {url}/healthz; start the service, or unset MINGJIAN_URL")
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="mingjian-demo-") as folder, _own_service(Path(folder)) as own:
        yield own


@contextmanager
def _own_service(folder: Path) -> Iterator[Service]:
    own = Service(f"http://127.0.0.1:{(port := _free_port())}", secrets.token_urlsafe(24))
    settings = {
        "PORT": str(port),
        "MINGJIAN_HOST": "127.0.0.1",
        "MINGJIAN_DATA_DIR": str(folder / "data"),
        "MINGJIAN_RULES_DIR": str(ROOT / "rules"),
        "MINGJIAN_API_KEY": own.key,
        "MINGJIAN_DECISIONS": "",
    }
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.interfaces.cli", "serve"],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(own, process, log)
            yield own
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(own: Service, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not own.is_healthy():
        if process.poll() is not None or time.monotonic() > until:
            said = log.read_text("utf-8", "replace").strip() or "it said nothing"
            raise NotAnswering(f"the service did not start: {said[-2000:]}")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
