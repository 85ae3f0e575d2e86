"""API keys in PostgreSQL (接口密钥存储)."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import func, select

from app.domain.api_key import ApiKey
from app.store.api_keys import StoredKey, pack_key, unpack_key
from app.store.key_tables import api_keys as table
from app.store.postgres.database import Connection, Database
from app.store.postgres.trail import append_entries
from app.trail.entry import Sealed

# Numbers must be in the order of the commits: who has seen a number has seen all below it.
_ONE_AT_A_TIME = "LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE"
_REVISION = "SELECT coalesce(max(revision), 0) FROM api_keys"
_INSERT = "INSERT INTO api_keys (id, revision, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE api_keys SET revision = $2, content = $3 WHERE id = $1 AND revision = $4"
_TOUCH = """
UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, told.at)
FROM unnest($1::text[], $2::bigint[]) AS told (id, at) WHERE k.id = told.id
"""


class PostgresApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> int:
        async with self._database.reading() as connection:
            return int((await connection.execute(select(func.coalesce(func.max(table.c.revision), 0)))).scalar_one())

    async def read(self) -> list[StoredKey]:
        asked = select(table.c.content, table.c.revision, table.c.last_used_at).order_by(table.c.revision)
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return [StoredKey(unpack_key(content), revision, used) for content, revision, used in rows]

    async def put(self, key: ApiKey, was: int, entry: Sealed) -> int | None:
        return await self._database.write(partial(_put, key=key, was=was, entry=entry))

    async def touch(self, used: Mapping[str, int]) -> None:
        async def write(connection: Connection) -> None:
            await connection.execute(_ONE_AT_A_TIME)  # two workers lock the rows in whatever order
            await connection.execute(_TOUCH, list(used), list(used.values()))

        await self._database.write(write)


async def _put(connection: Connection, key: ApiKey, was: int, entry: Sealed) -> int | None:
    await connection.execute(_ONE_AT_A_TIME)
    revision = int(await connection.fetchval(_REVISION)) + 1
    if was:
        done = await connection.execute(_UPDATE, key.id, revision, pack_key(key), was)
    else:
        done = await connection.execute(_INSERT, key.id, revision, pack_key(key))
    if done.endswith(" 0"):
        return None
    await append_entries(connection, [entry])
    return revision
