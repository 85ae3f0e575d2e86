"""Alembic's entry: which database, and which tables it should have."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from app.store import account_tables, key_tables, notice_tables, privacy_tables, review_tables  # noqa: F401
from app.store.tables import metadata

_ADVISORY_LOCK = 0x6D6A_6D67  # "mjmg": of several processes that start at once, one migrates and the others wait


def run(bound: Connection) -> None:
    context.configure(connection=bound, target_metadata=metadata, render_as_batch=bound.dialect.name == "sqlite")
    with context.begin_transaction():
        if bound.dialect.name == "postgresql":
            bound.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        context.run_migrations()


def run_at(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)


async def run_in_postgres(url: str) -> None:
    from app.store.postgres.database import Database

    database = Database(url, command_timeout=600)
    async with database.engine.connect() as connection:
        await connection.run_sync(run)
    await database.close()


attributes = context.config.attributes
url = attributes.get("url") or os.environ.get("DATABASE_URL") or "sqlite:///var/mingjian.sqlite3"
if (bound := attributes.get("bound")) is not None:
    run(bound)
elif (engine := attributes.get("connection")) is not None:  # what the tests of pytest-alembic give
    with engine.connect() as connection:
        run(connection)
elif url.startswith("sqlite"):
    run_at(url)
else:
    asyncio.run(run_in_postgres(url))
