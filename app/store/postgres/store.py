"""Opens the PostgreSQL store (打开数据库存储)."""

from typing import Any

from sqlalchemy import Select, select

from app.store.effects_query import EffectsQuery
from app.store.migrate import migrate
from app.store.postgres.alerts import PostgresAlerts
from app.store.postgres.audit_log import PostgresAuditLog
from app.store.postgres.database import Database
from app.store.postgres.dispositions import PostgresDispositions
from app.store.postgres.erasure import PostgresErasure
from app.store.postgres.feeds import PostgresFeeds
from app.store.postgres.history import PostgresHistory
from app.store.postgres.history_fetch import NOTHING
from app.store.postgres.partitions import Partitions
from app.store.postgres.reader import Reader
from app.store.postgres.rulesets import PostgresRulesets
from app.store.postgres.stays import PostgresStays
from app.store.postgres.trail import PostgresTrail
from app.store.postgres.whole_history import PostgresWholeHistory
from app.store.postgres.writer import PostgresWriter
from app.store.store import Store
from app.store.tables import installation

_LOOK = "SELECT 1 FROM alembic_version"


def postgres_store(
    url: str, *, connect_timeout: float = 2.0, command_timeout: float = 5.0, fetch_timeout: float = 0.1
) -> Store:
    """The store in this database, whose tables are made or brought up to date. Times in seconds.

    Raises Unavailable where the database does not answer.
    """
    database = Database(url, connect_timeout=connect_timeout, command_timeout=command_timeout)
    migrate(url)
    writer, partitions = PostgresWriter(database), Partitions(database)
    reader = Reader(database, timeout=fetch_timeout, warm_up=NOTHING)

    async def start() -> None:
        await partitions.open()
        writer.start()
        await reader.start()

    async def close() -> None:
        await writer.close()
        reader.close()
        await database.close()

    async def check() -> None:
        await reader.fetch(_LOOK, timeout=connect_timeout)

    async def secret() -> bytes:
        async with database.reading() as connection:
            return bytes((await connection.execute(select(installation.c.secret))).scalar_one())

    async def rows(asked: Select[Any]) -> list[Any]:
        async with database.reading() as connection:
            return [tuple(row) for row in await connection.execute(asked)]

    return Store(
        log=PostgresAuditLog(database, writer, partitions),
        dispositions=PostgresDispositions(database, writer),
        alerts=PostgresAlerts(reader, writer, rows),
        feeds=PostgresFeeds(database),
        history=PostgresHistory(database, reader, writer, partitions),
        rulesets=PostgresRulesets(database),
        trail=PostgresTrail(database, writer),
        effects=EffectsQuery(rows),
        erasure=PostgresErasure(database),
        stays=PostgresStays(database),
        whole_history=PostgresWholeHistory(database),
        open=start,
        close=close,
        check=check,
        secret=secret,
    )
