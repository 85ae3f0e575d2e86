"""Opens the PostgreSQL store (打开数据库存储)."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

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
from app.store.postgres.acts import postgres_act
from app.store.postgres.alerts import PostgresAlerts
from app.store.postgres.api_keys import PostgresApiKeys
from app.store.postgres.asking import asking
from app.store.postgres.audit_log import PostgresAuditLog
from app.store.postgres.database import Database
from app.store.postgres.dispositions import PostgresDispositions
from app.store.postgres.erasure import PostgresErasure
from app.store.postgres.feeds import PostgresFeeds
from app.store.postgres.history import PostgresHistory
from app.store.postgres.history_fetch import NOTHING
from app.store.postgres.partitions import Partitions
from app.store.postgres.reader import Reader
from app.store.postgres.reviews import postgres_reviews
from app.store.postgres.rulesets import PostgresRulesets
from app.store.postgres.stays import PostgresStays
from app.store.postgres.trail import PostgresTrail
from app.store.postgres.used_tokens import PostgresUsedTokens
from app.store.postgres.walls import reading_for
from app.store.postgres.whole_history import PostgresWholeHistory
from app.store.postgres.writer import PostgresWriter
from app.store.resealing import Resealing
from app.store.saved_views import StoredViews
from app.store.sessions import SessionStore
from app.store.store import Store
from app.store.tables import installation
from app.store.vault import PLAIN, Vault
from app.store.webhooks import WebhookStore

_LOOK = "SELECT 1 FROM alembic_version"


def postgres_store(
    url: str,
    vault: Vault = PLAIN,
    *,
    connect_timeout: float = 2.0,
    command_timeout: float = 5.0,
    fetch_timeout: float = 0.1,
) -> Store:
    """The store in this database, whose tables are made or brought up to date. Times in seconds. What is
    stored is encrypted by the vault.

    Raises Unavailable where the database does not answer.
    """
    database = Database(url, vault, connect_timeout=connect_timeout, command_timeout=command_timeout)
    migrate(url)
    writer, partitions = PostgresWriter(database), Partitions(database)
    reader, used = Reader(database, timeout=fetch_timeout, warm_up=NOTHING), PostgresUsedTokens(database)

    async def start() -> None:
        await partitions.open()
        writer.start()
        try:
            await open_vault(vault, rows, act, insert)
        except BaseException:  # with other keys nothing may be written
            await close()
            raise
        await reader.start()

    async def close() -> None:
        await writer.close()
        reader.close()
        await used.close()
        await database.close()

    async def check() -> None:
        await reader.fetch(_LOOK, timeout=connect_timeout)

    async def secret() -> bytes:
        async with database.reading() as connection:
            return bytes((await connection.execute(select(installation.c.secret))).scalar_one())

    async def rows(asked: Select[Any]) -> list[Any]:
        async with database.reading() as connection:
            return [tuple(row) for row in await connection.execute(asked)]

    async def ask(asked: Select[Any], scope: Scope) -> list[Any]:
        async with reading_for(database, scope) as connection:
            return [tuple(row) for row in await connection.execute(asked)]

    act = postgres_act(writer)
    reviews, intake = postgres_reviews(database, act)
    return Store(
        log=PostgresAuditLog(database, writer, partitions),
        dispositions=PostgresDispositions(database, writer),
        alerts=PostgresAlerts(reader, writer, rows),
        feeds=PostgresFeeds(database),
        history=PostgresHistory(database, reader, writer, partitions),
        rulesets=PostgresRulesets(database),
        trail=PostgresTrail(database, writer),
        effects=EffectsQuery(rows, vault),
        erasure=PostgresErasure(database),
        stays=PostgresStays(database),
        whole_history=PostgresWholeHistory(database),
        access=AccessLog(rows),
        notices=NoticeStore(ask),
        webhooks=WebhookStore(ask, act, insert, vault),
        keys=PostgresApiKeys(database),
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
        overviews=OverviewsQuery(asking(database), vault, is_postgres=True),
        open=start,
        close=close,
        check=check,
        secret=secret,
    )
