"""Both databases for the tests of signing in (两种数据库), each with the secret that an installation has."""

from pathlib import Path

import pytest

from app.store.migrate import migrate
from tests.servers import Postgres
from tests.store.contract.place import Place, PostgresPlace, SqlitePlace


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "mingjian.sqlite3")
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    migrate(url)
    return PostgresPlace(url)
