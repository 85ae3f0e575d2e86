"""PostgreSQL and SQLite that hang, die or come back: order entry is answered in time, and nothing answered is lost.

MINGJIAN_FAULTS=long (`make faults`) lets each fault last for a minute, under the usual deadline of 150 ms; the short
form lasts for seconds and grants a whole one, as the machine of a continuous integration has pauses of its own.
"""

import json
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.application.reaudit import following_id
from tests.faults.order_entry import Answered, Doctors, check_of, doctors, send, times, wait_until_caught_up
from tests.faults.outage import (
    DEADLINE,
    HEADERS,
    SECONDS,
    check_answers,
    check_database,
    check_degraded_health,
    check_stored,
    frozen,
    killed,
    stopped,
)
from tests.faults.server import Server
from tests.interfaces.nhsa.messages import message, person, visit
from tests.servers import Postgres, postgres_binaries, running_postgres


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def served(database: Postgres, tmp_path: Path) -> Iterator[tuple[Server, Postgres, str]]:
    url = database.new_database()
    server = Server(tmp_path / "data", DATABASE_URL=url)
    server.start()
    yield server, database, url.rpartition("/")[2]
    server.kill()


def test_database_that_does_not_answer(served: tuple[Server, Postgres, str]) -> None:
    """It hangs, is killed, is stopped, one after the other; the doctors go on."""
    server, database, name = served
    with doctors(server, **HEADERS) as working:
        time.sleep(1)
        print("before", times(working.answered))  # noqa: T201 - the figures, for whoever runs it with -s
        for fault in (frozen, killed, stopped):
            before = len(working.answered)
            with fault(database):
                time.sleep(SECONDS)
                during = working.answered[before:]
                check_degraded_health(server)
            check_answers(during, fault.__name__)
            wait_until_caught_up(server)
    answered = working.stop()
    print("all", times(answered))  # noqa: T201
    assert {one.status for one in answered} == {200}
    assert max(one.seconds for one in answered) * 1000 <= DEADLINE
    check_stored(server, answered)
    check_database(database, name, answered)


def test_killed_while_degraded(served: tuple[Server, Postgres, str]) -> None:
    """The service is killed while the database hangs: what it answered is stored by the one that follows."""
    server, database, name = served
    answered: list[Answered] = []
    with frozen(database):
        working = Doctors(server, **HEADERS)
        until = time.monotonic() + 20
        while len(working.answered) < 60 and time.monotonic() < until:
            time.sleep(0.01)
        server.kill()
        answered += working.stop()
    assert len(answered) >= 60
    assert {one.status for one in answered} == {200}
    server.start()
    with server.client() as client:
        for key in working.lost:  # they were never answered: now they are, once
            answered.append(_sent(client, key))
        for one in answered[-3:]:
            assert send(client, one.key, x_deadline_ms="1000").content == one.content
    wait_until_caught_up(server)
    check_stored(server, answered)
    check_records_once(database, name, answered)


def _sent(client: object, key: str) -> Answered:
    answer = send(client, key, x_deadline_ms="1000")  # type: ignore[arg-type]
    return Answered(key, answer.status_code, answer.content, 0, -1)


def check_records_once(database: Postgres, name: str, answered: list[Answered]) -> None:
    first = "SELECT encounter FROM audits a WHERE NOT id = ANY ('{%s}')"
    again = ",".join(following_id(one.audit["id"]) for one in answered)
    encounters = database.sql(first % again, name).split()
    assert sorted(encounters) == sorted(one.key for one in answered)


