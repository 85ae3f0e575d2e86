"""Walls (行级安全): what a connection may see, as PostgreSQL keeps it, should a query forget to ask for no more.

A connection of the service says `all` when it is opened (database.py); one that reads for somebody says for the
transaction what limits them; one that says nothing sees nothing. The policies stand in migrations/: on `reviews` and
what belongs to them with their sums, `stays`, `alerts`, `audits` and `findings`. A superuser is never limited; the
service's user is to be none.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.access import EVERYWHERE, Scope
from app.store.postgres.database import Connection, Database

_SAY = text(
    "SELECT set_config('mingjian.scope', 'limited', true), set_config('mingjian.facilities', :facilities, true),"
    " set_config('mingjian.campuses', :campuses, true), set_config('mingjian.departments', :departments, true),"
    " set_config('mingjian.practitioner', :practitioner, true)"
)
_EVERY, _MARK = "*", "\x1f"
_POLICY = (
    "SELECT format('CREATE POLICY %I ON %I USING (%s)', $1::text || '_scope', $1::text, pg_get_expr(polqual, polrelid))"
    " FROM pg_policy WHERE polrelid = $2::regclass"
)


def settings_of(scope: Scope) -> dict[str, str]:
    """None is every one; a set begins with the mark, so that nothing in it can read as every one."""
    return {
        "facilities": _told(scope.facilities),
        "campuses": _told(scope.campuses),
        "departments": _told(scope.departments),
        "practitioner": scope.practitioner,
    }


def _told(some: Iterable[str] | None) -> str:
    return _EVERY if some is None else "".join(_MARK + one for one in sorted(some))


@asynccontextmanager
async def reading_for(database: Database, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A connection that sees what the scope covers. Raises Unavailable for whatever fails inside."""
    async with database.reading() as connection:
        if scope != EVERYWHERE:
            await connection.execute(_SAY, settings_of(scope))
        yield connection


async def wall_like(connection: Connection, name: str, table: str) -> None:
    """The same wall for a table that becomes part of another, before anybody can find it."""
    policy = await connection.fetchval(_POLICY, name, table)
    if policy is not None:
        await connection.execute(policy)
        await connection.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
