"""The tables in PostgreSQL are those of app/store/tables.py, partitioned by month, and can be taken back."""

import asyncio
import os

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.ext.asyncio import create_async_engine

from app.store.migrate import MIGRATIONS, migrate
from app.store.tables import metadata
from tests.servers import Postgres
from tests.store.build import record
from tests.store.postgres.build import opened, rows

PARTITIONED = {"audits": "RANGE (recorded_at)", "findings": "RANGE (recorded_at)", "history_lines": "RANGE (month)"}


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.new_database()
    migrate(url)
    return url


@pytest.fixture
def config(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Config:
    """As `alembic` on the command line: the URL comes from the environment."""
    monkeypatch.setenv("DATABASE_URL", postgres.new_database())
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def look(connection: Connection) -> dict[str, dict[str, tuple[str, bool]]]:
    """Of each table: columns, with their types and whether they may be null."""
    seen = inspect(connection)
    return {
        table: {
            one["name"]: (one["type"].compile(connection.dialect), bool(one["nullable"]))
            for one in seen.get_columns(table)
        }
        for table in metadata.tables
    }


def inspected(url: str) -> dict[str, dict[str, tuple[str, bool]]]:
    async def run() -> dict[str, dict[str, tuple[str, bool]]]:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            found = await connection.run_sync(look)
        await engine.dispose()
        return found

    return asyncio.run(run())


def test_columns(url: str) -> None:
    told = {
        name: {one.name: (one.type.compile(dialect()), bool(one.nullable)) for one in table.columns}
        for name, table in metadata.tables.items()
    }
    assert inspected(url) == told


def test_growing_tables_are_partitioned(url: str) -> None:
    query = "SELECT partrelid::regclass::text, pg_get_partkeydef(partrelid) FROM pg_partitioned_table"
    assert dict(asyncio.run(rows(url, query))) == PARTITIONED
    defaults = "SELECT inhrelid::regclass::text FROM pg_inherits"
    assert {name for (name,) in asyncio.run(rows(url, defaults))} >= {f"{table}_other" for table in PARTITIONED}


def test_indexes(url: str) -> None:
    """Every index of tables.py is there too, by its name."""
    query = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
    names = {name for (name,) in asyncio.run(rows(url, query))}
    assert names >= {str(index.name) for table in metadata.tables.values() for index in table.indexes}


def test_down_and_up_again(config: Config) -> None:
    url = os.environ["DATABASE_URL"]

    async def fill() -> None:
        async with opened(url) as store:
            await store.log.append(record("a1", key="k"))
            await store.log.append(record("a2"))

    def ask(query: str) -> list[tuple[object, ...]]:
        return asyncio.run(rows(url, query))

    asyncio.run(fill())
    command.downgrade(config, "0003")
    assert ask("SELECT seq, id FROM audits ORDER BY seq") == [(1, "a1"), (2, "a2")]
    assert ask("SELECT audit_seq, position, id FROM findings ORDER BY 1") == [(1, 0, "f1"), (2, 0, "f1")]
    assert ask("SELECT key, audit_seq FROM idempotency_keys") == [("k", 1)]
    assert ask("SELECT nextval(pg_get_serial_sequence('audits', 'seq'))") == [(3,)]
    command.downgrade(config, "base")
    assert ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("alembic_version",)]
    assert ask("SELECT 1 FROM pg_sequences") == []
    command.upgrade(config, "head")
    assert ask("SELECT count(*) FROM audits") == [(0,)]
