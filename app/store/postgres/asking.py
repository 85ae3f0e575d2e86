"""Asking PostgreSQL for a caller (按数据范围查询): behind the walls of row-level security (walls.py)."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.access import Scope
from app.store.postgres.database import Database
from app.store.postgres.walls import reading_for


def asking(database: Database) -> Callable[[Any, Scope], Awaitable[list[Any]]]:
    """What gives the rows of a question, as tuples."""

    async def ask(asked: Any, scope: Scope) -> list[Any]:
        async with reading_for(database, scope) as connection:
            return [tuple(row) for row in await connection.execute(asked)]

    return ask
