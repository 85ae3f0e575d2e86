"""Several processes write to one file: each gets its turn, soon, and one that is gone or stuck is not waited for."""

import asyncio
import fcntl
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.store.audit_log import NotRecorded
from app.store.sqlite.turn import Turn
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.vault import Vault

WRITERS = 4
SECONDS = 2.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "told.sqlite3"
    connection = connect(path)
    connection.execute("CREATE TABLE told (writer TEXT, waited REAL, content BLOB)")
    connection.close()
    return path


def _tell(row: tuple[str, float], connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO told VALUES (?, ?, randomblob(3000))", row)


def write_without_pause(path: Path) -> None:
    """What each of the processes does: four requests at a time, for a while."""

    async def request(writer: SqliteWriter, until: float) -> None:
        waited = 0.0
        while (began := time.monotonic()) < until:
            await writer.write(partial(_tell, (sys.argv[2], waited)))
            waited = time.monotonic() - began

    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        until = time.monotonic() + SECONDS
        await asyncio.gather(*[request(writer, until) for _ in range(4)])
        writer.close()

    asyncio.run(run())


def test_each_gets_its_turn(path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-m", "tests.store.sqlite.test_turn", str(path), str(number)])
        for number in range(WRITERS)
    ]
    assert [process.wait() for process in started] == [0] * WRITERS
    connection = sqlite3.connect(path)
    counts = dict(connection.execute("SELECT writer, count(*) FROM told GROUP BY writer").fetchall())
    (longest,) = connection.execute("SELECT max(waited) FROM told").fetchone()
    connection.close()
    assert len(counts) == WRITERS
    assert longest < 0.5  # SQLite alone: more than one second where a disk is as slow


@pytest.fixture
def turn(path: Path) -> Iterator[tuple[Turn, sqlite3.Connection]]:
    connection = connect(path)
    connection.execute("PRAGMA busy_timeout = 200")
    turn = Turn(path, connection)
    yield turn, connection
    turn.close()
    connection.close()


def test_patience_ends(turn: tuple[Turn, sqlite3.Connection], path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        turn[0].begin()
    assert 0.15 < time.monotonic() - began < 2
    other.execute("ROLLBACK")
    other.close()
    turn[0].begin()
    assert turn[1].in_transaction


def test_a_stuck_head_of_the_queue_is_passed(turn: tuple[Turn, sqlite3.Connection], path: Path) -> None:
    """It holds the place and does not write: the file is free."""
    with path.with_name(f"{path.name}-turn").open("ab") as stuck:
        fcntl.flock(stuck, fcntl.LOCK_EX)
        turn[0].begin()
    assert turn[1].in_transaction


def test_the_place_is_given_up(turn: tuple[Turn, sqlite3.Connection], path: Path) -> None:
    turn[0].begin()
    with path.with_name(f"{path.name}-turn").open("ab") as next_one:
        fcntl.flock(next_one, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_other_failures_are_told_at_once(turn: tuple[Turn, sqlite3.Connection]) -> None:
    turn[0].begin()
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        turn[0].begin()


def test_a_locked_file_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def impatient(file: Path, vault: Vault) -> sqlite3.Connection:
        connection = connect(file, vault)
        connection.execute("PRAGMA busy_timeout = 100")
        return connection

    monkeypatch.setattr("app.store.sqlite.writer.connect", impatient)

    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        with pytest.raises(NotRecorded, match="locked"):
            await writer.write(partial(_tell, ("", 0.0)))
        other.execute("ROLLBACK")
        await writer.write(partial(_tell, ("", 0.0)))
        writer.close()

    asyncio.run(run())
    other.close()


if __name__ == "__main__":
    write_without_pause(Path(sys.argv[1]))
