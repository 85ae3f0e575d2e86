"""Reviews in SQLite (复核存储)."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select

from app.domain.access import Scope
from app.store.acts import Act
from app.store.review_statements import Outdated, Statement, Statements
from app.store.review_tables import reviews
from app.store.reviews_intake import StoredIntake
from app.store.reviews_writing import StoredReviews
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter
from app.trail.entry import Sealed

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]


def sqlite_reviews(writer: SqliteWriter, rows: Rows, act: Act) -> tuple[StoredReviews, StoredIntake]:
    async def ask(asked: Select[Any], scope: Scope) -> list[Any]:  # noqa: ARG001 - SQLite has no walls
        return await rows(asked)

    async def run(statements: Sequence[Statement], entries: Sequence[Sealed]) -> None:
        if not await writer.write(partial(_run, statements, entries)):
            raise Outdated

    texts = Statements(is_postgres=False)
    kept = StoredReviews(ask, run, act, texts, _seq_among, writer.vault)
    return kept, StoredIntake(ask, texts, kept, writer.vault)


def _run(statements: Sequence[Statement], entries: Sequence[Sealed], connection: sqlite3.Connection) -> bool:
    """False: nothing was done. What others write in the same transaction is not undone with it."""
    connection.execute("SAVEPOINT reviews")
    for one in statements:
        rows = connection.execute(one.text, one.values).fetchall()
        if one.expected is not None and len(rows) != one.expected:
            connection.execute("ROLLBACK TO reviews")
            connection.execute("RELEASE reviews")
            return False
    append_entries(connection, entries)
    connection.execute("RELEASE reviews")
    return True


def _seq_among(asked: Select[Any]) -> ColumnElement[bool]:
    return reviews.c.seq.in_(asked)
