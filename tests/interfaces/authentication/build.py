"""What the tests of authentication share: requests, keys in memory, and tokens of an issuer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app.application.manage_keys import Issued, KeyRequest
from app.domain.access import Caller, Role
from app.interfaces.authentication.machines import Machines
from app.interfaces.authenticator import Authenticator
from app.settings import Settings
from app.store.opening import store_at

SECURITY = Caller(id="security", roles=frozenset({Role.SECURITY_ADMINISTRATOR}), kind="session")
KEY = "mj_the-key-of-the-installation"


def request(authorization: str | bytes = b"", client: str | None = "10.0.0.1", **more: Any) -> dict[str, Any]:
    sent = authorization if isinstance(authorization, bytes) else authorization.encode("utf-8", "surrogateescape")
    headers = [(b"host", b"x"), (b"authorization", sent)] if sent else [(b"host", b"x")]
    return {"type": "http", "path": "/v1/audits", "headers": headers, "client": client and (client, 1), **more}


def bearer(token: str, **more: Any) -> dict[str, Any]:
    return request(f"Bearer {token}", **more)


async def who(machines: "Machines | Authenticator", scope: Any) -> Caller | None:
    """As the gate asks: all from memory first, then all again."""
    every = machines.authenticators if isinstance(machines, Machines) else (machines,)
    for one in every:
        if (caller := one.known(scope)) is not None:
            return caller
    for one in every:
        if (caller := await one.find(scope)) is not None:
            return caller
    return None


def with_machines(folder: Path, steps: Callable[[Machines], Awaitable[None]], **settings: Any) -> None:
    """The ways of machines over a store of their own."""

    async def run() -> None:
        store = await asyncio.to_thread(store_at, None, folder / "mingjian.sqlite3")
        await store.open()
        machines = Machines(Settings(data_dir=folder, **settings), store.keys, store.used, KEY)
        await machines.open()
        try:
            await steps(machines)
        finally:
            await machines.close()
            await store.close()

    asyncio.run(run())


async def issued(machines: Machines, **asked: Any) -> Issued:
    """A key, known already."""
    found = await machines.desk.issue(KeyRequest(**{"name": "HIS", **asked}), SECURITY)
    await machines._holder._look()
    return found
