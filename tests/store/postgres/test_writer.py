"""The writer: one commit for many, a bad job fails alone, and who is only in another's way is done again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.store.audit_log import NotRecorded, Unstorable
from app.store.postgres.database import Connection, Database
from app.store.postgres.writer import PostgresWriter
from tests.servers import Postgres
from tests.store.postgres.build import rows

Job = Callable[[Connection], Awaitable[Any]]


@pytest.fixture
def url(postgres: Postgres) -> str:
    url = postgres.new_database()
    postgres.sql("CREATE TABLE told (number int UNIQUE, times int DEFAULT 0)", url.rpartition("/")[2])
    return url


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[PostgresWriter]:
    database = Database(url)
    writer = PostgresWriter(database)
    writer.start()
    try:
        yield writer
    finally:
        await writer.close()
        await database.close()


def tell(number: int | None) -> Job:
    async def job(connection: Connection) -> str:
        await connection.execute("INSERT INTO told VALUES ($1)", number)
        return str(await connection.fetchval("SELECT txid_current()"))

    return job


def test_group_commit(url: str) -> None:
    async def run() -> list[str]:
        async with writing(url) as writer:
            return await asyncio.gather(*(writer.write(tell(number)) for number in range(1000)))

    transactions = asyncio.run(run())
    assert 1 <= len(set(transactions)) < 20
    assert asyncio.run(rows(url, "SELECT count(*) FROM told")) == [(1000,)]


def test_bad_job_fails_alone(url: str) -> None:
    async def breaks(connection: Connection) -> None:
        await tell(98)(connection)
        raise OverflowError("too large")

    async def swallows(connection: Connection) -> None:
        with pytest.raises(Exception, match="syntax error"):
            await connection.execute("nonsense")

    async def run() -> list[Any]:
        async with writing(url) as writer:
            jobs = [tell(1), tell(1), breaks, tell(2)]
            told = await asyncio.gather(*map(writer.write, jobs), return_exceptions=True)
            with pytest.raises(NotRecorded):
                await writer.write(swallows)
            await writer.write(tell(3))
            return told

    first, again, broken, last = asyncio.run(run())
    assert isinstance(again, Unstorable)
    assert isinstance(broken, OverflowError)
    assert first == last  # one transaction for those that are well
    assert asyncio.run(rows(url, "SELECT number FROM told ORDER BY 1")) == [(1,), (2,), (3,)]


def test_who_waits_in_a_circle_is_done_again(url: str) -> None:
    """Two workers that lock the same rows, each in the other's order."""
    both = asyncio.Barrier(2)
    attempts = []

    def count(first: int, second: int) -> Job:
        met = []

        async def job(connection: Connection) -> None:
            attempts.append(first)
            await connection.execute("UPDATE told SET times = times + 1 WHERE number = $1", first)
            if not met:
                met.append(True)
                await both.wait()
            await connection.execute("UPDATE told SET times = times + 1 WHERE number = $1", second)

        return job

    async def run() -> None:
        async with writing(url) as one, writing(url) as two:
            await asyncio.gather(one.write(tell(1)), one.write(tell(2)))
            await asyncio.gather(one.write(count(1, 2)), two.write(count(2, 1)))

    asyncio.run(run())
    assert len(attempts) == 3
    assert asyncio.run(rows(url, "SELECT times FROM told")) == [(2,), (2,)]


def test_nothing_is_stored_of_what_is_not_acknowledged(url: str) -> None:
    """The connection breaks in the middle of a transaction: it is done again on another, once."""
    broken = []

    async def breaks_once(connection: Connection) -> None:
        await connection.execute("INSERT INTO told VALUES (7)")
        if not broken:
            broken.append(True)
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async def run() -> None:
        async with writing(url) as writer:
            await asyncio.gather(writer.write(breaks_once), writer.write(tell(8)))

    asyncio.run(run())
    assert asyncio.run(rows(url, "SELECT number FROM told ORDER BY 1")) == [(7,), (8,)]


def test_a_connection_that_always_breaks(url: str) -> None:
    async def breaks(connection: Connection) -> None:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async def run() -> None:
        async with writing(url) as writer:
            outcomes = await asyncio.gather(writer.write(breaks), writer.write(tell(8)), return_exceptions=True)
            assert {type(one) for one in outcomes} == {NotRecorded}
            await writer.write(tell(9))

    asyncio.run(run())
    assert asyncio.run(rows(url, "SELECT number FROM told")) == [(9,)]
