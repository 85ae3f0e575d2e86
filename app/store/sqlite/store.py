"""Opens the SQLite store (打开单机存储)."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Select, create_engine
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.pool import NullPool

from app.domain.access import Scope
from app.store.access_log import AccessLog
from app.store.accounts import AccountStore
from app.store.audit_contents import AuditContents
from app.store.directory import StoredDirectory
from app.store.effects_query import EffectsQuery
from app.store.finding_past import FindingPast
from app.store.migrate import migrate
from app.store.notices import NoticeStore
from app.store.open_vault import open_vault
from app.store.overviews_query import OverviewsQuery
from app.store.resealing import Resealing
from app.store.saved_views import StoredViews
from app.store.sessions import SessionStore
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
from app.store.webhooks import WebhookStore


def sqlite_store(path: Path, vault: Vault = PLAIN) -> Store:
    """The store in this file, which is made or brought up to date. What is stored is encrypted by the vault."""
    path.parent.mkdir(parents=True, exist_ok=True)
    migrate(f"sqlite:///{path}")
    connect(path).close()  # to the write-ahead log now, before two connections would do it at once
    log = SqliteAuditLog(path, vault)
    history, used = SqliteHistory(path, log.writer), SqliteUsedTokens(path)

    async def start() -> None:
        log.start()
        try:
            await open_vault(vault, rows, act, insert)
        except BaseException:  # with other keys nothing may be written
            await close()
            raise

    async def close() -> None:
        await asyncio.to_thread(log.close)
        history.close()
        alerts.close()
        await used.close()

    async def check() -> None:
        await asyncio.to_thread(_look, path)

    async def rows(asked: Select[Any]) -> list[Any]:
        return await asyncio.to_thread(_rows, path, asked)

    async def ask(asked: Select[Any], scope: Scope) -> list[Any]:  # noqa: ARG001 - SQLite has no walls
        return await rows(asked)

    alerts = SqliteAlerts(path, log.writer, rows)
    act = sqlite_act(log.writer)
    reviews, intake = sqlite_reviews(log.writer, rows, act)
    return Store(
        log=log,
        dispositions=SqliteDispositions(path, log.writer),
        alerts=alerts,
        feeds=SqliteFeeds(path, log.writer),
        history=history,
        rulesets=SqliteRulesets(path, log.writer),
        trail=SqliteTrail(path, log.writer),
        effects=EffectsQuery(rows, vault),
        erasure=SqliteErasure(path, log.writer),
        stays=SqliteStays(path, log.writer),
        whole_history=SqliteWholeHistory(path, vault),
        access=AccessLog(rows),
        notices=NoticeStore(ask),
        webhooks=WebhookStore(ask, act, insert, vault),
        keys=SqliteApiKeys(path, log.writer),
        used=used,
        vault=vault,
        resealing=Resealing(vault, rows, act),
        contents=AuditContents(rows),
        accounts=AccountStore(rows, act, insert, vault),
        sessions=SessionStore(rows, act, insert),
        reviews=reviews,
        intake=intake,
        past=FindingPast(rows, vault),
        directory=StoredDirectory(rows, act, insert),
        views=StoredViews(rows, act, insert),
        overviews=OverviewsQuery(lambda asked, _: rows(asked), vault, is_postgres=False),
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
