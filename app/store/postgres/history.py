"""Patient history in PostgreSQL (患者既往明细存储)."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from app.store.effects import import_entry, withdrawal_entry
from app.store.history import HistoryQuery, HistoryWrite, StoredEncounter
from app.store.packing import microseconds
from app.store.postgres.database import Connection, Database
from app.store.postgres.history_fetch import fetch_history
from app.store.postgres.partitions import Partition, Partitions
from app.store.postgres.reader import Reader
from app.store.postgres.text import columns, plain
from app.store.postgres.trail import append_entries
from app.store.postgres.writer import PostgresWriter
from app.store.vault import Vault, vault_of

_INSERT_ENCOUNTERS = """
INSERT INTO history_encounters AS h (facility, encounter, patient, month, last_date, has_death, header)
SELECT facility, encounter, patient, month, last_date::date, has_death, header
FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bool[], $7::text[])
    AS told (facility, encounter, patient, month, last_date, has_death, header)
ON CONFLICT (facility, encounter)"""
PUT_ENCOUNTERS = f"""{_INSERT_ENCOUNTERS} DO UPDATE
SET patient = excluded.patient, has_death = excluded.has_death, header = excluded.header,
    last_date = greatest(h.last_date, excluded.last_date)
WHERE (h.patient, h.has_death, h.header) IS DISTINCT FROM (excluded.patient, excluded.has_death, excluded.header)
    OR h.last_date < excluded.last_date
"""
MONTHS = """
SELECT h.facility, h.encounter, h.month
FROM unnest($1::text[], $2::text[]) AS told (facility, encounter)
JOIN history_encounters h ON h.facility = told.facility AND h.encounter = told.encounter
"""
PUT_LINES = """
INSERT INTO history_lines AS h
    (month, facility, encounter, line, service_date, item_code, is_charge, order_id, is_withdrawn, content)
SELECT month, facility, encounter, line, service_date::date, item_code, is_charge, order_id, false, content
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[], $8::text[], $9::text[])
    AS told (month, facility, encounter, line, service_date, item_code, is_charge, order_id, content)
ON CONFLICT (month, facility, encounter, line) DO UPDATE SET service_date = excluded.service_date,
    item_code = excluded.item_code, is_charge = excluded.is_charge, order_id = excluded.order_id, is_withdrawn = false,
    content = excluded.content
WHERE h.is_withdrawn OR h.content <> excluded.content OR h.is_charge <> excluded.is_charge
"""
WITHDRAW = """
UPDATE history_lines SET is_withdrawn = true
WHERE month = $1 AND facility = $2 AND encounter = $3 AND line = $4 AND NOT is_withdrawn
"""
_HAS_LINE = """
SELECT EXISTS (SELECT 1 FROM history_lines WHERE month = $1 AND facility = $2 AND encounter = $3 AND line = $4)
"""
_NOTE_WITHDRAWAL = """
INSERT INTO withdrawals (facility, encounter, line, caller, recorded_at) VALUES ($1, $2, $3, $4, $5)
"""


class PostgresHistory:
    def __init__(self, database: Database, reader: Reader, writer: PostgresWriter, partitions: Partitions) -> None:
        self._database, self._reader, self._writer, self._partitions = database, reader, writer, partitions

    async def fetch(self, query: HistoryQuery) -> list[StoredEncounter]:
        return await fetch_history(self._reader, query)

    async def put(self, writes: list[HistoryWrite]) -> None:
        await self._partitions.ensure(partitions_of(writes))
        await self._database.write(partial(_import, writes=writes))

    async def withdraw(self, facility: str, encounter: str, line: str, *, caller: str, at: datetime) -> bool:
        place = (plain(facility), plain(encounter), plain(line))
        return await self._writer.write(partial(_withdraw, place=place, caller=caller, at=at))


def partitions_of(writes: Iterable[HistoryWrite]) -> set[Partition]:
    return {Partition("history_lines", one.month) for one in writes}


async def _import(connection: Connection, writes: list[HistoryWrite]) -> None:
    await write_history(connection, writes)
    await append_entries(connection, [import_entry(writes)])


async def write_history(connection: Connection, writes: Iterable[HistoryWrite]) -> None:
    """Three statements for all of them, inside the caller's transaction; what is said last holds.

    In the order of their keys, so that workers that write the same rows wait for each other and not in a circle.
    """
    writes = list(writes)
    if not writes:
        return
    facilities, names, *others = _encounter_columns(writes, vault_of(connection))
    await connection.execute(PUT_ENCOUNTERS, facilities, names, *others)
    lines = {
        (plain(one.facility), plain(one.encounter), plain(line[0])): line[1:] for one in writes for line in one.lines
    }
    if lines:
        months = {(row[0], row[1]): row[2] for row in await connection.fetch(MONTHS, facilities, names)}
        rows = sorted([(months[key[:2]], *key, *map(_plain, told)) for key, told in lines.items()])
        await connection.execute(PUT_LINES, *columns(rows, 9))


async def ensure_encounters(connection: Connection, writes: Iterable[HistoryWrite]) -> None:
    """Those of which nothing was known are known now; the others stay as they are."""
    if writes := list(writes):
        await connection.execute(f"{_INSERT_ENCOUNTERS} DO NOTHING", *_encounter_columns(writes, vault_of(connection)))


def _encounter_columns(writes: list[HistoryWrite], vault: Vault) -> list[Any]:
    encounters: dict[tuple[str, str], tuple[Any, ...]] = {}
    for one in writes:
        place = (plain(one.facility), plain(one.encounter))
        month, last_date = one.month, one.last_date
        if (before := encounters.get(place)) is not None:
            month, last_date = before[3], max(before[4], last_date)
        patient, header = vault.lookup(plain(one.patient)), vault.seal_text("history_encounters", place, one.header)
        encounters[place] = (*place, patient, month, last_date, one.has_death, header)
    return columns([encounters[place] for place in sorted(encounters)], 7)


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value


async def _withdraw(connection: Connection, place: tuple[str, str, str], caller: str, at: datetime) -> bool:
    facility, encounter, _ = place
    found = await connection.fetch(MONTHS, [facility], [encounter])
    if not found:
        return False
    month = found[0][2]
    if await connection.execute(WITHDRAW, month, *place) == "UPDATE 1":
        await connection.execute(_NOTE_WITHDRAWAL, *place, caller, microseconds(at))
        await append_entries(connection, [withdrawal_entry(*place, caller=caller, at=at)])
        return True
    return bool(await connection.fetchval(_HAS_LINE, month, *place))
