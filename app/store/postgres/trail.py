"""The trail in PostgreSQL (存证存储). One worker appends at a time: whoever holds the lock holds it until the commit,
so that numbers have no gaps and stand in the order of the commits.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

from sqlalchemy import func, select

from app.store.postgres.database import Connection, Database
from app.store.postgres.text import columns
from app.store.postgres.writer import PostgresWriter
from app.store.sealing import opened_private, sealed_private
from app.store.tables import trail_checkpoints, trail_entries, trail_nodes, trail_private
from app.store.trail import Advance, StoredCheckpoint, StoredEntry
from app.store.vault import vault_of
from app.trail.entry import Sealed

_SEQUENCER = 0x6D6A_7472_6169_6C01  # the lock's number: nothing else in this database takes it
_LOCK = f"SELECT pg_advisory_xact_lock({_SEQUENCER})"
_LAST = "SELECT coalesce(max(seq), -1) FROM trail_entries"
_INSERT = """
INSERT INTO trail_entries (seq, kind, subject, recorded_at, body, leaf)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bytea[])
"""
_INSERT_PRIVATE = """
INSERT INTO trail_private (seq, salt, content) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])
"""
_PUT_NODES = """
INSERT INTO trail_nodes (height, number, hash) SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
ON CONFLICT DO NOTHING
"""
_LATEST_SIZE = "SELECT coalesce(max(size), -1) FROM trail_checkpoints"
_PUT_CHECKPOINT = "INSERT INTO trail_checkpoints (size, root, note, recorded_at) VALUES ($1, $2, $3, $4)"
_COSIGNED = "UPDATE trail_checkpoints SET note = $1 WHERE size = $2"


async def append_entries(connection: Connection, entries: Sequence[Sealed]) -> None:
    """The next entries of the trail, inside the caller's transaction; as late in it as can be, for others wait."""
    if not entries:
        return
    await connection.execute(_LOCK)
    first = await connection.fetchval(_LAST) + 1
    rows, private = [], []
    for seq, one in enumerate(entries, start=first):
        rows.append((seq, one.kind, one.subject, one.at, one.body, sha256(b"\x00" + one.body).digest()))
        if one.salt:
            private.append(sealed_private(vault_of(connection), seq, one))
    await connection.execute(_INSERT, *columns(rows, 6))
    if private:
        await connection.execute(_INSERT_PRIVATE, *columns(private, 3))


class PostgresTrail:
    """What reads raises Unavailable where the database does not answer."""

    def __init__(self, database: Database, writer: PostgresWriter) -> None:
        self._database, self._writer = database, writer

    async def append(self, entries: Sequence[Sealed]) -> None:
        await self._writer.write(partial(append_entries, entries=entries))

    async def size(self) -> int:
        async with self._database.reading() as connection:
            asked = select(func.coalesce(func.max(trail_entries.c.seq), -1))
            return int((await connection.execute(asked)).scalar_one()) + 1

    async def entries(self, first: int, count: int) -> list[StoredEntry]:
        asked = _ENTRIES.where(trail_entries.c.seq >= first).order_by(trail_entries.c.seq).limit(count)
        async with self._database.reading() as connection:
            return [StoredEntry(*row) for row in await connection.execute(asked)]

    async def find(self, subject: str) -> list[StoredEntry]:
        asked = _ENTRIES.where(trail_entries.c.subject == subject).order_by(trail_entries.c.seq)
        async with self._database.reading() as connection:
            return [StoredEntry(*row) for row in await connection.execute(asked)]

    async def count(self, kind: str, before: int) -> int:
        one = trail_entries.c
        asked = select(func.count()).where(one.kind == kind, one.seq < before)
        async with self._database.reading() as connection:
            return int((await connection.execute(asked)).scalar_one())

    async def private_of(self, seqs: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        one = trail_private.c
        asked = select(one.seq, one.salt, one.content).where(one.seq == func.any(list(seqs)))
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {row[0]: opened_private(self._database.vault, *row) for row in rows}

    async def hashes(self, height: int, first: int, count: int) -> list[bytes]:
        if height:
            node = trail_nodes.c
            asked = select(node.hash).where(node.height == height, node.number >= first, node.number < first + count)
            asked = asked.order_by(node.number)
        else:
            leaf = trail_entries.c
            asked = select(leaf.leaf).where(leaf.seq >= first, leaf.seq < first + count).order_by(leaf.seq)
        async with self._database.reading() as connection:
            return list((await connection.execute(asked)).scalars())

    async def checkpoint(self, at_least: int | None = None) -> StoredCheckpoint | None:
        one = trail_checkpoints.c
        asked = select(one.size, one.root, one.note, one.recorded_at).limit(1)
        if at_least is None:
            asked = asked.order_by(one.size.desc())
        else:
            asked = asked.where(one.size >= at_least).order_by(one.size)
        async with self._database.reading() as connection:
            row = (await connection.execute(asked)).first()
        return None if row is None else StoredCheckpoint(*row)

    async def advance(self, advance: Advance) -> bool:
        return await self._writer.write(partial(_advance, advance=advance))

    async def cosigned(self, size: int, note: str) -> None:
        await self._writer.write(partial(_cosign, note=note, size=size))


_ENTRIES = select(
    trail_entries.c.seq,
    trail_entries.c.kind,
    trail_entries.c.subject,
    trail_entries.c.recorded_at,
    trail_entries.c.body,
    trail_entries.c.leaf,
)


async def _advance(connection: Connection, advance: Advance) -> bool:
    await connection.execute(_LOCK)
    if await connection.fetchval(_LATEST_SIZE) >= advance.checkpoint.size:
        return False
    if advance.nodes:
        await connection.execute(_PUT_NODES, *columns(advance.nodes, 3))
    await connection.execute(_PUT_CHECKPOINT, *advance.checkpoint)
    return True


async def _cosign(connection: Connection, note: str, size: int) -> None:
    await connection.execute(_COSIGNED, note, size)
