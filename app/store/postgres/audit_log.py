"""The audit log in PostgreSQL (审核记录). The tables are those of tables.py.

Who has a key is decided by the primary key of `idempotency_keys`: of several workers that insert the same one at once,
one wins, and the others wait for its commit and then give its answer.
"""

from functools import partial

from sqlalchemy import select

from app.store.audit_log import AuditRecord, IdempotencyConflict, IdempotencyKey, StoredAudit
from app.store.packing import unpack
from app.store.postgres.audit_rows import (
    Earlier,
    Numbered,
    answer_of,
    find_keys,
    numbered,
    put_audits,
    storable,
    take_keys,
)
from app.store.postgres.database import Connection, Database
from app.store.postgres.history import partitions_of, write_history
from app.store.postgres.partitions import Partition, Partitions, month_of
from app.store.postgres.restore import write_missing
from app.store.postgres.text import plain
from app.store.postgres.trail import append_entries
from app.store.postgres.writer import PostgresWriter
from app.store.tables import audits

Answer = tuple[bytes, bool]


class PostgresAuditLog:
    def __init__(self, database: Database, writer: PostgresWriter, partitions: Partitions) -> None:
        self._database, self._writer, self._partitions = database, writer, partitions

    async def append(self, record: AuditRecord) -> Answer:
        record = storable(record)
        await self._partitions.ensure(_partitions_of(record))
        answer: Answer | None = await self._writer.write_together(_write_audits, record)
        if answer is None:
            raise IdempotencyConflict(record.key.key if record.key else "")
        return answer

    async def restore(self, records: list[AuditRecord]) -> None:
        await self._partitions.ensure([needed for one in records for needed in _partitions_of(one)])
        await self._database.write(partial(write_missing, records=[storable(one) for one in records]))

    async def find(self, audit_id: str) -> StoredAudit | None:
        """Raises Unavailable."""
        one = audits.c
        asked = select(one.id, one.caller, one.facility, one.ruleset, one.content).where(one.id == plain(audit_id))
        async with self._database.reading() as connection:
            row = (await connection.execute(asked)).first()
        if row is None or not row[4]:  # unknown, or erased
            return None
        content = unpack(self._database.vault.open("audits", (row[0],), row[4]))
        return StoredAudit(id=row[0], caller=row[1], facility=row[2], ruleset=row[3], **content._asdict())

    async def latest_ids(self, limit: int, *, before: str | None = None) -> list[str]:
        """Raises Unavailable."""
        asked = select(audits.c.id).order_by(audits.c.seq.desc()).limit(limit)
        if before is not None:
            asked = asked.where(audits.c.seq < select(audits.c.seq).where(audits.c.id == before).scalar_subquery())
        async with self._database.reading() as connection:
            return list((await connection.execute(asked)).scalars())


def _partitions_of(record: AuditRecord) -> list[Partition]:
    month = month_of(record.recorded_at)
    needed = [Partition("audits", month), Partition("findings", month)]
    return needed if record.history is None else [*needed, *partitions_of([record.history])]


async def _write_audits(connection: Connection, records: list[AuditRecord]) -> list[Answer | None]:
    """For each: what to answer, and whether it is an earlier answer; None where the key belongs to another body."""
    first: dict[IdempotencyKey, Numbered] = {}
    told = await numbered(connection, records)
    for one in told:
        if one.record.key is not None:
            first.setdefault(one.record.key, one)
    taken = await take_keys(connection, first)
    known = {key: Earlier(first[key].record.request_digest, answer_of(first[key].record)) for key in taken}
    if lost := [key for key in first if key not in taken]:
        known |= await find_keys(connection, lost)
    new = [one for one in told if (key := one.record.key) is None or (key in taken and first[key] is one)]
    entries = await put_audits(connection, new)
    await write_history(connection, [one.history for one, _ in new if one.history is not None])
    await append_entries(connection, entries)
    are_new = {id(one) for one, _ in new}
    return [(answer_of(one), False) if id(one) in are_new else _replayed(one, known) for one in records]


def _replayed(record: AuditRecord, known: dict[IdempotencyKey, Earlier]) -> Answer | None:
    """None also where the first record is gone, of which only the key is left."""
    earlier = None if record.key is None else known.get(record.key)
    if earlier is None or earlier.digest != record.request_digest:
        return None
    return earlier.answer, True
