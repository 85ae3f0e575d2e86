"""Opens the SQLite store (打开单机存储)."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, create_engine
from sqlalchemy.dialects.sqlite import insert

from app.domain.access import Scope
from app.store.migrate import migrate
from app.store.open_vault import open_vault
from app.store.overviews_query import OverviewsQuery
from app.store.shared import Ground, shared_stores
from app.store.sqlite.acts import sqlite_act
from app.store.sqlite.alerts import SqliteAlerts
from app.store.sqlite.api_keys import SqliteApiKeys
from app.store.sqlite.audit_log import SqliteAuditLog
from app.store.sqlite.dispositions import SqliteDispositions
from app.store.sqlite.erasure import SqliteErasure
from app.store.sqlite.feeds import SqliteFeeds
from app.store.sqlite.history import SqliteHistory
from app.store.sqlite.reviews import sqlite_reviews
from app.store.sqlite.rulesets import SqliteRulesets
from app.store.sqlite.stays import SqliteStays
from app.store.sqlite.trail import SqliteTrail
from app.store.sqlite.used_tokens import SqliteUsedTokens
from app.store.sqlite.whole_history import SqliteWholeHistory
from app.store.sqlite.writer import connect
from app.store.store import Store
from app.store.vault import PLAIN, Vault

_KEPT_OPEN = 5  # connections that read; more are opened where more ask at once


def sqlite_store(path: Path, vault: Vault = PLAIN) -> Store:
    """The store in this file, which is made or brought up to date. What is stored is encrypted by the vault."""
    path.parent.mkdir(parents=True, exist_ok=True)
    migrate(f"sqlite:///{path}")
    connect(path).close()  # to the write-ahead log now, before two connections would do it at once
    opened = _Opened(path, vault)
    writer, act = opened.log.writer, opened.act
    reviews, intake = sqlite_reviews(writer, opened.rows, act)
    return Store(
        **shared_stores(Ground(opened.rows, opened.ask, act, insert, vault)),
        log=opened.log,
        dispositions=SqliteDispositions(path, writer),
        alerts=opened.alerts,
        feeds=SqliteFeeds(path, writer),
        history=opened.history,
        rulesets=SqliteRulesets(path, writer),
        trail=SqliteTrail(path, writer),
        erasure=SqliteErasure(path, writer),
        stays=SqliteStays(path, writer),
        whole_history=SqliteWholeHistory(path, vault),
        keys=SqliteApiKeys(path, writer),
        used=opened.used,
        reviews=reviews,
        intake=intake,
        overviews=OverviewsQuery(opened.ask, vault, is_postgres=False),
        open=opened.start,
        close=opened.close,
        check=opened.check,
        secret=opened.secret,
    )


class _Opened:
    """What reads and writes for all of the store, from its opening to its end."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path, self._vault = path, vault
        self._reader = create_engine(f"sqlite:///{path}", pool_size=_KEPT_OPEN, max_overflow=-1)
        self.log = SqliteAuditLog(path, vault)
        self.history, self.used = SqliteHistory(path, self.log.writer), SqliteUsedTokens(path)
        self.alerts = SqliteAlerts(path, self.log.writer, self.rows)
        self.act = sqlite_act(self.log.writer)

    async def start(self) -> None:
        self.log.start()
        try:
            await open_vault(self._vault, self.rows, self.act, insert)
        except BaseException:  # with other keys nothing may be written
            await self.close()
            raise

    async def close(self) -> None:
        await asyncio.to_thread(self.log.close)
        self.history.close()
        self.alerts.close()
        await self.used.close()
        await asyncio.to_thread(self._reader.dispose)

    async def check(self) -> None:
        await asyncio.to_thread(_look, self._path)

    async def secret(self) -> bytes:
        return await asyncio.to_thread(_secret, self._path)

    async def rows(self, asked: Select[Any]) -> list[Any]:
        return await asyncio.to_thread(_rows, self._reader, asked)

    async def ask(self, asked: Select[Any], scope: Scope) -> list[Any]:  # noqa: ARG002 - SQLite has no walls
        return await self.rows(asked)


def _rows(reader: Engine, asked: Select[Any]) -> list[Any]:
    with reader.connect() as connection:
        return [tuple(row) for row in connection.execute(asked)]


def _look(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("SELECT 1 FROM alembic_version").fetchone()


def _secret(path: Path) -> bytes:
    with closing(connect(path)) as connection:
        (secret,) = connection.execute("SELECT secret FROM installation").fetchone()
        return bytes(secret)
