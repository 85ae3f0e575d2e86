"""A store in a file and a spool beside it, opened for one test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.application.spool_audits import AuditSpool
from app.store.spool import Spool
from app.store.sqlite.store import sqlite_store
from app.store.store import Store


@asynccontextmanager
async def spooling(folder: Path) -> AsyncIterator[AuditSpool]:
    files = Spool(folder / "spool")
    spool = AuditSpool(files)
    await spool.adopt()
    try:
        yield spool
    finally:
        files.close()


@asynccontextmanager
async def storing(folder: Path) -> AsyncIterator[Store]:
    store = sqlite_store(folder / "mingjian.sqlite3")
    await store.open()
    try:
        yield store
    finally:
        await store.close()
