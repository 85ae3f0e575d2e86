"""Opens the SQLite store (打开单机存储)."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Select, create_engine
from sqlalchemy.pool import NullPool

from app.store.effects_query import EffectsQuery
from app.store.migrate import migrate
from app.store.sqlite.alerts import SqliteAlerts
from app.store.sqlite.audit_log import SqliteAuditLog
from app.store.sqlite.dispositions import SqliteDispositions
from app.store.sqlite.erasure import SqliteErasure
from app.store.sqlite.feeds import SqliteFeeds
from app.store.sqlite.history import SqliteHistory
from app.store.sqlite.rulesets import SqliteRulesets
from app.store.sqlite.stays import SqliteStays
from app.store.sqlite.trail import SqliteTrail
from app.store.sqlite.whole_history import SqliteWholeHistory
from app.store.sqlite.writer import connect
from app.store.store import Store


def sqlite_store(path: Path) -> Store:
    """The store in this file, which is made or brought up to date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    migrate(f"sqlite:///{path}")
    connect(path).close()  # to the write-ahead log now, before two connections would do it at once
    log = SqliteAuditLog(path)
    history = SqliteHistory(path, log.writer)

    async def start() -> None:
        log.start()

    async def close() -> None:
        await asyncio.to_thread(log.close)
        history.close()
        alerts.close()

    async def check() -> None:
        await asyncio.to_thread(_look, path)

    async def rows(asked: Select[Any]) -> list[Any]:
        return await asyncio.to_thread(_rows, path, asked)

    alerts = SqliteAlerts(path, log.writer, rows)
    return Store(
        log=log,
        dispositions=SqliteDispositions(path, log.writer),
        alerts=alerts,
        feeds=SqliteFeeds(path, log.writer),
        history=history,
        rulesets=SqliteRulesets(path, log.writer),
        trail=SqliteTrail(path, log.writer),
        effects=EffectsQuery(rows),
        erasure=SqliteErasure(path, log.writer),
        stays=SqliteStays(path, log.writer),
        whole_history=SqliteWholeHistory(path),
        open=start,
        close=close,
        check=check,
        secret=lambda: asyncio.to_thread(_secret, path),
    )


def _rows(path: Path, asked: Select[Any]) -> list[Any]:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(asked)]


def _look(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("SELECT 1 FROM alembic_version").fetchone()


def _secret(path: Path) -> bytes:
    with closing(connect(path)) as connection:
        (secret,) = connection.execute("SELECT secret FROM installation").fetchone()
        return bytes(secret)
