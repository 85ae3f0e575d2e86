"""Who calls (调用地址): the connection tells, and a header only where the proxy that sent it is trusted. And what the
server says at its start: the key, but to no journal.
"""

import json
import os
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


@pytest.mark.parametrize(
    ("is_journal", "told"), [(False, f"Authorization: Bearer {KEY}"), (True, "as MINGJIAN_API_KEY")]
)
def test_the_key_is_shown_but_to_a_journal(is_journal: bool, told: str, tmp_path: Path) -> None:
    settings = {"MINGJIAN_API_KEY": KEY, "MINGJIAN_DATA_DIR": str(tmp_path), "PORT": str(free_port()), "REDIS_URL": ""}
    own, given = os.pipe()
    stream = f"{os.fstat(given).st_dev}:{os.fstat(given).st_ino if is_journal else 0}"
    command = [sys.executable, "-m", "app.interfaces.cli", "serve"]
    environment = {**os.environ, **settings, "DATABASE_URL": "", "JOURNAL_STREAM": stream}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=given)
    try:
        os.close(given)
        with os.fdopen(own) as lines:
            said = [lines.readline() for _ in range(3)]
        assert said[2].startswith("Key  ")
        assert told in said[2]
        assert (KEY in said[2]) is not is_journal
    finally:
        process.kill()
        process.wait()
