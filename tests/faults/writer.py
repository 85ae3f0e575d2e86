"""A small writer (写入进程) for `strace` to fail: `python tests/faults/writer.py DATABASE`.

It appends audits through the real log, alone and together, with a signed checkpoint in between, and tells each answer
that it got on a line of its own: `kept KEY ID` or `refused KEY`. It starts hundreds of times, so it imports little.
"""

import asyncio
import os
import sqlite3
import sys
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from app.application.keep_trail import TrailKeeper
from app.store.audit_log import AuditRecord, IdempotencyKey, NotRecorded
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.trail.keys import Ed25519Signer

SIGNER = Ed25519Signer("mingjian.example/faults", bytes(range(32)))
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
BATCHES = (("a",), ("b", "c", "d"), ("e",), ("last",))
KEYS = [key for batch in BATCHES for key in batch]


def audit(key: str) -> AuditRecord:
    """The id is new each time, as in the service: who asks again with the key must get the first one."""
    audit_id = f"{key}-{os.getpid()}"
    finding = (audit_id, "a-rule", 2, "P-1", "definite", "block", "shown", True, 5000, "L1|L2")
    return AuditRecord(
        id=audit_id, recorded_at=AT, caller="his", facility="F1", encounter=key, stage="settling", decision="block",
        ruleset="r" * 32, request=b"{}", request_digest=sha256(key.encode()).digest(), findings=[finding], hidden=b"",
        audit=msgspec.json.encode({"id": audit_id}), key=IdempotencyKey("his", key),
    )  # fmt: skip


async def append(store: Store, key: str) -> str | None:
    """The id that was answered; None where it was refused."""
    try:
        answer, _ = await store.log.append(audit(key))
    except NotRecorded:
        return None
    found: str = msgspec.json.decode(answer)["id"]
    return found


async def write(path: Path) -> None:
    store = sqlite_store(path)
    await store.open()
    keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER])
    for batch in BATCHES:
        answers = await asyncio.gather(*[append(store, key) for key in batch])
        for key, answer in zip(batch, answers, strict=True):
            say(f"refused {key}" if answer is None else f"kept {key} {answer}")
        with suppress(NotRecorded, sqlite3.Error):
            await keeper.checkpoint()
    await store.close()


def say(line: str) -> None:
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:  # injected here: nobody hears of it
        return


if __name__ == "__main__":
    sys.setswitchinterval(10)  # no thread is interrupted: what is asked together is written together, in every run
    asyncio.run(write(Path(sys.argv[1])))
