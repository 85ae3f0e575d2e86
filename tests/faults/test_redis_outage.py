"""Redis that hangs, dies, forgets or is slow: nobody waits for it, and nothing is missing from any answer.

As in test_dependencies.py, MINGJIAN_FAULTS=long makes each outage last for a minute.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.order_entry import doctors, times, wait_until_caught_up
from tests.faults.outage import (
    DEADLINE,
    HEADERS,
    SECONDS,
    check_database,
    check_stored,
    flushed,
    frozen,
    killed,
    slow,
    stopped,
)
from tests.faults.server import Server
from tests.servers import Postgres, Redis, running_postgres, running_redis


@pytest.fixture(scope="module")
def cache() -> Iterator[Redis]:
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


def test_cache_that_does_not_answer(tmp_path: Path, database: Postgres, cache: Redis) -> None:
    url = database.new_database()
    server = Server(tmp_path / "data", DATABASE_URL=url, REDIS_URL=cache.url)
    server.start()
    try:
        with doctors(server, **HEADERS) as working:
            time.sleep(1)
            print("before", times(working.answered))  # noqa: T201 - the figures, for whoever runs it with -s
            for fault in (frozen, killed, stopped, flushed, slow):
                before = len(working.answered)
                with fault(cache):  # type: ignore[operator]
                    time.sleep(SECONDS)
                print(fault.__name__, times(working.answered[before:]))  # noqa: T201
                wait_until_caught_up(server)
        answered = working.stop()
        assert {one.status for one in answered} == {200}
        assert max(one.seconds for one in answered) * 1000 <= DEADLINE
        # A machine of two cores that tests on both may be late for itself, once in a while.
        assert len([one for one in answered if one.audit["degraded"]]) <= len(answered) // 50
        wait_until_caught_up(server)
        with server.client() as client:
            assert client.get("/healthz").json()["dependencies"]["redis"]["state"] == "ok"
        check_stored(server, answered)
        check_database(database, url.rpartition("/")[2], answered)
    finally:
        server.kill()
