"""The writer: one commit for many, nothing lost at the end, nobody left waiting when the database fails."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.store.audit_log import NotRecorded
from app.store.sqlite import writer as sqlite_writer
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.vault import Vault

Traced = Callable[[Path], sqlite3.Connection]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "store.sqlite3"
    connection = connect(file)
    connection.execute("CREATE TABLE told (number INTEGER UNIQUE)")
    connection.close()
    return file


def tell(number: int | None, connection: sqlite3.Connection) -> int | None:
    connection.execute("INSERT INTO told VALUES (?)", (number,))
    return number


def told(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    found = [number for (number,) in connection.execute("SELECT number FROM told ORDER BY rowid")]
    connection.close()
    return found


def test_commits_survive_a_power_cut(path: Path) -> None:
    connection = connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


def test_writer_uses_such_a_connection(path: Path) -> None:
    def pragmas(connection: sqlite3.Connection) -> list[object]:
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    async def run() -> list[object]:
        writer = SqliteWriter(path)
        writer.start()
        try:
            return await writer.write(pragmas)
        finally:
            writer.close()

    assert asyncio.run(run()) == ["wal", 2]


def test_group_commit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many that wait together share commits, and each gets its own result."""
    statements: list[str] = []

    def traced(file: Path, vault: Vault) -> sqlite3.Connection:
        connection = connect(file, vault)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite_writer, "connect", traced)

    async def run() -> list[int | None]:
        writer = SqliteWriter(path)
        writer.start()
        try:
            return await asyncio.gather(*(writer.write(partial(tell, number)) for number in range(1000)))
        finally:
            writer.close()

    assert asyncio.run(run()) == list(range(1000))
    assert told(path) == list(range(1000))
    assert 1 <= statements.count("COMMIT") < 100
    assert not statements.count("ROLLBACK")


def test_bad_job_fails_alone(path: Path) -> None:
    def breaks(connection: sqlite3.Connection) -> None:
        tell(98, connection)
        raise OverflowError("too large")

    async def run() -> list[object]:
        writer = SqliteWriter(path)
        writer.start()
        jobs = [partial(tell, 1), partial(tell, 1), breaks, partial(tell, 2)]
        try:
            return await asyncio.gather(*map(writer.write, jobs), return_exceptions=True)
        finally:
            writer.close()

    first, again, broken, last = asyncio.run(run())
    assert (first, last) == (1, 2)
    assert isinstance(again, NotRecorded)
    assert isinstance(broken, OverflowError)
    assert told(path) == [1, 2]


def test_writer_goes_on_after_a_failure(path: Path) -> None:
    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        try:
            for number in range(3):
                assert await writer.write(partial(tell, number)) == number
                with pytest.raises(NotRecorded):
                    await writer.write(partial(tell, number))
        finally:
            writer.close()

    asyncio.run(run())
    assert told(path) == [0, 1, 2]


def test_close_writes_what_waits(path: Path) -> None:
    async def run() -> list[int | None]:
        writer = SqliteWriter(path)
        writer.start()
        waiting = [asyncio.create_task(writer.write(partial(tell, number))) for number in range(700)]
        await asyncio.sleep(0)  # all are queued
        writer.close()
        assert told(path) == list(range(700))
        with pytest.raises(NotRecorded):
            await writer.write(partial(tell, 700))
        return await asyncio.gather(*waiting)

    assert asyncio.run(run()) == list(range(700))
    assert told(path) == list(range(700))


def test_close_twice(path: Path) -> None:
    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        writer.close()
        writer.close()

    asyncio.run(run())


def test_cancelled_request_keeps_its_record(path: Path) -> None:
    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        task = asyncio.create_task(writer.write(partial(tell, 1)))
        await asyncio.sleep(0)
        task.cancel()
        assert await writer.write(partial(tell, 2)) == 2
        writer.close()

    asyncio.run(run())
    assert told(path) == [1, 2]


def test_locked_database_refuses_all_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds the lock: the wait is once for the batch, not once for each record."""

    def impatient(file: Path, vault: Vault) -> sqlite3.Connection:
        connection = connect(file, vault)
        connection.execute("PRAGMA busy_timeout = 200")
        return connection

    monkeypatch.setattr(sqlite_writer, "connect", impatient)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        jobs = [writer.write(partial(tell, number)) for number in range(100)]
        outcomes = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 5)
        assert {type(outcome) for outcome in outcomes} == {NotRecorded}
        other.execute("ROLLBACK")
        assert await writer.write(partial(tell, 7)) == 7
        writer.close()

    asyncio.run(run())
    other.close()
    assert told(path) == [7]


@pytest.mark.parametrize("content", [None, b"this is no database, but it is long enough to look at" * 100])
def test_no_database_refuses(tmp_path: Path, content: bytes | None) -> None:
    """Nobody waits for ever for a thread that could not even open its file."""
    path = tmp_path / "missing" / "store.sqlite3"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)

    async def run() -> None:
        writer = SqliteWriter(path)
        writer.start()
        for number in range(2):
            with pytest.raises(NotRecorded):
                await asyncio.wait_for(writer.write(partial(tell, number)), 5)
        writer.close()

    asyncio.run(run())


def test_thread_ends_with_close(path: Path) -> None:
    async def run() -> None:
        before = threading.active_count()
        writer = SqliteWriter(path)
        writer.start()
        assert threading.active_count() == before + 1
        writer.close()
        assert threading.active_count() == before

    asyncio.run(run())
