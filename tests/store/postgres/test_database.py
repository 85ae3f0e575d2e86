"""How the database is named, and that neither its password nor what it holds is ever told."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy.exc

from app.store.audit_log import Unstorable
from app.store.history import Unavailable
from app.store.migrate import migrate
from app.store.opening import store_at
from app.store.postgres.database import Database, dsn_of, is_refusal, told
from tests.servers import Postgres, free_port
from tests.store.build import record
from tests.store.postgres.build import opened, rows


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_url(postgres: Postgres, scheme: str) -> None:
    url = postgres.new_database().replace("postgresql", scheme)

    async def run() -> None:
        async with opened(url) as store:
            await store.check()

    asyncio.run(run())


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:sesame@host/db",
        "sesame",
        "postgresql://u:sesame@host:port/db",
        "postgresql://u:open/sesame@host/db",
        "postgresql+psycopg://u:sesame@host/db",
        "postgresql:sesame",
        "postgresql://u:[sesame@host/db",
    ],
)
def test_what_is_no_url_is_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL cannot be read") as caught:
        store_at(url, Path("not used"))
    assert "sesame" not in "".join(map(str, (caught.value, caught.value.__cause__)))


def test_url_with_more_hosts_and_options() -> None:
    url = "postgres://u:p%40ss@one:5432,two:5433/db?sslmode=require&target_session_attrs=read-write"
    assert dsn_of(url) == url.replace("postgres://", "postgresql://")
    assert dsn_of("postgresql:///db?host=/run/postgresql")


def test_who_is_not_there_is_told_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"postgresql://u:sesame@127.0.0.1:{free_port()}/db"
    with pytest.raises(Unavailable, match="ConnectionRefusedError") as caught:
        store_at(url, Path("not used"))
    assert "sesame" not in "".join(map(repr, (caught.value, caught.value.__cause__, caught.value.__context__)))
    assert "sesame" not in caplog.text


def test_a_row_that_is_refused_is_not_told(postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = postgres.new_database()

    async def run() -> str:
        async with opened(url) as store:
            with pytest.raises(Unstorable) as caught:
                await store.log.append(record("a1", encounter="PATIENT" * 20))
            return str(caught.value)

    assert asyncio.run(run()) == "StringDataRightTruncationError 22001"
    assert "PATIENT" not in caplog.text


def test_told() -> None:
    lost = asyncpg.ConnectionDoesNotExistError("words")
    assert told(lost) == "ConnectionDoesNotExistError 08003"
    wrapped = sqlalchemy.exc.DBAPIError("SELECT 1", None, Exception("words"))
    assert told(wrapped) == "DBAPIError"
    assert told(TimeoutError("words")) == "TimeoutError"
    assert not is_refusal(lost)
    assert not is_refusal(OSError())
    assert is_refusal(asyncpg.UniqueViolationError("words"))
    assert not is_refusal(asyncpg.AdminShutdownError("words"))


def test_commits_wait_for_the_disk(postgres: Postgres) -> None:
    """Though the database was told that they need not."""
    url = postgres.new_database()
    postgres.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    seen: list[str] = []

    async def look(connection: asyncpg.Connection) -> None:
        seen.append(await connection.fetchval("SHOW synchronous_commit"))
        seen.append(await connection.fetchval("SHOW transaction_isolation"))

    async def run() -> None:
        async with opened(url) as store:
            await store.dispositions._writer.write(look)  # type: ignore[attr-defined]
        database = Database(url)
        await database.write(look)
        await database.close()

    asyncio.run(run())
    assert seen == ["on", "read committed"] * 2


def test_migrating_at_once(postgres: Postgres) -> None:
    """Four workers that start on an empty database; nothing is printed."""
    url = postgres.new_database()
    program = f"from app.store.migrate import migrate; migrate({url!r})"
    workers = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(4)
    ]
    assert [(worker.communicate()[0], worker.returncode) for worker in workers] == [(b"", 0)] * 4
    assert asyncio.run(rows(url, "SELECT count(*) FROM alembic_version")) == [(1,)]


def test_migrating_wherever(postgres: Postgres, capfd: pytest.CaptureFixture[str]) -> None:
    """While an event loop runs in this thread, and in several threads at once."""
    url = postgres.new_database()

    async def start() -> None:
        migrate(url)
        await asyncio.gather(*[asyncio.to_thread(migrate, url) for _ in range(4)])

    asyncio.run(start())
    assert capfd.readouterr() == ("", "")