def test_record_that_waits_for_a_lock(served: tuple[Server, Postgres, str]) -> None:
    """The past can be read, and nothing can be written: only the record is late."""
    server, database, name = served
    psql = [postgres_binaries() / "psql", "-h", "127.0.0.1", "-p", str(database.port), "-U", "mingjian", "-d", name]
    lock = f"BEGIN; LOCK TABLE audits IN SHARE MODE; SELECT pg_sleep({SECONDS}); COMMIT"
    with subprocess.Popen([*psql, "-Xqc", lock], stdout=subprocess.DEVNULL) as locking:
        time.sleep(0.5)
        with doctors(server, **HEADERS) as working:
            time.sleep(SECONDS - 1)
        assert locking.poll() is None
    answered = working.stop()
    print("locked", times(answered))  # noqa: T201
    assert {one.status for one in answered} == {200}
    assert max(one.seconds for one in answered) * 1000 <= DEADLINE
    assert {tuple(one.audit["degraded"]) for one in answered} == {("record",)}
    wait_until_caught_up(server)
    check_stored(server, answered)
    check_database(database, name, answered)


def test_locked_file(tmp_path: Path) -> None:
    """SQLite, and another process that holds the lock."""
    server = Server(tmp_path / "data")
    server.start()
    try:
        other = sqlite3.connect(tmp_path / "data/mingjian.sqlite3", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with doctors(server, **HEADERS) as working:
            time.sleep(SECONDS)
        other.execute("ROLLBACK")
        answered = working.stop()
        print("locked file", times(answered))  # noqa: T201
        assert {one.status for one in answered} == {200}
        assert max(one.seconds for one in answered) * 1000 <= DEADLINE
        assert {tuple(one.audit["degraded"]) for one in answered} == {("record",)}
        wait_until_caught_up(server)
        check_stored(server, answered)
        listed = [row[0] for row in other.execute("SELECT id FROM audits ORDER BY seq")]
        other.close()
    finally:
        server.kill()
    assert sorted(listed) == sorted(one.audit["id"] for one in answered)
    for doctor in {one.doctor for one in answered}:
        told = [one.audit["id"] for one in answered if one.doctor == doctor]
        assert [one for one in listed if one in told] == told


def test_national_interface(served: tuple[Server, Postgres, str]) -> None:
    """3101: the same deadline; what could not be judged is told where the form of the answer has a place for it."""
    server, database, name = served
    headers = {"x-deadline-ms": str(DEADLINE)}
    with server.client() as client:
        with frozen(database):
            answers = []
            for number in range(20):
                asked = message(person(visit(mdtrt_id=f"M{number:04d}")))
                began = time.perf_counter()
                answers.append(client.post("/fsi/api/3101", json=asked, headers=headers))
                assert (time.perf_counter() - began) * 1000 <= DEADLINE
        for answer in answers:
            told = answer.json()
            assert (told["infcode"], told["err_msg"]) == (0, "")
            assert len(told["output"]["result"]) == 1
            assert re.fullmatch("患者既往数据暂不可用，[1-9][0-9]* 条规则未能审核，恢复后自动补审", told["warn_msg"])
        refused = client.post("/fsi/api/3101", json=message(), headers={"x-deadline-ms": "soon"}).json()
        assert refused["infcode"] == -1
        assert "X-Deadline-Ms" in refused["err_msg"]
    wait_until_caught_up(server)
    encounters = database.sql("SELECT encounter FROM audits ORDER BY seq", name).split()
    assert encounters[:20] == [f"M{number:04d}" for number in range(20)]
    assert sorted(encounters[20:]) == encounters[:20]  # each made again


def test_bulk_is_to_be_sent_again(served: tuple[Server, Postgres, str]) -> None:
    """A stream can be repeated, so it does not fill the spool: each line is told that it was not recorded."""
    server, database, _ = served
    with server.client() as client, frozen(database):
        for number in range(10):  # until nobody waits for the database any more
            send(client, f"warm{number}", **HEADERS)
        lines = [check_of(f"bulk{number}", "settled") for number in range(100)]
        began = time.monotonic()
        answer = client.post("/v1/audits/bulk", content=b"\n".join(lines))
        assert time.monotonic() - began < 5
        told = [json.loads(line) for line in answer.content.splitlines()]
        assert [one["type"] for one in told] == ["urn:mingjian:problem:not-recorded"] * 100
        assert client.get("/healthz").json()["spool"]["records"] == 10
    wait_until_caught_up(server)
