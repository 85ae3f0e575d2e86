"""Settled stays in SQLite (已结算病例存储)."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.store.history import Unavailable
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.stays import StayFilter, StayKey, StayPage, StoredStay

_PUT = (
    "INSERT INTO stays (facility, id, department, discharge_date, content) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (facility, id) DO UPDATE SET department = excluded.department,"
    " discharge_date = excluded.discharge_date, content = excluded.content"
)
_IS_ONE = "{} IN (SELECT value FROM json_each(?))"


class SqliteStays:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def put(self, stays: list[StoredStay]) -> None:
        rows = [(one.facility, one.id, one.department, one.discharge_date.isoformat(), one.content) for one in stays]
        await self._writer.write(partial(_write, rows))

    async def count(self, wanted: StayFilter) -> int:
        tests, values = _where(wanted)
        query = f"SELECT count(*) FROM stays WHERE {tests}"  # noqa: S608 - the tests hold no values
        rows = await asyncio.to_thread(self._ask, query, values)
        return int(rows[0][0])

    async def page(self, wanted: StayFilter, after: StayKey | None, size: int) -> StayPage:
        tests, values = _where(wanted)
        if after is not None:
            tests, values = f"{tests} AND (facility, id) > (?, ?)", [*values, *after]
        query = f"SELECT facility, id, content FROM stays WHERE {tests} ORDER BY facility, id LIMIT ?"  # noqa: S608
        rows = await asyncio.to_thread(self._ask, query, [*values, size])
        last = StayKey(*rows[-1][:2]) if len(rows) == size else None
        return StayPage([content for _, _, content in rows], last)

    def _ask(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        try:
            with closing(connect(self._path)) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error


def _write(rows: Sequence[tuple[str, ...]], connection: sqlite3.Connection) -> None:
    connection.executemany(_PUT, rows)


def _where(wanted: StayFilter) -> tuple[str, list[Any]]:
    tests, values = ["1"], list[Any]()
    for name, some in (("facility", wanted.facilities), ("department", wanted.departments)):
        if some:
            tests.append(_IS_ONE.format(name))
            values.append(msgspec.json.encode(some).decode())
    for sign, day in ((">=", wanted.discharged_from), ("<=", wanted.discharged_to)):
        if day is not None:
            tests.append(f"discharge_date {sign} ?")
            values.append(day.isoformat())
    return " AND ".join(tests), values
