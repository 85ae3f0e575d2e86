"""Where a store is opened (存储所在): the same steps for an SQLite file and for a PostgreSQL database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from app.store.data_keys import KeyRing, KeySource
from app.store.opening import store_at
from app.store.postgres.store import postgres_store
from app.store.store import Store
from app.store.vault import Vault
from app.store.whole_history import WholeHistory

T = TypeVar("T")
KEYS = "Y29udHJhY3QtdGVzdHMtY29udHJhY3QtdGVzdHMtMDE="


class Place:
    def new_store(self) -> Store:
        raise NotImplementedError

    @asynccontextmanager
    async def whole_history(self) -> AsyncIterator[WholeHistory]:
        async with self.opened() as store:
            yield store.whole_history

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        store = await asyncio.to_thread(self.new_store)
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    def run(self, steps: Callable[[Store], Awaitable[T]]) -> T:
        """Open a store, do the steps, close it."""

        async def all_of_it() -> T:
            async with self.opened() as store:
                return await steps(store)

        return asyncio.run(all_of_it())


class SqlitePlace(Place):
    def __init__(self, path: Path) -> None:
        self.path = path

    def new_store(self) -> Store:
        return store_at(None, self.path)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()


class PostgresPlace(Place):
    def __init__(self, url: str) -> None:
        self.url = url

    def new_store(self) -> Store:
        vault = Vault(KeyRing(KeySource(Path(), KEYS)))
        return postgres_store(self.url, vault, fetch_timeout=10.0)  # what is tested here is what is found, not when

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()
