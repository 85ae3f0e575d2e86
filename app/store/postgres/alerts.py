"""Alerts in PostgreSQL (提醒存储)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from app.domain.disposition import Action
from app.store.alerts import Alert, Answered, RuleAlerts
from app.store.alerts_query import AlertsQuery, Rows
from app.store.packing import microseconds
from app.store.postgres.database import Connection
from app.store.postgres.reader import Reader
from app.store.postgres.text import columns, plain
from app.store.postgres.writer import PostgresWriter

_INSERT = """
INSERT INTO alerts (audit, finding, lead, rule, facility, encounter, hook, tier, outcome, recorded_at, answer, reason)
SELECT audit, finding, lead, rule, facility, encounter, hook, tier, outcome, recorded_at, '', ''
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::bigint[]) WITH ORDINALITY
    AS told (audit, finding, lead, rule, facility, encounter, hook, tier, outcome, recorded_at, place) ORDER BY place
"""
_ANSWER = """
UPDATE alerts SET answer = told.answer, reason = told.reason,
    wait_ms = greatest(0, (told.answered_at - alerts.recorded_at) / 1000)
FROM (
    SELECT DISTINCT ON (finding) finding, answer, reason, answered_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY
        AS sent (answer, reason, finding, answered_at, place) ORDER BY finding, place DESC
) told
WHERE alerts.seq = (SELECT max(s.seq) FROM alerts s WHERE s.finding = told.finding AND s.outcome = 'shown')
"""
STANDING = """
SELECT d.finding FROM unnest($1::text[]) AS asked (finding) CROSS JOIN LATERAL (
    SELECT finding, action, recorded_at FROM dispositions s WHERE s.finding = asked.finding ORDER BY seq DESC LIMIT 1
) d WHERE d.action <> $2 AND d.recorded_at >= $3
"""


class PostgresAlerts(AlertsQuery):
    def __init__(self, reader: Reader, writer: PostgresWriter, rows: Rows) -> None:
        super().__init__(rows)
        self._reader, self._writer = reader, writer

    async def append(self, alerts: Sequence[Alert]) -> None:
        rows = [(*map(plain, one[:-1]), microseconds(one.recorded_at)) for one in alerts]
        await self._writer.write(partial(_write, _INSERT, columns(rows, 10)))

    async def answer(self, answers: Sequence[Answered], at: datetime) -> None:
        rows = [
            (one.answer, plain(one.reason), plain(one.finding), microseconds(one.answered_at or at)) for one in answers
        ]
        await self._writer.write(partial(_write, _ANSWER, columns(rows, 4)))

    async def standing(self, findings: Sequence[str], since: datetime) -> frozenset[str]:
        rows = await self._reader.fetch(
            STANDING, [plain(one) for one in findings], Action.REVISE.value, microseconds(since)
        )
        return frozenset([row[0] for row in rows])

    async def members(self, leads: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return await super().members([plain(one) for one in leads])

    async def shown(self, facility: str, encounter: str, audit: str) -> list[str]:
        return await super().shown(plain(facility), plain(encounter), plain(audit))

    async def kept_back(self, facility: str, encounter: str, limit: int) -> list[Alert]:
        return await super().kept_back(plain(facility), plain(encounter), limit)

    async def of_rule(self, rule: str, since: datetime) -> RuleAlerts:
        return await super().of_rule(plain(rule), since)


async def _write(statement: str, values: list[Sequence[Any]], connection: Connection) -> None:
    await connection.execute(statement, *values)
