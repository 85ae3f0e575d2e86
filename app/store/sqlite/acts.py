"""Acts in SQLite (写入步骤)."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from app.store.acts import Act, Ready, Rows, Step, ready
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter
from app.trail.entry import Sealed

_DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")


def sqlite_act(writer: SqliteWriter) -> Act:
    async def act(steps: Sequence[Step], entries: Sequence[Sealed]) -> list[Rows] | None:
        return await writer.write(partial(_act, ready(steps, _DIALECT), entries))

    return act


def _act(steps: list[Ready], entries: Sequence[Sealed], connection: sqlite3.Connection) -> list[Rows] | None:
    connection.execute("SAVEPOINT act")
    found: list[Rows] = []
    for one in steps:
        rows = connection.execute(one.text, one.values).fetchall()
        if one.must and not rows:
            connection.execute("ROLLBACK TO act")
            connection.execute("RELEASE act")
            return None
        found.append(rows)
    append_entries(connection, entries)
    connection.execute("RELEASE act")
    return found
