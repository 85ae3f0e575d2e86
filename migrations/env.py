"""Alembic's entry: which database, and which tables it should have."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from app.store.tables import metadata

url = context.config.attributes.get("url") or os.environ.get("DATABASE_URL") or "sqlite:///var/mingjian.sqlite3"
engine = context.config.attributes.get("connection") or create_engine(url, poolclass=pool.NullPool)


def run(bound: Connection) -> None:
    context.configure(connection=bound, target_metadata=metadata, render_as_batch=bound.dialect.name == "sqlite")
    with context.begin_transaction():
        context.run_migrations()


with engine.connect() as connection:
    run(connection)
