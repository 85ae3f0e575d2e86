"""Feeds in SQLite (外部数据存储)."""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

from app.store.effects import feed_entry
from app.store.feeds import Load, Loaded, StoredFeeds
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect

_LATEST_LOAD = "SELECT coalesce(max(seq), 0) FROM feed_loads"
_LOADS = "SELECT feed, max(seq), recorded_at FROM feed_loads GROUP BY feed"
_RECORDS = "SELECT feed, content FROM feed_records ORDER BY feed, key"
_INSERT_LOAD = "INSERT INTO feed_loads (feed, recorded_at, caller, digest, row_count) VALUES (?, ?, ?, ?, ?)"
_PUT = (
    "INSERT INTO feed_records (feed, key, content, load_seq) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (feed, key) DO UPDATE SET content = excluded.content, load_seq = excluded.load_seq"
)


class SqliteFeeds:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def put(self, load: Load) -> Loaded:
        """Store all records or none, durably, each in the place of the one with its key. Raises NotRecorded."""
        return await self._writer.write(partial(_write, load))

    async def latest(self) -> int:
        """The number of the latest load."""
        return await asyncio.to_thread(self._latest)

    async def read(self) -> StoredFeeds:
        """Everything that holds now."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> StoredFeeds:
        connection = connect(self._path)
        try:
            connection.execute("BEGIN")  # so that all three see the same moment
            seq = int(connection.execute(_LATEST_LOAD).fetchone()[0])
            loaded_at = {feed: at for feed, _, at in connection.execute(_LOADS)}
            records: dict[str, list[bytes]] = {feed: [] for feed in loaded_at}
            for feed, content in connection.execute(_RECORDS):
                records[feed].append(content)
            connection.execute("COMMIT")
        finally:
            connection.close()
        return StoredFeeds(seq, loaded_at, records)

    def _latest(self) -> int:
        connection = connect(self._path)
        try:
            return int(connection.execute(_LATEST_LOAD).fetchone()[0])
        finally:
            connection.close()


def _write(load: Load, connection: sqlite3.Connection) -> Loaded:
    before = int(connection.execute(_LATEST_LOAD).fetchone()[0])
    at = int(load.at.timestamp() * 1_000_000)
    row = (load.feed, at, load.caller, load.digest, load.row_count)
    seq = connection.execute(_INSERT_LOAD, row).lastrowid
    assert seq is not None  # noqa: S101 - for the type checker
    connection.executemany(_PUT, [(load.feed, key, content, seq) for key, content in load.records.items()])
    append_entries(connection, [feed_entry(load, seq)])
    return Loaded(before, seq)
