"""Patient history in SQLite (患者既往明细存储)."""

import sqlite3
from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.store.history import HistoryQuery, HistoryWrite, StoredEncounter, Unavailable
from app.store.sqlite.writer import SqliteWriter, connect

_PUT_ENCOUNTERS = (
    "INSERT INTO history_encounters (facility, encounter, patient, month, last_date, has_death, header)"
    " SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6"
    " FROM json_each(?) WHERE true"
    " ON CONFLICT (facility, encounter) DO UPDATE SET patient = excluded.patient, has_death = excluded.has_death,"
    " header = excluded.header, last_date = max(last_date, excluded.last_date)"
)
_PUT_LINES = (
    "INSERT INTO history_lines"
    " (month, facility, encounter, line, service_date, item_code, is_charge, order_id, is_withdrawn, content)"
    " SELECT e.month, e.facility, e.encounter, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, 0,"
    " value ->> 7 FROM json_each(?) JOIN history_encounters e"
    " ON e.facility = value ->> 0 AND e.encounter = value ->> 1 WHERE true"
    " ON CONFLICT (month, facility, encounter, line) DO UPDATE SET service_date = excluded.service_date,"
    " item_code = excluded.item_code, is_charge = excluded.is_charge, order_id = excluded.order_id, is_withdrawn = 0,"
    " content = excluded.content WHERE is_withdrawn OR content <> excluded.content OR is_charge <> excluded.is_charge"
)
_FIND = (
    "SELECT e.month FROM history_encounters e JOIN history_lines l USING (month, facility, encounter)"
    " WHERE e.facility = ? AND e.encounter = ? AND l.line = ?"
)
_WITHDRAW = (
    "UPDATE history_lines SET is_withdrawn = 1"
    " WHERE month = ? AND facility = ? AND encounter = ? AND line = ? AND NOT is_withdrawn"
)
_NOTE_WITHDRAWAL = "INSERT INTO withdrawals (facility, encounter, line, caller, recorded_at) VALUES (?, ?, ?, ?, ?)"
_ENCOUNTERS = (
    "INSERT INTO history_encounters (facility, encounter, patient, month, last_date, has_death, header)"
    " SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6"
    " FROM json_each(?) WHERE true"
    " ON CONFLICT (facility, encounter) DO UPDATE SET patient = excluded.patient, has_death = excluded.has_death,"
    " header = excluded.header, last_date = max(last_date, excluded.last_date)"
)
_PUT_LINES = (
    "INSERT INTO history_lines"
    " (month, facility, encounter, line, service_date, item_code, is_charge, order_id, is_withdrawn, content)"
    " SELECT e.month, e.facility, e.encounter, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, 0,"
    " value ->> 7 FROM json_each(?) JOIN history_encounters e"
    " ON e.facility = value ->> 0 AND e.encounter = value ->> 1 WHERE true"
    " ON CONFLICT (month, facility, encounter, line) DO UPDATE SET service_date = excluded.service_date,"
    " item_code = excluded.item_code, is_charge = excluded.is_charge, order_id = excluded.order_id, is_withdrawn = 0,"
    " content = excluded.content WHERE is_withdrawn OR content <> excluded.content OR is_charge <> excluded.is_charge"
)
_FIND = (
    "SELECT e.month FROM history_encounters e JOIN history_lines l USING (month, facility, encounter)"
    " WHERE e.facility = ? AND e.encounter = ? AND l.line = ?"
)
_WITHDRAW = (
    "UPDATE history_lines SET is_withdrawn = 1"
    " WHERE month = ? AND facility = ? AND encounter = ? AND line = ? AND NOT is_withdrawn"
)
_NOTE_WITHDRAWAL = "INSERT INTO withdrawals (facility, encounter, line, caller, recorded_at) VALUES (?, ?, ?, ?, ?)"
# What counts: not withdrawn, and not an order that a charge of its encounter carries out.
_COUNTS = (
    "NOT l.is_withdrawn AND (l.is_charge OR NOT EXISTS (SELECT 1 FROM history_lines c WHERE c.month = l.month"
    " AND c.facility = l.facility AND c.encounter = l.encounter AND c.order_id = l.line AND NOT c.is_withdrawn))"
)
_ENCOUNTERS = (
    "SELECT month, facility, encounter, header, last_date FROM history_encounters"
    " WHERE (facility = ? AND encounter = ?) OR (patient = ? AND facility IN (SELECT value FROM json_each(?))"
    " AND (last_date >= ? OR (has_death AND ?))) ORDER BY facility, encounter"
)
_LINES = (
    "SELECT line, service_date, item_code, is_charge, order_id, content FROM history_lines"
    " WHERE month = ? AND facility = ? AND encounter = ? AND NOT is_withdrawn ORDER BY service_date, line"
)
_NEVER = "9999-12-31"


