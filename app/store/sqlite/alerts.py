"""Alerts in SQLite (提醒存储)."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from app.domain.disposition import Action
from app.store.alerts import Alert, Answered
from app.store.alerts_query import AlertsQuery, Rows
from app.store.history import Unavailable
from app.store.packing import microseconds
from app.store.sqlite.writer import SqliteWriter, connect

_COLUMNS = 10
_INSERT = (
    "INSERT INTO alerts (audit, finding, lead, rule, facility, encounter, hook, tier, outcome, recorded_at, answer,"
    " reason) VALUES "
)
_PLACES = f"({', '.join('?' * _COLUMNS)}, '', '')"
_AT_ONCE = 1000  # rows of one statement, which takes 32 766 values
_ANSWER = (
    "UPDATE alerts SET answer = ?, reason = ?, wait_ms = max(0, (? - recorded_at) / 1000)"
    " WHERE seq = (SELECT max(seq) FROM alerts WHERE finding = ? AND outcome = 'shown')"
)
_STANDING = (
    "SELECT finding FROM dispositions WHERE seq IN (SELECT max(seq) FROM dispositions"
    " WHERE finding IN (SELECT value FROM json_each(?)) GROUP BY finding) AND action <> ? AND recorded_at >= ?"
)


class SqliteAlerts(AlertsQuery):
    """What is asked while a doctor waits is read on the thread of the event loop, as history is."""

    def __init__(self, path: Path, writer: SqliteWriter, rows: Rows) -> None:
        super().__init__(rows)
        self._path, self._writer = path, writer
        self._reader: sqlite3.Connection | None = None

    async def append(self, alerts: Sequence[Alert]) -> None:
        rows = [(*one[:-1], microseconds(one.recorded_at)) for one in alerts]
        await self._writer.write_together(_insert, rows)

    async def answer(self, answers: Sequence[Answered], at: datetime) -> None:
        rows = [(one.answer, one.reason, microseconds(one.answered_at or at), one.finding) for one in answers]
        await self._writer.write(partial(_answer, rows))

    async def standing(self, findings: Sequence[str], since: datetime) -> frozenset[str]:
        values = (msgspec.json.encode(findings).decode(), Action.REVISE, microseconds(since))
        try:
            if self._reader is None:
                self._reader = connect(self._path)
            return frozenset([row[0] for row in self._reader.execute(_STANDING, values)])
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _insert(connection: sqlite3.Connection, batches: list[list[tuple[Any, ...]]]) -> list[None]:
    """Few statements for all calls that wait."""
    rows = [row for batch in batches for row in batch]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        connection.execute(_INSERT + ", ".join([_PLACES] * len(some)), list(chain.from_iterable(some)))
    return [None] * len(batches)


def _answer(rows: Sequence[tuple[Any, ...]], connection: sqlite3.Connection) -> None:
    connection.executemany(_ANSWER, rows)
