"""Where a store is opened (存储所在): the same steps for an SQLite file and for a PostgreSQL database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from app.store.opening import store_at
from app.store.postgres.database import Database
from app.store.postgres.store import postgres_store
from app.store.postgres.whole_history import PostgresWholeHistory
from app.store.sqlite.whole_history import SqliteWholeHistory
from app.store.store import Store
from app.store.whole_history import WholeHistory

T = TypeVar("T")


class Place:
    def new_store(self) -> Store:
        raise NotImplementedError

    def whole_history(self) -> AbstractAsyncContextManager[WholeHistory]:
        raise NotImplementedError

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

    @asynccontextmanager
    async def whole_history(self) -> AsyncIterator[WholeHistory]:
        yield SqliteWholeHistory(self.path)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()


class PostgresPlace(Place):
    def __init__(self, url: str) -> None:
        self.url = url

    def new_store(self) -> Store:
        return postgres_store(self.url, fetch_timeout=10.0)  # what is tested here is what is found, not when

    @asynccontextmanager
    async def whole_history(self) -> AsyncIterator[WholeHistory]:
        database = Database(self.url)
        yield PostgresWholeHistory(database)
        await database.close()

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()
