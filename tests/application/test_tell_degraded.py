"""A window of degradation is one entry, appended when it is over, and not lost while the database is away."""

import asyncio
from pathlib import Path

from app.application.tell_degraded import DegradedTeller
from app.application.watch import Dependency, State
from app.store.audit_log import NotRecorded
from app.store.sqlite.store import sqlite_store
from app.store.trail import TrailStore
from app.trail.entry import read_body


def test_one_entry_for_each_window(tmp_path: Path) -> None:
    async def use() -> None:
        store = sqlite_store(tmp_path / "a.sqlite3")
        await store.open()
        states = [
            [Dependency("database", State.OK, 0.0), Dependency("redis", State.OK, 0.0)],
            [Dependency("database", State.OK, 0.0), Dependency("redis", State.DOWN, 100.0)],
            [Dependency("database", State.SLOW, 110.0), Dependency("redis", State.DOWN, 100.0)],
            [Dependency("database", State.OK, 112.0), Dependency("redis", State.OK, 120.5)],
            [Dependency("database", State.OK, 112.0), Dependency("redis", State.OK, 120.5)],
        ]
        now = iter(states)
        teller = DegradedTeller(store.trail, lambda: next(now))
        for _ in states:
            await teller.look()
        (entry,) = await store.trail.find("redis")
        details = read_body(entry.body).details
        assert details == {"from": "1970-01-01T00:01:40.000Z", "until": "1970-01-01T00:02:00.500Z"}
        assert await store.trail.size() == 1
        await store.close()

    asyncio.run(use())


def test_told_when_the_database_is_back(tmp_path: Path) -> None:
    async def use() -> None:
        store = sqlite_store(tmp_path / "a.sqlite3")
        await store.open()
        refuses = [True, False]

        class Away(TrailStore):
            async def append(self, entries: object) -> None:
                if refuses.pop(0):
                    raise NotRecorded("away")
                await store.trail.append(entries)  # type: ignore[arg-type]

        seen = iter([State.DOWN, State.OK, State.OK, State.OK])
        teller = DegradedTeller(Away(), lambda: [Dependency("database", next(seen), 5.0)])  # type: ignore[abstract]
        for _ in range(4):
            await teller.look()
        assert len(await store.trail.find("database")) == 1
        await store.close()

    asyncio.run(use())
