"""A scene for tests of hot history (测试场景): a database, a Redis, some workers, and audits that they make."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis import Redis as Client

from app.store.history import HistoryQuery, HistoryWrite
from app.store.postgres.store import postgres_store
from app.store.redis.hot_history import Limits
from app.store.redis.hot_keys import CLOCK
from app.store.store import Store
from tests.servers import Redis
from tests.store.build import record
from tests.store.redis.build import LIMITS, Worker, line, sqlite

LINES = [line(f"L{n}", f"2026-02-{n + 1:02}", f"C{n % 3}") for n in range(9)]


class Scene:
    def __init__(self, server: Redis, store: Store, workers: list[Worker]) -> None:
        self.server, self.store, self.workers = server, store, workers
        self.worker = workers[0]
        self.redis = Client.from_url(server.url)
        self._audits = 0

    async def audit(self, told: HistoryWrite, worker: Worker | None = None, **fields: Any) -> None:
        self._audits += 1
        await (worker or self.worker).log.append(record(f"a{self._audits}", history=told, **fields))
        await self.settle()

    async def settle(self) -> None:
        for worker in self.workers:
            await worker.hot.settled()

    async def is_hit(self, asked: HistoryQuery, worker: Worker | None = None) -> bool:
        """Whether Redis answers; the answer is compared with that of the database."""
        found = await (worker or self.worker).hot.read(asked)
        bare = await self.store.history.fetch(asked)
        assert found is None or found == bare
        assert await (worker or self.worker).history.fetch(asked) == bare
        return found is not None

    def time_passes(self) -> None:
        """As if every lease that runs now were over."""
        self.redis.hset(CLOCK, "quiet", 0)
        for key in self.redis.keys("mingjian:history:guard:*"):
            for field in self.redis.hkeys(key):
                if field != b"stamp":
                    self.redis.hset(key, field, 0)

    async def warm(self, told: HistoryWrite, asked: HistoryQuery) -> None:
        """Audited, asked for, audited again: from then on it is kept."""
        await self.audit(told)
        await self.is_hit(asked)
        await self.audit(told)
        assert await self.is_hit(asked)


@asynccontextmanager
async def scene(
    server: Redis, folder: Path, count: int = 1, limits: Limits = LIMITS, database: str | None = None
) -> AsyncIterator[Scene]:
    store = sqlite(folder) if database is None else postgres_store(database, fetch_timeout=5)
    await store.open()
    workers = [Worker(server.url, store, limits) for _ in range(count)]
    made = Scene(server, store, workers)
    made.redis.flushall()
    made.redis.hset(CLOCK, mapping={"start": 1, "seq": 1, "quiet": 0})
    try:
        yield made
    finally:
        made.redis.close()
        for worker in workers:
            await worker.close()
        await store.close()


def play(server: Redis, folder: Path, act: Callable[[Scene], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with scene(server, folder, **options) as made:
            await act(made)

    asyncio.run(run())


class Halted:
    """The store's log, where every append waits before its commit and after it until it is let go."""

    def __init__(self, store: Store) -> None:
        self._log = store.log
        self.before, self.after = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def append(self, one: Any) -> tuple[bytes, bool]:
        await self.before.acquire()
        answer = await self._log.append(one)
        await self.after.acquire()
        return answer


async def steps() -> None:
    for _ in range(5):
        await asyncio.sleep(0.01)
