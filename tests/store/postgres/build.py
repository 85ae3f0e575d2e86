"""Stores in PostgreSQL for tests (测试用数据库存储)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from app.store.postgres.store import postgres_store
from app.store.store import Store


@asynccontextmanager
async def opened(url: str, **timeouts: float) -> AsyncIterator[Store]:
    store = await asyncio.to_thread(postgres_store, url, **timeouts)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
