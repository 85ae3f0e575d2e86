"""Opens the PostgreSQL store (打开数据库存储)."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from app.store.migrate import migrate
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
from app.store.postgres.whole_history import PostgresWholeHistory
from app.store.postgres.writer import PostgresWriter
from app.store.privacy_tables import installation
from app.store.shared import Ground, shared_stores
from app.store.store import Store
from app.store.vault import PLAIN, Vault

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
    opened = _Opened(database, vault, connect_timeout=connect_timeout, fetch_timeout=fetch_timeout)
    writer, reader, partitions, act = opened.writer, opened.reader, opened.partitions, opened.act
    reviews, intake = postgres_reviews(database, act)
    return Store(
        **shared_stores(Ground(opened.rows, asking(database), act, insert, vault)),
        log=PostgresAuditLog(database, writer, partitions),
        dispositions=PostgresDispositions(database, writer),
        alerts=PostgresAlerts(reader, writer, opened.rows),
        feeds=PostgresFeeds(database),
        history=PostgresHistory(database, reader, writer, partitions),
        rulesets=PostgresRulesets(database),
        trail=PostgresTrail(database, writer),
        erasure=PostgresErasure(database),
        stays=PostgresStays(database),
        whole_history=PostgresWholeHistory(database),
        keys=PostgresApiKeys(database),
        used=opened.used,
        reviews=reviews,
        intake=intake,
        overviews=OverviewsQuery(asking(database), vault, is_postgres=True),
        open=opened.start,
        close=opened.close,
        check=opened.check,
        secret=opened.secret,
    )


class _Opened:
    """What reads and writes for all of the store, from its opening to its end."""

    def __init__(self, database: Database, vault: Vault, *, connect_timeout: float, fetch_timeout: float) -> None:
        self._database, self._vault, self._connect_timeout = database, vault, connect_timeout
        self.writer, self.partitions = PostgresWriter(database), Partitions(database)
        self.reader = Reader(database, timeout=fetch_timeout, warm_up=NOTHING)
        self.used = PostgresUsedTokens(database)
        self.act = postgres_act(self.writer)

    async def start(self) -> None:
        await self.partitions.open()
        self.writer.start()
        try:
            await open_vault(self._vault, self.rows, self.act, insert)
        except BaseException:  # with other keys nothing may be written
            await self.close()
            raise
        await self.reader.start()

    async def close(self) -> None:
        await self.writer.close()
        self.reader.close()
        await self.used.close()
        await self._database.close()

    async def check(self) -> None:
        await self.reader.fetch(_LOOK, timeout=self._connect_timeout)

    async def secret(self) -> bytes:
        ((secret,),) = await self.rows(select(installation.c.secret))
        return bytes(secret)

    async def rows(self, asked: Select[Any]) -> list[Any]:
        async with self._database.reading() as connection:
            return [tuple(row) for row in await connection.execute(asked)]
