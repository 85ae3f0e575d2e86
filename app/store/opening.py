"""Opens the store that the settings name (打开存储): PostgreSQL where there is a URL, else one SQLite file; Redis."""

from pathlib import Path

from app.store.data_keys import KeyRing, KeySource
from app.store.store import Store
from app.store.vault import Vault


def store_at(
    database_url: str | None, path: Path, redis_url: str | None = None, *, keys: KeySource | None = None
) -> Store:
    """The store, its tables made or brought up to date. `path` is the SQLite file, used where there is no URL. It is
    encrypted with `keys`, or with those of the file `data-keys` beside it, which is made where nothing is stored yet.

    Redis need not answer. Raises ValueError for a URL that is none of PostgreSQL, Unavailable where the database does
    not answer, BadKeys.
    """
    vault = Vault(KeyRing(keys or KeySource(path.with_name("data-keys"))))
    if database_url is None:
        from app.store.sqlite.store import sqlite_store

        store = sqlite_store(path, vault)
    else:
        from app.store.postgres.store import postgres_store

        store = postgres_store(database_url, vault)
    if redis_url is None:
        return store
    from app.store.redis.store import with_redis

    return with_redis(store, redis_url, with_history=database_url is not None)
