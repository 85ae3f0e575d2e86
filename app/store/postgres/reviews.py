"""Reviews in PostgreSQL (复核存储): behind the walls of row-level security (walls.py)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, any_, func, text

from app.domain.access import Scope
from app.store.acts import Act
from app.store.postgres.database import Connection, Database
from app.store.postgres.trail import append_entries
from app.store.postgres.walls import reading_for
from app.store.review_statements import Outdated, Statement, Statements
from app.store.review_tables import reviews
from app.store.reviews_intake import StoredIntake
from app.store.reviews_query import WALKS
from app.store.reviews_writing import StoredReviews
from app.trail.entry import Sealed

# To mark millions of rows in two bitmaps, so as to look at a thousand, takes longer than to walk through one index in
# order until there is enough. Where any of several conditions is to hold, there is no other way; the bitmaps then have
# room to stay exact.
#
# Every question is planned for the values it asks by: the same plan for a frequent and for a rare one, which PostgreSQL
# would settle on after five, takes seconds for some.
_PLANNED = "set_config('plan_cache_mode', 'force_custom_plan', true)"
_WALKS = text(f"SELECT set_config('enable_bitmapscan', 'off', true), {_PLANNED}")
_GATHERS = text(f"SELECT set_config('work_mem', '64MB', true), {_PLANNED}")


def postgres_reviews(database: Database, act: Act) -> tuple[StoredReviews, StoredIntake]:
    async def ask(asked: Select[Any], scope: Scope) -> list[Any]:
        async with reading_for(database, scope) as connection:
            await connection.execute(_WALKS if asked.get_execution_options().get(WALKS) else _GATHERS)
            return [tuple(row) for row in await connection.execute(asked)]

    async def run(statements: Sequence[Statement], entries: Sequence[Sealed]) -> None:
        await database.write(partial(_run, statements=statements, entries=entries))

    texts = Statements(is_postgres=True)
    kept = StoredReviews(ask, run, act, texts, seq_among, database.vault)
    return kept, StoredIntake(ask, texts, kept, database.vault)


async def _run(connection: Connection, statements: Sequence[Statement], entries: Sequence[Sealed]) -> None:
    for one in statements:
        rows = await connection.fetch(one.text, *one.values)
        if one.expected is not None and len(rows) != one.expected:
            raise Outdated
    await append_entries(connection, entries)


def seq_among(asked: Select[Any]) -> ColumnElement[bool]:
    """The array is made first, and then the rows are looked up by their numbers, beside what else may hold."""
    return reviews.c.seq == any_(func.array(asked.scalar_subquery()))
