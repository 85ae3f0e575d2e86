"""The ways of machines in two workers on one PostgreSQL: what one revokes, the other refuses within five seconds."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from app.interfaces.authentication.machines import Machines
from app.settings import Settings
from app.store.opening import store_at
from tests.interfaces.authentication.build import KEY, SECURITY, bearer, issued, who
from tests.servers import Postgres, postgres  # noqa: F401 - a fixture


def test_a_revoked_key_opens_no_worker_after_five_seconds(postgres: Postgres, tmp_path: Path) -> None:  # noqa: F811
    url = postgres.new_database()

    async def worker(stack: AsyncExitStack) -> Machines:
        store = await asyncio.to_thread(store_at, url, tmp_path / "unused.sqlite3")
        await store.open()
        stack.push_async_callback(store.close)
        machines = Machines(Settings(data_dir=tmp_path), store.keys, store.used, KEY)
        await machines.open()
        stack.push_async_callback(machines.close)
        return machines

    async def steps() -> None:
        async with AsyncExitStack() as stack:
            one, two = await worker(stack), await worker(stack)
            key = await issued(one)
            assert await who(two, bearer(key.token)) is not None, "at its first use, although the other issued it"
            began = time.monotonic()
            await one.desk.revoke(key.key.id, SECURITY)
            while await who(two, bearer(key.token)) is not None:
                await asyncio.sleep(0.05)
            assert time.monotonic() - began < 5

    asyncio.run(steps())
