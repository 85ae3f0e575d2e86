"""Who calls (调用地址): the connection tells, and a header only where the proxy that sent it is trusted. And what the
server says at its start: the key on a terminal alone.
"""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.interfaces.authentication.proxy import behind_proxies
from app.settings import Settings
from tests.servers import free_port
from tests.service import KEY, ROOT, serving


async def tell_client(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        body = json.dumps(scope["client"][0]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    ("trusted", "told"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.7"), ("192.0.2.1", "127.0.0.1")]
)
def test_a_forwarded_address_is_believed_of_trusted_proxies_only(trusted: str, told: str, tmp_path: Path) -> None:
    settings = Settings(trusted_proxies=trusted)
    with serving(behind_proxies(tell_client, settings), tmp_path, settings) as service:
        assert service.client.get("/", headers={"x-forwarded-for": "203.0.113.7"}).json() == told


def test_on_a_terminal_the_key_is_shown(tmp_path: Path) -> None:
    """Elsewhere it is not: tests/faults/test_workers.py."""
    settings = {"MINGJIAN_API_KEY": KEY, "MINGJIAN_DATA_DIR": str(tmp_path), "PORT": str(free_port()), "REDIS_URL": ""}
    own, given = pty.openpty()
    command = [sys.executable, "-m", "app.interfaces.cli", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings, "DATABASE_URL": ""}, stdout=given)
    try:
        os.close(given)
        told = b""
        while b"Key  " not in told or not told.endswith(b"\n"):
            told += os.read(own, 1000)
        assert f"Authorization: Bearer {KEY}".encode() in told
    finally:
        process.kill()
        process.wait()
        os.close(own)
