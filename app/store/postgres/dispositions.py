"""Dispositions in PostgreSQL (处理记录存储)."""

from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.disposition import Action, Disposition
from app.store.dispositions import Recorded
from app.store.effects import disposition_entry
from app.store.packing import microseconds
from app.store.postgres.database import Connection, Database
from app.store.postgres.text import columns, plain
from app.store.postgres.trail import append_entries
from app.store.postgres.writer import PostgresWriter
from app.store.tables import dispositions as table
from app.store.vault import vault_of

# Two workers must not both find that nothing was said before, and both store it.
_ONE_AT_A_TIME = "LOCK TABLE dispositions IN SHARE ROW EXCLUSIVE MODE"
KNOWN = """
SELECT asked.finding, EXISTS (SELECT 1 FROM findings f WHERE f.id = asked.finding) AS is_known,
    d.action, d.reason, d.practitioner, d.caller
FROM unnest($1::text[]) AS asked (finding) LEFT JOIN LATERAL (
    SELECT action, reason, practitioner, caller FROM dispositions s WHERE s.finding = asked.finding
    ORDER BY seq DESC LIMIT 1
) d ON true
"""
_INSERT = """
INSERT INTO dispositions (finding, is_known, recorded_at, caller, practitioner, action, reason)
SELECT finding, is_known, recorded_at, caller, practitioner, action, reason
FROM unnest($1::text[], $2::bool[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY
    AS told (finding, is_known, recorded_at, caller, practitioner, action, reason, place) ORDER BY place
"""


class _Held(NamedTuple):
    disposition: Disposition
    caller: str


class PostgresDispositions:
    def __init__(self, database: Database, writer: PostgresWriter) -> None:
        self._database, self._writer = database, writer

    async def append(self, dispositions: list[Disposition], *, caller: str, at: datetime) -> list[Recorded]:
        """Store all or none, durably. What the same caller says again while it holds is not stored twice."""
        told = [_plain(one) for one in dispositions]
        return await self._writer.write(partial(_write, dispositions=told, caller=caller, at=at))

    async def latest(self, findings: list[str], caller: str = "") -> dict[str, Disposition]:
        """What holds for each of the findings, or what the caller said last; those without a disposition are absent.

        Raises Unavailable.
        """
        asked = {plain(finding): finding for finding in findings}
        latest = select(table.c.finding, table.c.action, table.c.reason, table.c.practitioner, table.c.caller)
        latest = latest.where(table.c.finding.in_(asked)).ext(distinct_on(table.c.finding))
        if caller:
            latest = latest.where(table.c.caller == caller)
        async with self._database.reading() as connection:
            rows = (await connection.execute(latest.order_by(table.c.finding, table.c.seq.desc()))).all()
        vault, found = self._database.vault, {}
        for finding, action, reason, practitioner, by in rows:
            told = vault.open_text("dispositions", (finding, by), reason)
            found[asked[finding]] = _disposition(asked[finding], action, told, practitioner)
        return found


def _plain(one: Disposition) -> Disposition:
    return Disposition(
        finding=plain(one.finding), action=one.action, reason=plain(one.reason), practitioner=plain(one.practitioner)
    )


def _disposition(finding: str, action: str, reason: str, practitioner: str) -> Disposition:
    return Disposition(finding=finding, action=Action(action), reason=reason, practitioner=practitioner)


async def _write(connection: Connection, dispositions: list[Disposition], caller: str, at: datetime) -> list[Recorded]:
    await connection.execute(_ONE_AT_A_TIME)
    vault = vault_of(connection)
    are_known: dict[str, bool] = {}
    held: dict[str, _Held] = {}
    for finding, is_known, action, reason, practitioner, by in await connection.fetch(
        KNOWN, [one.finding for one in dispositions]
    ):
        are_known[finding] = is_known
        if action is not None:
            told = vault.open_text("dispositions", (finding, by), reason)
            held[finding] = _Held(_disposition(finding, action, told, practitioner), by)
    recorded, rows, entries = [], [], []
    for one in dispositions:
        is_known, earlier = are_known[one.finding], held.get(one.finding)
        if earlier != (one, caller):
            entries.append(disposition_entry(one, is_known=is_known, caller=caller, at=at))
            reason = vault.seal_text("dispositions", (one.finding, caller), one.reason)
            rows.append((one.finding, is_known, microseconds(at), caller, one.practitioner, one.action, reason))
            held[one.finding] = _Held(one, caller)
        recorded.append(Recorded(is_known, None if earlier is None else earlier.disposition))
    if rows:
        await connection.execute(_INSERT, *columns(rows, 7))
    await append_entries(connection, entries)
    return recorded