class SqliteHistory:
    """Reads on the thread of the event loop: a look into the file takes less time than to ask another thread."""

    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer
        self._reader: sqlite3.Connection | None = None

    async def fetch(self, query: HistoryQuery) -> list[StoredEncounter]:
        try:
            if self._reader is None:
                self._reader = connect(self._path)
            return _fetch(self._reader, query)
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error

    async def put(self, writes: list[HistoryWrite]) -> None:
        await self._writer.write(partial(write_history, writes=writes))

    async def withdraw(self, facility: str, encounter: str, line: str, *, caller: str, at: datetime) -> bool:
        return await self._writer.write(partial(_withdraw, (facility, encounter, line), caller, at))

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def write_history(connection: sqlite3.Connection, writes: Iterable[HistoryWrite]) -> None:
    """Two statements for all of them, inside the caller's transaction; what is said last holds."""
    encounters: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    for one in writes:
        place = (one.facility, one.encounter)
        encounters.append((*place, one.patient, one.month, one.last_date, one.has_death, one.header))
        lines += [(*place, *line) for line in one.lines]
    if encounters:
        connection.execute(_PUT_ENCOUNTERS, (msgspec.json.encode(encounters).decode(),))
    if lines:
        connection.execute(_PUT_LINES, (msgspec.json.encode(lines).decode(),))


def _withdraw(place: tuple[str, str, str], caller: str, at: datetime, connection: sqlite3.Connection) -> bool:
    row = connection.execute(_FIND, place).fetchone()
    if row is None:
        return False
    if connection.execute(_WITHDRAW, (row[0], *place)).rowcount:
        connection.execute(_NOTE_WITHDRAWAL, (*place, caller, int(at.timestamp() * 1_000_000)))
    return True


def _fetch(connection: sqlite3.Connection, query: HistoryQuery) -> list[StoredEncounter]:
    earliest = query.earliest
    since = _NEVER if earliest is None else earliest.isoformat()
    sharing = msgspec.json.encode(query.facilities).decode()
    rows = connection.execute(
        _ENCOUNTERS, (query.facility, query.encounter, query.patient, sharing, since, earliest is not None)
    ).fetchall()
    return [_stored(connection, query, row) for row in rows]


def _stored(connection: sqlite3.Connection, query: HistoryQuery, row: tuple[Any, ...]) -> StoredEncounter:
    month, facility, encounter, header, last_date = row
    own = (facility, encounter) == (query.facility, query.encounter)
    with_dates = query.dates_since is not None and last_date >= query.dates_since.isoformat()
    since = _NEVER if query.since is None else query.since.isoformat()
    found = StoredEncounter(facility=facility, encounter=encounter, header=header, orders=[], charges=[], dates=[])
    rows = connection.execute(_LINES, (month, facility, encounter)).fetchall()
    carried_out = {order for *_, order, _ in rows}
    dates: set[str] = set()
    for line, day, code, is_charge, _, content in rows:
        if not is_charge and line in carried_out:
            continue
        if own or (day >= since and (code in query.codes or code.startswith(query.prefixes))):
            (found.charges if is_charge else found.orders).append(content)
        if with_dates:
            dates.add(day)
    found.dates.extend(date.fromisoformat(day) for day in sorted(dates))
    return found
