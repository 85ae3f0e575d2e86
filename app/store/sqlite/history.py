"""Patient history in SQLite (患者既往明细存储)."""

import sqlite3
from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.store.effects import import_entry, withdrawal_entry
from app.store.history import HistoryQuery, HistoryWrite, StoredEncounter, Unavailable
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.vault import Vault, vault_of

_PUT_ENCOUNTERS = (
    "INSERT INTO history_encounters (facility, encounter, patient, month, last_date, has_death, header) VALUES {}"
    " ON CONFLICT (facility, encounter) DO UPDATE SET patient = excluded.patient, has_death = excluded.has_death,"
    " header = excluded.header, last_date = max(last_date, excluded.last_date)"
    " RETURNING facility, encounter, month"
)
_PUT_LINES = (
    "INSERT INTO history_lines"
    " (month, facility, encounter, line, service_date, item_code, is_charge, order_id, content, is_withdrawn) VALUES {}"
    " ON CONFLICT (month, facility, encounter, line) DO UPDATE SET service_date = excluded.service_date,"
    " item_code = excluded.item_code, is_charge = excluded.is_charge, order_id = excluded.order_id, is_withdrawn = 0,"
    " content = excluded.content WHERE is_withdrawn OR content <> excluded.content OR is_charge <> excluded.is_charge"
)
_ROWS_AT_ONCE = 3000  # a statement takes 32,766 values
_FIND = (
    "SELECT e.month FROM history_encounters e JOIN history_lines l USING (month, facility, encounter)"
    " WHERE e.facility = ? AND e.encounter = ? AND l.line = ?"
)
_WITHDRAW = (
    "UPDATE history_lines SET is_withdrawn = 1"
    " WHERE month = ? AND facility = ? AND encounter = ? AND line = ? AND NOT is_withdrawn"
)
_NOTE_WITHDRAWAL = "INSERT INTO withdrawals (facility, encounter, line, caller, recorded_at) VALUES (?, ?, ?, ?, ?)"
_OWN = "SELECT month, header FROM history_encounters WHERE facility = ? AND encounter = ?"
_OWN_LINES = (
    "SELECT service_date, is_charge, content FROM history_lines"
    " WHERE month = ? AND facility = ? AND encounter = ? AND NOT is_withdrawn ORDER BY service_date, line"
)
_OTHERS = (
    "SELECT month, facility, encounter, last_date >= :dates_since, has_death, header FROM history_encounters"
    " WHERE patient IN (:patient, :former) AND facility IN (SELECT value FROM json_each(:facilities))"
    " AND (last_date >= :earliest OR has_death) AND (facility, encounter) <> (:facility, :encounter)"
    " ORDER BY facility, encounter"
)
# What counts of other encounters is not withdrawn, and not an order that a charge of its encounter carries out. What
# drops the most lines stands first: it is asked of every line.
_COUNTED = (
    "WITH wanted AS NOT MATERIALIZED (SELECT key AS number, value ->> 0 AS month, value ->> 1 AS facility,"
    " value ->> 2 AS encounter, value ->> 3 AS with_dates FROM json_each(:wanted)),"
    " told AS NOT MATERIALIZED (SELECT * FROM wanted CROSS JOIN history_lines USING (month, facility, encounter)) {}"
    " AND NOT is_withdrawn AND (is_charge OR (number, line) NOT IN"
    " (SELECT number, order_id FROM told WHERE order_id <> '' AND NOT is_withdrawn)) ORDER BY number, service_date"
)
_DATES = _COUNTED.format("SELECT DISTINCT number, service_date FROM told WHERE with_dates")
_LINES = f"{_COUNTED}, line".format("SELECT number, is_charge, content FROM told WHERE ({}) AND service_date >= :since")
_IS_ONE = "item_code IN (SELECT value FROM json_each(:codes))"
_BEGINS = "substr(item_code, 1, {}) IN (SELECT value FROM json_each(:prefixes))"
_NEVER = "9999-12-32"  # after every day

Row = tuple[Any, ...]


class SqliteHistory:
    """Reads on the thread of the event loop: a look into the file takes less time than to ask another thread."""

    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer
        self._reader: sqlite3.Connection | None = None

    async def fetch(self, query: HistoryQuery) -> list[StoredEncounter]:
        try:
            if self._reader is None:
                self._reader = connect(self._path, self._writer.vault)
            return _fetch(self._reader, query)
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error

    async def put(self, writes: list[HistoryWrite]) -> None:
        await self._writer.write(partial(_import, writes=writes))

    async def withdraw(self, facility: str, encounter: str, line: str, *, caller: str, at: datetime) -> bool:
        return await self._writer.write(partial(_withdraw, (facility, encounter, line), caller, at))

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _import(connection: sqlite3.Connection, writes: list[HistoryWrite]) -> None:
    write_history(connection, writes)
    append_entries(connection, [import_entry(writes)])


