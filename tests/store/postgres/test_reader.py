"""The reader: two connections that are kept, and given up when an answer is not awaited any more."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.store.history import Unavailable
from app.store.postgres.database import Database
from app.store.postgres.reader import Reader
from tests.servers import Postgres

WHO = "SELECT pg_backend_pid(), $1::int"
SLOW = "SELECT pg_sleep(30), $1::int"


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.new_database()


@asynccontextmanager
async def reading(url: str, timeout: float = 5.0) -> AsyncIterator[Reader]:
    database = Database(url)
    reader = Reader(database, timeout=timeout, warm_up=(WHO, 0))
    await reader.start()
    try:
        yield reader
    finally:
        reader.close()
        await database.close()


def test_two_connections_serve_all(url: str) -> None:
    async def run() -> None:
        async with reading(url) as reader:
            answers = await asyncio.gather(*(reader.fetch(WHO, number) for number in range(200)))
            assert [row[1] for (row,) in answers] == list(range(200))
            assert 1 <= len({row[0] for (row,) in answers}) <= 2

    asyncio.run(run())


def test_who_takes_too_long_is_given_up(url: str) -> None:
    async def run() -> None:
        async with reading(url) as reader:
            (first,) = await reader.fetch(WHO, 1)
            started = time.monotonic()
            with pytest.raises(Unavailable):
                await reader.fetch(SLOW, 1, timeout=0.1)
            assert time.monotonic() - started < 1
            (second,) = await reader.fetch(WHO, 2)
            assert second[1] == 2
            assert second[0] != first[0]

    asyncio.run(run())


def test_cancelled_request_leaves_no_answer_for_the_next(url: str) -> None:
    async def run() -> None:
        async with reading(url) as reader:
            await reader.fetch(WHO, 0)
            for number in range(30):
                asked = [asyncio.create_task(reader.fetch(WHO, -number)) for _ in range(5)]
                await asyncio.sleep(0.0003 * (number % 5))
                for one in asked[::2]:
                    one.cancel()
                answers = await asyncio.gather(*asked, reader.fetch(WHO, number), return_exceptions=True)
                assert answers[-1][0][1] == number
                assert [one[0][1] for one in answers[1:5:2]] == [-number] * 2

    asyncio.run(run())


def test_a_question_that_is_refused_costs_no_connection(url: str) -> None:
    async def run() -> None:
        async with reading(url) as reader:
            pids = set()
            for _ in range(3):
                with pytest.raises(Unavailable, match="DivisionByZeroError"):
                    await reader.fetch("SELECT 1 / 0")
                pids.add((await reader.fetch(WHO, 1))[0][0])
            assert len(pids) == 1

    asyncio.run(run())


def test_closed(url: str) -> None:
    async def run() -> None:
        async with reading(url) as reader:
            await reader.fetch(WHO, 1)
            reader.close()
            with pytest.raises(Unavailable):
                await reader.fetch(WHO, 1)

    asyncio.run(run())
