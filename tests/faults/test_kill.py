"""Acknowledged means stored: the service is killed at any moment, and nothing that it answered is lost or doubled.

A killed process loses what it held itself, not what the system holds for it; that commits are synced to the disk is
what tests/store/test_sqlite_writer.py looks at. MINGJIAN_FAULTS=long (`make faults`) kills a hundred times.
"""

import json
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.data_keys import KeyRing, KeySource
from app.store.sqlite.audit_log import SqliteAuditLog
from app.store.vault import Vault
from tests.faults.server import Clients, Server, post

KILLS = 100 if os.environ.get("MINGJIAN_FAULTS") == "long" else 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    server.start()
    yield server
    server.kill()


def test_killed_at_any_moment(server: Server) -> None:
    moments = random.Random(20260301)
    acknowledged: dict[str, bytes] = {}
    for _ in range(KILLS):
        clients = Clients(server)
        clients.wait_for(acknowledged=20)
        time.sleep(moments.uniform(0, 0.3))
        server.kill()
        clients.join()
        assert len(clients.acknowledged) >= 20
        assert clients.open
        server.start()
        acknowledged |= clients.acknowledged
        check_acknowledged(server, clients.acknowledged)
        acknowledged |= send_again(server, clients)
        check_keys(server.data_dir / "mingjian.sqlite3", set(acknowledged))
        check_findings(server.data_dir / "mingjian.sqlite3", clients.open | set(clients.acknowledged))
    check_acknowledged(server, acknowledged)


def check_acknowledged(server: Server, acknowledged: dict[str, bytes]) -> None:
    """Each can be read, byte for byte, and a retry gets the same."""
    with server.client() as client:
        for answer in acknowledged.values():
            assert client.get(f"/v1/audits/{json.loads(answer)['id']}").content == answer
        for key in list(acknowledged)[-10:]:
            again = post(client, key)
            assert again.headers["idempotent-replayed"] == "true"
            assert again.content == acknowledged[key]


def send_again(server: Server, clients: Clients) -> dict[str, bytes]:
    """What was never answered, with the same keys, twice: whether or not it was stored, there is one answer now."""
    with server.client() as client:
        answers = {key: post(client, key).content for key in clients.open}
        for key, answer in answers.items():
            assert post(client, key).content == answer
    return answers


def check_keys(path: Path, keys: set[str]) -> None:
    """One record for each key, and none besides."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    encounters = [encounter for (encounter,) in connection.execute("SELECT encounter FROM audits")]
    stored = dict(connection.execute("SELECT key, encounter FROM idempotency_keys JOIN audits ON seq = audit_seq"))
    connection.close()
    assert sorted(encounters) == sorted(keys)
    assert stored == {key: key for key in keys}


def check_findings(path: Path, encounters: set[str]) -> None:
    """Every record of these has a row for each finding that it tells of."""
    connection = sqlite3.connect(path)
    counted = "SELECT a.id, encounter, count(f.id) FROM audits a LEFT JOIN findings f ON audit_seq = seq GROUP BY a.id"
    counts = {audit_id: count for audit_id, encounter, count in connection.execute(counted) if encounter in encounters}
    connection.close()
    assert len(counts) == len(encounters)
    log = SqliteAuditLog(path, Vault(KeyRing(KeySource(path.with_name("data-keys")))))
    for audit_id, count in counts.items():
        audit = log._find(audit_id)
        assert audit is not None
        assert count == len(json.loads(audit.audit)["findings"]) + len(json.loads(audit.hidden or b"[]"))
        assert count >= 3
