"""A small writer (写入进程) for `strace` to fail: `python -m tests.faults.writer DATABASE`.

It appends audits through the real log, alone and together, with a signed checkpoint in between, and tells each answer
that it got on a line of its own: `kept KEY ID` or `refused KEY`. Made ready beforehand, it writes and nothing else.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from app.application.keep_trail import TrailKeeper
from app.store.audit_log import AuditRecord, IdempotencyKey, NotRecorded
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.trail.keys import Ed25519Signer
from tests.store.build import record

SIGNER = Ed25519Signer("mingjian.example/faults", bytes(range(32)))
BATCHES = (("a",), ("b", "c", "d"), ("e",), ("last",))
KEYS = [key for batch in BATCHES for key in batch]


def audit(key: str) -> AuditRecord:
    """The id is new each time, as in the service: who asks again with the key must get the first one."""
    made = record(f"{key}-{os.getpid()}", at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    return replace(made, key=IdempotencyKey("his", key), request_digest=key.encode().ljust(32), audit=made.id.encode())


async def append(store: Store, key: str) -> str | None:
    """The id that was answered; None where it was refused."""
    try:
        answer, _ = await store.log.append(audit(key))
    except NotRecorded:
        return None
    return answer.decode()


async def write(path: Path) -> None:
    store = sqlite_store(path)
    await store.open()
    keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER])
    for batch in BATCHES:
        answers = await asyncio.gather(*[append(store, key) for key in batch])
        for key, answer in zip(batch, answers, strict=True):
            say(f"refused {key}" if answer is None else f"kept {key} {answer}")
        await keeper.close()  # signs what is not signed yet, or says why not
    await store.close()


def say(line: str) -> None:
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:  # injected here: nobody hears of it
        return


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
