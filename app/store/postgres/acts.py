"""Acts in PostgreSQL (写入步骤)."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from app.store.acts import Act, Ready, Rows, Step, ready
from app.store.postgres.database import Connection
from app.store.postgres.text import plain
from app.store.postgres.trail import append_entries
from app.store.postgres.writer import PostgresWriter
from app.trail.entry import Sealed

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


def postgres_act(writer: PostgresWriter) -> Act:
    async def act(steps: Sequence[Step], entries: Sequence[Sealed]) -> list[Rows] | None:
        return await writer.write(partial(_act, steps=ready(steps, _DIALECT), entries=entries))

    return act


async def _act(connection: Connection, steps: list[Ready], entries: Sequence[Sealed]) -> list[Rows] | None:
    await connection.execute("SAVEPOINT act")
    found: list[Rows] = []
    for one in steps:
        values = [plain(value) if isinstance(value, str) else value for value in one.values]
        rows = [tuple(row) for row in await connection.fetch(one.text, *values)]
        if one.must and not rows:
            await connection.execute("ROLLBACK TO SAVEPOINT act")
            await connection.execute("RELEASE SAVEPOINT act")
            return None
        found.append(rows)
    await append_entries(connection, entries)
    await connection.execute("RELEASE SAVEPOINT act")
    return found
