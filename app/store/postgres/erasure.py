"""Erasure in PostgreSQL (删除个人信息)."""

from collections.abc import Callable, Sequence
from functools import partial

from app.store.erasure import OF_FINDINGS, private_of_findings
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
_HOLDING = """
WITH found AS (
    SELECT f.id FROM history_encounters h JOIN audits a ON a.facility = h.facility AND a.encounter = h.encounter
        JOIN findings f ON f.audit_seq = a.seq AND f.recorded_at = a.recorded_at
    WHERE h.patient = ANY ($1::text[]) AND h.facility = $2
    UNION SELECT id FROM reviews WHERE patient_key = ANY ($1::text[]) AND facility = $2
)
SELECT id FROM found
WHERE EXISTS (SELECT 1 FROM reviews r WHERE r.id = found.id AND r.patient_key <> '')
    OR EXISTS (SELECT 1 FROM review_steps s WHERE s.review = found.id AND s.comment <> '')
    OR EXISTS (
        SELECT 1 FROM review_attachments x WHERE x.review = found.id AND (x.name <> '' OR length(x.content) > 0)
    )
    OR EXISTS (SELECT 1 FROM dispositions d WHERE d.finding = found.id AND d.reason <> '')
ORDER BY id
"""
# Whoever has read the row before writes it no more: it was touched.
_ERASE_KEYS = """
UPDATE reviews SET patient_key = '', touched = touched + 1 WHERE id = ANY ($1::text[]) AND patient_key <> ''
"""
_ERASE_COMMENTS = """
UPDATE review_steps SET comment = '' WHERE review = ANY ($1::text[]) AND comment <> '' RETURNING review, number
"""
_ERASE_ATTACHMENTS = "UPDATE review_attachments SET name = '', content = '' WHERE review = ANY ($1::text[])"
_ERASE_REASONS = "UPDATE dispositions SET reason = '' WHERE finding = ANY ($1::text[]) AND reason <> ''"
_ENTRIES = """
SELECT seq, kind, subject, body FROM trail_entries WHERE subject = ANY ($1::text[]) AND kind = ANY ($2::text[])
"""
_ERASE_PRIVATE = "DELETE FROM trail_private WHERE seq = ANY ($1::bigint[])"
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

    async def erase_findings(self, patient: str, facility: str, entry: Callable[[str], Sealed]) -> int:
        return await self._database.write(partial(_erase_findings, self._both(patient), plain(facility), entry))

    async def erase_history(self, patient: str, facility: str) -> int:
        return await self._database.write(partial(_erase_history, self._both(patient), plain(facility)))

    def _both(self, patient: str) -> list[str]:
        return self._database.vault.lookups(plain(patient))


async def _ids(query: str, first: list[str] | int, second: str | int, connection: Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(query, first, second)]


async def _erase(audits: list[str], entries: Sequence[Sealed], connection: Connection) -> None:
    await connection.execute(_ERASE, audits)
    await append_entries(connection, entries)


async def _erase_findings(
    patients: list[str], facility: str, entry: Callable[[str], Sealed], connection: Connection
) -> int:
    found = [row[0] for row in await connection.fetch(_HOLDING, patients, facility)]
    entries = [tuple(row) for row in await connection.fetch(_ENTRIES, found, list(OF_FINDINGS))]
    await connection.execute(_ERASE_KEYS, found)
    commented = [(row[0], row[1]) for row in await connection.fetch(_ERASE_COMMENTS, found)]
    await connection.execute(_ERASE_ATTACHMENTS, found)
    await connection.execute(_ERASE_REASONS, found)
    await connection.execute(_ERASE_PRIVATE, private_of_findings(entries, commented))
    await append_entries(connection, [entry(one) for one in found])
    return len(found)


async def _erase_history(patients: list[str], facility: str, connection: Connection) -> int:
    return int(await connection.fetchval(_ERASE_HISTORY, patients, facility))
