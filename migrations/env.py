"""Alembic's entry: which database, and which tables it should have."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

from app.store.tables import metadata

url = context.config.attributes.get("url") or os.environ.get("DATABASE_URL") or "sqlite:///var/mingjian.sqlite3"
connection = context.config.attributes.get("connection")


def run(bound) -> None:
    context.configure(connection=bound, target_metadata=metadata, render_as_batch=bound.dialect.name == "sqlite")
    with context.begin_transaction():
        context.run_migrations()


if connection is not None:
    run(connection)
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as bound:
        run(bound)
