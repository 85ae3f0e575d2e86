"""Every test of this folder runs on both databases (两种数据库): what the store promises does not depend on which."""

from pathlib import Path

import pytest

from app.store.migrate import migrate
from tests.servers import Postgres, postgres  # noqa: F401 - a fixture
from tests.store.contract.place import Place, PostgresPlace, SqlitePlace

_EMPTY = """
SET session_replication_role = replica;  -- without the triggers that forbid it
DO $$ BEGIN EXECUTE (
    SELECT 'TRUNCATE ' || string_agg(relname, ', ') || ' RESTART IDENTITY' FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version'
); END $$;
ALTER SEQUENCE audits_seq RESTART
"""


@pytest.fixture(scope="session")
def database(postgres: Postgres) -> str:  # noqa: F811
    """One for all tests: to empty it takes less time than to make another."""
    url = postgres.new_database()
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a store is opened, empty at first."""
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "mingjian.sqlite3")
    url: str = request.getfixturevalue("database")
    request.getfixturevalue("postgres").sql(_EMPTY, url.rpartition("/")[2])
    return PostgresPlace(url)
