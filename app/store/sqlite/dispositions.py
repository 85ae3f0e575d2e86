"""Dispositions in SQLite (处理记录存储)."""

import asyncio
import sqlite3
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from app.domain.disposition import Action, Disposition
from app.store.dispositions import Recorded
from app.store.effects import disposition_entry
from app.store.packing import microseconds
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.vault import vault_of

_IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM findings WHERE id = ?)"
_LATEST = "SELECT finding, action, reason, practitioner, caller FROM dispositions WHERE {} ORDER BY seq DESC LIMIT 1"
_OF_ANYONE, _OF_CALLER = _LATEST.format("finding = ?"), _LATEST.format("finding = ? AND caller = ?")
_INSERT = (
    "INSERT INTO dispositions (finding, is_known, recorded_at, caller, practitioner, action, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class SqliteDispositions:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def append(self, dispositions: list[Disposition], *, caller: str, at: datetime) -> list[Recorded]:
        """Store all or none, durably. What the same caller says again while it holds is not stored twice."""
        return await self._writer.write(partial(_write, dispositions, caller, at))

    async def latest(self, findings: list[str], caller: str = "") -> dict[str, Disposition]:
        """What holds for each of the findings, or what the caller said last; those without a disposition are absent."""
        return await asyncio.to_thread(self._latest, findings, caller)

    def _latest(self, findings: list[str], caller: str) -> dict[str, Disposition]:
        connection = connect(self._path, self._writer.vault)
        try:
            found = {finding: _find_latest(connection, finding, caller) for finding in findings}
        finally:
            connection.close()
        return {finding: one.disposition for finding, one in found.items() if one is not None}


class _Held(NamedTuple):
    disposition: Disposition
    caller: str


def _write(
    dispositions: list[Disposition], caller: str, at: datetime, connection: sqlite3.Connection
) -> list[Recorded]:
    recorded, entries = [], []
    for one in dispositions:
        is_known = bool(connection.execute(_IS_KNOWN, (one.finding,)).fetchone()[0])
        earlier = _find_latest(connection, one.finding)
        if earlier != (one, caller):
            reason = vault_of(connection).seal_text("dispositions", (one.finding, caller), one.reason)
            row = (one.finding, is_known, microseconds(at), caller, one.practitioner, one.action, reason)
            connection.execute(_INSERT, row)
            entries.append(disposition_entry(one, is_known=is_known, caller=caller, at=at))
        recorded.append(Recorded(is_known, None if earlier is None else earlier.disposition))
    append_entries(connection, entries)
    return recorded


def _find_latest(connection: sqlite3.Connection, finding: str, caller: str = "") -> _Held | None:
    query, values = (_OF_CALLER, (finding, caller)) if caller else (_OF_ANYONE, (finding,))
    row = connection.execute(query, values).fetchone()
    if row is None:
        return None
    reason = vault_of(connection).open_text("dispositions", (row[0], row[4]), row[2])
    return _Held(Disposition(finding=row[0], action=Action(row[1]), reason=reason, practitioner=row[3]), row[4])
