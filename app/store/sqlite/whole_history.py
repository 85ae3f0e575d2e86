"""A patient's whole history from SQLite (患者全部既往明细)."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec

from app.store.history import Unavailable
from app.store.sqlite.writer import connect
from app.store.vault import PLAIN, Vault
from app.store.whole_history import WholeEncounter

_READ = (
    "SELECT e.facility, e.encounter, e.header, e.last_date, e.has_death,"
    " l.line, l.service_date, l.item_code, l.is_charge, l.order_id, l.content FROM history_encounters e"
    " LEFT JOIN history_lines l ON l.month = e.month AND l.facility = e.facility AND l.encounter = e.encounter"
    " AND NOT l.is_withdrawn WHERE e.patient IN (?, ?) AND e.facility IN (SELECT value FROM json_each(?))"
    " AND (e.last_date >= ? OR e.has_death) ORDER BY e.facility, e.encounter LIMIT ?"
)


class SqliteWholeHistory:
    def __init__(self, path: Path, vault: Vault = PLAIN) -> None:
        self._path, self._vault = path, vault

    async def read(
        self, patient: str, facilities: tuple[str, ...], since: date, most: int
    ) -> list[WholeEncounter] | None:
        try:
            return await asyncio.to_thread(self._read, patient, facilities, since, most)
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error

    def _read(self, patient: str, facilities: tuple[str, ...], since: date, most: int) -> list[WholeEncounter] | None:
        patients = self._vault.lookups(patient)
        values = (patients[0], patients[-1], msgspec.json.encode(facilities).decode(), since.isoformat(), most + 1)
        with closing(connect(self._path)) as connection:
            rows = connection.execute(_READ, values).fetchall()
        if len(rows) > most:
            return None
        return [
            WholeEncounter(
                facility=facility,
                encounter=encounter,
                header=self._vault.open_text("history_encounters", (facility, encounter), header),
                last_date=last_date,
                has_death=bool(has_death),
                lines=[
                    (line, day, code, bool(is_charge), order, content)
                    for *_, line, day, code, is_charge, order, content in lines
                    if line is not None
                ],
            )
            for (facility, encounter, header, last_date, has_death), lines in groupby(rows, itemgetter(0, 1, 2, 3, 4))
        ]