def write_history(connection: sqlite3.Connection, writes: Iterable[HistoryWrite]) -> None:
    """Few statements for all of them, inside the caller's transaction; what is said last holds."""
    writes, vault = list(writes), vault_of(connection)
    encounters = [_encounter_row(one, vault) for one in writes]
    months = {
        (facility, encounter): month for facility, encounter, month in _put(connection, _PUT_ENCOUNTERS, encounters)
    }
    lines: list[Row] = []
    for one in writes:
        place = (months[one.facility, one.encounter], one.facility, one.encounter)
        lines += [place + line for line in one.lines]
    _put(connection, _PUT_LINES, lines, ", 0")


def _encounter_row(one: HistoryWrite, vault: Vault) -> Row:
    header = vault.seal_text("history_encounters", (one.facility, one.encounter), one.header)
    return one.facility, one.encounter, vault.lookup(one.patient), one.month, one.last_date, one.has_death, header


def _put(connection: sqlite3.Connection, statement: str, rows: list[Row], constant: str = "") -> list[Row]:
    """Put all rows, each with the constant after it; what the statement returns."""
    found: list[Row] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        places = f"({', '.join('?' * len(some[0]))}{constant})"
        values = [value for row in some for value in row]
        found += connection.execute(statement.format(", ".join([places] * len(some))), values).fetchall()
    return found


def _withdraw(place: tuple[str, str, str], caller: str, at: datetime, connection: sqlite3.Connection) -> bool:
    row = connection.execute(_FIND, place).fetchone()
    if row is None:
        return False
    if connection.execute(_WITHDRAW, (row[0], *place)).rowcount:
        connection.execute(_NOTE_WITHDRAWAL, (*place, caller, int(at.timestamp() * 1_000_000)))
        append_entries(connection, [withdrawal_entry(*place, caller=caller, at=at)])
    return True


def _fetch(connection: sqlite3.Connection, query: HistoryQuery) -> list[StoredEncounter]:
    own, first = _own(connection, query)
    query = query.seen_from(first)
    others = [] if query.earliest is None else _others(connection, query)
    return sorted([*own, *others], key=lambda one: (one.facility, one.encounter)) if own else others


def _own(connection: sqlite3.Connection, query: HistoryQuery) -> tuple[list[StoredEncounter], date | None]:
    """The own encounter with all of its lines, and the first day of these."""
    place = (query.facility, query.encounter)
    row = connection.execute(_OWN, place).fetchone()
    lines = connection.execute(_OWN_LINES, (row[0], *place)).fetchall() if row is not None else []
    if not lines:
        return [], None
    orders = [content for _, is_charge, content in lines if not is_charge]
    charges = [content for _, is_charge, content in lines if is_charge]
    header = vault_of(connection).open_text("history_encounters", place, row[1])
    stored = StoredEncounter(
        facility=query.facility, encounter=query.encounter, header=header, orders=orders, charges=charges, dates=[]
    )
    return [stored], date.fromisoformat(lines[0][0])


def _others(connection: sqlite3.Connection, query: HistoryQuery) -> list[StoredEncounter]:
    vault = vault_of(connection)
    patients = vault.lookups(query.patient)
    asked = {
        "patient": patients[0],
        "former": patients[-1],
        "facilities": msgspec.json.encode(query.facilities).decode(),
        "facility": query.facility,
        "encounter": query.encounter,
        "earliest": _iso(query.earliest),
        "dates_since": _iso(query.dates_since),
    }
    rows = connection.execute(_OTHERS, asked).fetchall()
    if not rows:
        return []
    found = [
        StoredEncounter(
            facility=facility,
            encounter=encounter,
            header=vault.open_text("history_encounters", (facility, encounter), header),
            orders=[],
            charges=[],
            dates=[],
        )
        for _, facility, encounter, _, _, header in rows
    ]
    _add_lines(connection, query, found, msgspec.json.encode([row[:4] for row in rows]).decode())
    return [
        one
        for one, (_, _, _, has_dates, has_death, _) in zip(found, rows, strict=True)
        if has_dates or has_death or one.orders or one.charges
    ]


def _add_lines(connection: sqlite3.Connection, query: HistoryQuery, found: list[StoredEncounter], wanted: str) -> None:
    if query.dates_since is not None:
        for number, day in connection.execute(_DATES, {"wanted": wanted}):
            found[number].dates.append(date.fromisoformat(day))
    tests = [_BEGINS.format(length) for length in sorted({len(prefix) for prefix in query.prefixes})]
    if query.codes:
        tests.append(_IS_ONE)
    if query.since is None or not tests:
        return
    asked = {
        "wanted": wanted,
        "since": query.since.isoformat(),
        "codes": msgspec.json.encode(query.codes).decode(),
        "prefixes": msgspec.json.encode(query.prefixes).decode(),
    }
    for number, is_charge, content in connection.execute(_LINES.format(" OR ".join(tests)), asked):
        one = found[number]
        (one.charges if is_charge else one.orders).append(content)


def _iso(day: date | None) -> str:
    return _NEVER if day is None else day.isoformat()
