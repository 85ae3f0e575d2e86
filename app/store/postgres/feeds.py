"""Feeds in PostgreSQL (外部数据存储)."""

from functools import partial

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.store.effects import feed_entry
from app.store.feeds import Load, Loaded, StoredFeeds
from app.store.packing import microseconds
from app.store.postgres.database import Connection, Database
from app.store.postgres.trail import append_entries
from app.store.tables import feed_loads, feed_records

# Numbers must be in the order of the commits: who has seen a number has seen all below it.
_ONE_AT_A_TIME = "LOCK TABLE feed_loads IN SHARE ROW EXCLUSIVE MODE"
_LATEST_LOAD = "SELECT coalesce(max(seq), 0) FROM feed_loads"
_INSERT_LOAD = """
INSERT INTO feed_loads (feed, recorded_at, caller, digest, row_count) VALUES ($1, $2, $3, $4, $5) RETURNING seq
"""
_PUT = """
INSERT INTO feed_records AS r (feed, key, content, load_seq)
SELECT $1, key, content, $2 FROM unnest($3::text[], $4::bytea[]) AS told (key, content)
ON CONFLICT (feed, key) DO UPDATE SET content = excluded.content, load_seq = excluded.load_seq
"""


class PostgresFeeds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, load: Load) -> Loaded:
        """Store all records or none, durably, each in the place of the one with its key. Raises NotRecorded."""
        return await self._database.write(partial(_write, load=load))

    async def latest(self) -> int:
        """The number of the latest load. Raises Unavailable."""
        async with self._database.reading() as connection:
            return int((await connection.execute(select(func.coalesce(func.max(feed_loads.c.seq), 0)))).scalar_one())

    async def read(self) -> StoredFeeds:
        """Everything that holds now. Raises Unavailable."""
        load, record = feed_loads.c, feed_records.c
        loads = select(load.seq, load.feed, load.recorded_at).order_by(load.feed, load.seq.desc())
        contents = select(record.feed, record.content).order_by(record.feed, record.key.collate("C"))
        async with self._database.reading() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")  # so that both see the same moment
            loaded = (await connection.execute(loads.ext(distinct_on(load.feed)))).all()
            rows = (await connection.execute(contents)).all()
        records: dict[str, list[bytes]] = {feed: [] for _, feed, _ in loaded}
        for feed, content in rows:
            records[feed].append(content)
        return StoredFeeds(max([seq for seq, _, _ in loaded], default=0), {feed: at for _, feed, at in loaded}, records)


async def _write(connection: Connection, load: Load) -> Loaded:
    await connection.execute(_ONE_AT_A_TIME)
    before = await connection.fetchval(_LATEST_LOAD)
    seq = await connection.fetchval(
        _INSERT_LOAD, load.feed, microseconds(load.at), load.caller, load.digest, load.row_count
    )
    await connection.execute(_PUT, load.feed, seq, list(load.records), list(load.records.values()))
    await append_entries(connection, [feed_entry(load, seq)])
    return Loaded(before, seq)
