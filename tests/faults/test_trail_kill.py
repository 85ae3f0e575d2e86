"""The trail through crashes: the service is killed under load, or its database is, and the log stays whole.

Every audit that was acknowledged is in the trail once; `verify` finds nothing; a restart takes seconds.
MINGJIAN_FAULTS=long (`make faults`): 200 kills of the service on each database, 50 of PostgreSQL.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.application.verify_trail import TrailVerifier, Verified
from app.store.opening import store_at
from app.trail.keys import read_verifier
from tests.faults.server import Clients, Server
from tests.servers import Postgres, running_postgres

LONG = os.environ.get("MINGJIAN_FAULTS") == "long"
KILLS, CRASHES = (200, 50) if LONG else (3, 2)


@pytest.fixture
def database() -> Iterator[Postgres]:
    """A server of its own: others must not meet its crashes."""
    with running_postgres() as server:
        yield server


def verified(url: str | None, data_dir: Path, subjects: set[str]) -> tuple[Verified, dict[str, int]]:
    """What verification says, and how many entries there are about each of the subjects."""

    async def look() -> tuple[Verified, dict[str, int]]:
        store = store_at(url, data_dir / "mingjian.sqlite3")
        await store.open()
        try:
            keys = [read_verifier(line) for line in (data_dir / "trail/checkpoint-key.pub").read_text().split()]
            found = await TrailVerifier(store.trail, store.effects, keys).verify()
            counts = {one: len(await store.trail.find(one)) for one in subjects}
            return found, counts
        finally:
            await store.close()

    return asyncio.run(look())


def check(url: str | None, data_dir: Path, acknowledged: dict[str, bytes]) -> None:
    ids = {json.loads(answer)["id"] for answer in acknowledged.values()}
    assert len(ids) == len(acknowledged)
    until = time.monotonic() + 30
    found, counts = verified(url, data_dir, ids)
    while any(not count for count in counts.values()) and time.monotonic() < until:
        time.sleep(0.2)  # what was spooled is on its way
        found, counts = verified(url, data_dir, ids)
    assert found.faults == ()
    assert [one for one, count in counts.items() if not count] == [], "acknowledged, and lost"
    assert [one for one, count in counts.items() if count > 2] == [], "told of more than once"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_service_is_killed_under_load(kind: str, tmp_path: Path, database: Postgres) -> None:
    url = database.new_database() if kind == "postgres" else None
    server, moments = Server(tmp_path / "data", DATABASE_URL=url or ""), random.Random(20260302)
    server.start()
    slowest = 0.0
    acknowledged: dict[str, bytes] = {}
    try:
        for number in range(KILLS):
            clients = Clients(server)
            clients.wait_for(acknowledged=50 if LONG else 20)
            time.sleep(moments.uniform(0, 0.3))
            server.kill()
            clients.join()
            acknowledged |= clients.acknowledged
            began = time.monotonic()
            server.start()
            slowest = max(slowest, time.monotonic() - began)
            if number % 20 == 0 or number == KILLS - 1:
                check(url, tmp_path / "data", acknowledged)
    finally:
        server.kill()
    told = f"\n{kind}: {KILLS} kills, {len(acknowledged)} acknowledged, serving again after at most {slowest:.1f} s"
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s


def test_the_database_crashes_under_load(tmp_path: Path, database: Postgres) -> None:
    url = database.new_database()
    server, moments = Server(tmp_path / "data", DATABASE_URL=url), random.Random(20260303)
    server.start()
    acknowledged: dict[str, bytes] = {}
    try:
        for number in range(CRASHES):
            clients = Clients(server)
            clients.wait_for(acknowledged=20)
            database.kill()
            time.sleep(moments.uniform(0, 0.5))
            database.start()
            clients.wait_for(acknowledged=len(clients.acknowledged) + 10)
            clients.stop()
            clients.join()
            acknowledged |= clients.acknowledged
            if number % 10 == 0 or number == CRASHES - 1:
                check(url, tmp_path / "data", acknowledged)
    finally:
        server.kill()
    told = f"\n{CRASHES} crashes of PostgreSQL, {len(acknowledged)} acknowledged, none lost"
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s
