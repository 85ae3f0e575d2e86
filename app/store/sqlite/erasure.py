"""Erasure in SQLite (删除个人信息)."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.trail.entry import Sealed

_OF_PATIENT = (
    "SELECT a.id FROM history_encounters h JOIN audits a USING (facility, encounter)"
    " WHERE h.patient IN (?, ?) AND h.facility = ? AND length(a.content) > 0 ORDER BY a.seq"
)
_BEFORE = "SELECT id FROM audits WHERE recorded_at < ? AND length(content) > 0 ORDER BY seq LIMIT ?"
_ERASE = "UPDATE audits SET content = x'' WHERE id = ?"
_ENCOUNTERS = "SELECT month, facility, encounter FROM history_encounters WHERE patient IN (?, ?) AND facility = ?"
_ERASE_LINES = "DELETE FROM history_lines WHERE month = ? AND facility = ? AND encounter = ?"
_ERASE_ENCOUNTERS = "DELETE FROM history_encounters WHERE patient IN (?, ?) AND facility = ?"


class SqliteErasure:
    def __init__(self, path: Path, writer: SqliteWriter) -> None:
        self._path, self._writer = path, writer

    async def audits_of(self, patient: str, facility: str) -> list[str]:
        return await asyncio.to_thread(self._ids, _OF_PATIENT, (*_both(self._writer, patient), facility))

    async def audits_before(self, microseconds: int, limit: int) -> list[str]:
        return await asyncio.to_thread(self._ids, _BEFORE, (microseconds, limit))

    async def erase(self, audits: Sequence[str], entries: Sequence[Sealed]) -> None:
        await self._writer.write(partial(_erase, audits, entries))

    async def erase_history(self, patient: str, facility: str) -> int:
        return await self._writer.write(partial(_erase_history, (*_both(self._writer, patient), facility)))

    def _ids(self, query: str, values: tuple[str | int, ...]) -> list[str]:
        with closing(connect(self._path)) as connection:
            return [audit for (audit,) in connection.execute(query, values)]


def _erase(audits: Sequence[str], entries: Sequence[Sealed], connection: sqlite3.Connection) -> None:
    connection.executemany(_ERASE, [(audit,) for audit in audits])
    append_entries(connection, entries)


def _both(writer: SqliteWriter, patient: str) -> tuple[str, str]:
    patients = writer.vault.lookups(patient)
    return patients[0], patients[-1]


def _erase_history(whose: tuple[str, str, str], connection: sqlite3.Connection) -> int:
    places = connection.execute(_ENCOUNTERS, whose).fetchall()
    connection.executemany(_ERASE_LINES, places)
    connection.execute(_ERASE_ENCOUNTERS, whose)
    return len(places)
