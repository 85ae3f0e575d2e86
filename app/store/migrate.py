"""Brings a database to the newest revision (数据库迁移) with the scripts under migrations/."""

from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def migrate(url: str) -> None:
    """Upgrade the database at this SQLAlchemy URL; a database that is up to date is left alone."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")
