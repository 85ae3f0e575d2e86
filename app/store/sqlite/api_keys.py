"""API keys in SQLite (接口密钥存储)."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.domain.api_key import ApiKey
from app.store.api_keys import StoredKey, pack_key, unpack_key
from app.store.history import Unavailable
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.trail.entry import Sealed

_REVISION = "SELECT coalesce(max(revision), 0) FROM api_keys"
_READ = "SELECT content, revision, last_used_at FROM api_keys ORDER BY revision"
_INSERT = "INSERT INTO api_keys (id, revision, content) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE api_keys SET revision = ?, content = ? WHERE id = ? AND revision = ?"
_TOUCH = "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?"

T = TypeVar("T")


class SqliteApiKeys:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def revision(self) -> int:
        return await self._ask(_revision)

    async def read(self) -> list[StoredKey]:
        return await self._ask(_read)

    async def put(self, key: ApiKey, was: int, entry: Sealed) -> int | None:
        return await self._writer.write(partial(_put, key, was, entry))

    async def touch(self, used: Mapping[str, int]) -> None:
        rows = [(at, key) for key, at in used.items()]
        await self._writer.write(lambda connection: connection.executemany(_TOUCH, rows).rowcount)

    async def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await asyncio.to_thread(self._answer, question)
        except sqlite3.Error as error:
            raise Unavailable(f"the database does not answer as it should: {error}") from None

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with closing(connect(self._path)) as connection:
            return question(connection)


def _revision(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_REVISION).fetchone()[0])


def _read(connection: sqlite3.Connection) -> list[StoredKey]:
    return [StoredKey(unpack_key(content), revision, used) for content, revision, used in connection.execute(_READ)]


def _put(key: ApiKey, was: int, entry: Sealed, connection: sqlite3.Connection) -> int | None:
    revision = _revision(connection) + 1
    if was:
        done = connection.execute(_UPDATE, (revision, pack_key(key), key.id, was))
    else:
        done = connection.execute(_INSERT, (key.id, revision, pack_key(key)))
    if not done.rowcount:
        return None
    append_entries(connection, [entry])
    return revision
