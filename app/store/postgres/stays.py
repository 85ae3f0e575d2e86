"""Settled stays in PostgreSQL (已结算病例存储)."""

from functools import partial

from sqlalchemy import ColumnElement, and_, func, select, true, tuple_

from app.store.postgres.database import Connection, Database
from app.store.postgres.text import columns, plain
from app.store.stays import StayFilter, StayKey, StayPage, StoredStay
from app.store.tables import stays as table

_PUT = """
INSERT INTO stays (facility, id, department, discharge_date, content)
SELECT facility, id, department, discharge_date, content
FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::text[])
    AS told (facility, id, department, discharge_date, content)
ON CONFLICT (facility, id) DO UPDATE SET department = excluded.department,
    discharge_date = excluded.discharge_date, content = excluded.content
"""


class PostgresStays:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, stays: list[StoredStay]) -> None:
        rows = [
            StoredStay(plain(one.facility), plain(one.id), plain(one.department), one.discharge_date, one.content)
            for one in stays
        ]
        latest = {one[:2]: one for one in rows}  # one statement may not touch a row twice
        in_order = sorted(latest.values())  # nor may two writers wait for each other
        await self._database.write(partial(_write, rows=in_order))

    async def count(self, wanted: StayFilter) -> int:
        query = select(func.count()).select_from(table).where(_where(wanted))
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def page(self, wanted: StayFilter, after: StayKey | None, size: int) -> StayPage:
        key = table.c.facility, table.c.id
        query = select(*key, table.c.content).where(_where(wanted)).order_by(*key).limit(size)
        if after is not None:
            query = query.where(tuple_(*key) > tuple_(*after))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        last = StayKey(*rows[-1][:2]) if len(rows) == size else None
        return StayPage([content for _, _, content in rows], last)


async def _write(connection: Connection, rows: list[StoredStay]) -> None:
    await connection.execute(_PUT, *columns(rows, 5))


def _where(wanted: StayFilter) -> ColumnElement[bool]:
    tests: list[ColumnElement[bool]] = [true()]
    if wanted.facilities:
        tests.append(table.c.facility.in_([plain(one) for one in wanted.facilities]))
    if wanted.departments:
        tests.append(table.c.department.in_([plain(one) for one in wanted.departments]))
    if wanted.discharged_from is not None:
        tests.append(table.c.discharge_date >= wanted.discharged_from)
    if wanted.discharged_to is not None:
        tests.append(table.c.discharge_date <= wanted.discharged_to)
    return and_(*tests)
