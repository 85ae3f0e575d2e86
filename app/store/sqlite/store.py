"""Opens the SQLite store (打开单机存储)."""

import asyncio
from contextlib import closing
from pathlib import Path

from app.store.migrate import migrate
from app.store.sqlite.audit_log import SqliteAuditLog
from app.store.sqlite.dispositions import SqliteDispositions
from app.store.sqlite.feeds import SqliteFeeds
from app.store.sqlite.history import SqliteHistory
from app.store.sqlite.rulesets import SqliteRulesets
from app.store.sqlite.writer import connect
from app.store.store import Store


def sqlite_store(path: Path) -> Store:
    """The store in this file, which is made or brought up to date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    migrate(f"sqlite:///{path}")
    log = SqliteAuditLog(path)
    history = SqliteHistory(path, log.writer)

    async def start() -> None:
        log.start()

    async def close() -> None:
        await asyncio.to_thread(log.close)
        history.close()

    async def check() -> None:
        await asyncio.to_thread(_look, path)

    return Store(
        log=log,
        dispositions=SqliteDispositions(path, log.writer),
        feeds=SqliteFeeds(path, log.writer),
        history=history,
        rulesets=SqliteRulesets(path, log.writer),
        open=start,
        close=close,
        check=check,
    )


def _look(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("SELECT 1 FROM alembic_version").fetchone()
