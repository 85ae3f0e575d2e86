"""Erasure in PostgreSQL (删除个人信息)."""

from collections.abc import Sequence
from functools import partial

from app.store.postgres.database import Connection, Database
from app.store.postgres.text import plain
from app.store.postgres.trail import append_entries
from app.trail.entry import Sealed

_OF_PATIENT = """
SELECT a.id FROM history_encounters h JOIN audits a ON a.facility = h.facility AND a.encounter = h.encounter
WHERE h.patient = ANY ($1::text[]) AND h.facility = $2 AND length(a.content) > 0 ORDER BY a.seq
"""
_BEFORE = "SELECT id FROM audits WHERE recorded_at < $1 AND length(content) > 0 ORDER BY recorded_at LIMIT $2"
_ERASE = "UPDATE audits SET content = '' WHERE id = ANY ($1::text[])"
_ERASE_HISTORY = """
WITH gone AS (
    DELETE FROM history_encounters WHERE patient = ANY ($1::text[]) AND facility = $2
    RETURNING month, facility, encounter
),
lines AS (
    DELETE FROM history_lines l USING gone g
    WHERE l.month = g.month AND l.facility = g.facility AND l.encounter = g.encounter
)
SELECT count(*) FROM gone
"""


class PostgresErasure:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def audits_of(self, patient: str, facility: str) -> list[str]:
        return await self._database.write(partial(_ids, _OF_PATIENT, self._both(patient), plain(facility)))

    async def audits_before(self, microseconds: int, limit: int) -> list[str]:
        return await self._database.write(partial(_ids, _BEFORE, microseconds, limit))

    async def erase(self, audits: Sequence[str], entries: Sequence[Sealed]) -> None:
        await self._database.write(partial(_erase, list(audits), entries))

    async def erase_history(self, patient: str, facility: str) -> int:
        return await self._database.write(partial(_erase_history, self._both(patient), plain(facility)))

    def _both(self, patient: str) -> list[str]:
        return self._database.vault.lookups(plain(patient))


async def _ids(query: str, first: list[str] | int, second: str | int, connection: Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(query, first, second)]


async def _erase(audits: list[str], entries: Sequence[Sealed], connection: Connection) -> None:
    await connection.execute(_ERASE, audits)
    await append_entries(connection, entries)


async def _erase_history(patients: list[str], facility: str, connection: Connection) -> int:
    return int(await connection.fetchval(_ERASE_HISTORY, patients, facility))
