"""The migrations make the tables of app/store/tables.py, one after the other, and can be taken back."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from pytest_alembic.tests import (  # noqa: F401 - they are tests
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Engine, create_engine

from app.store.migrate import MIGRATIONS, migrate
from app.store.tables import metadata


@pytest.fixture
def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@pytest.fixture
def alembic_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.sqlite3'}")
    yield engine
    engine.dispose()


def schema(path: Path) -> set[tuple[str, str]]:
    connection = sqlite3.connect(path)
    found = set(connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"))
    connection.close()
    return found


def test_migrate_makes_every_table(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    migrate(f"sqlite:///{path}")
    tables = {name for kind, name in schema(path) if kind == "table"}
    assert tables == {*metadata.tables, "alembic_version"}
    indexes = {str(index.name) for table in metadata.tables.values() for index in table.indexes}
    assert {name for kind, name in schema(path) if kind == "index"} == indexes


def test_migrate_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "twice.sqlite3"
    migrate(f"sqlite:///{path}")
    before = schema(path)
    migrate(f"sqlite:///{path}")
    assert schema(path) == before
