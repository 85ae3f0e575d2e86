"""Erasure in SQLite (删除个人信息)."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from app.store.erasure import OF_FINDINGS, private_of_findings
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.trail.entry import Sealed

_OF_PATIENT = (
    "SELECT a.id FROM history_encounters h JOIN audits a USING (facility, encounter)"
    " WHERE h.patient IN (?, ?) AND h.facility = ? AND length(a.content) > 0 ORDER BY a.seq"
)
_BEFORE = "SELECT id FROM audits WHERE recorded_at < ? AND length(content) > 0 ORDER BY seq LIMIT ?"
_ERASE = "UPDATE audits SET content = x'' WHERE id = ?"
_FINDINGS = (
    "SELECT f.id FROM history_encounters h JOIN audits a USING (facility, encounter)"
    " JOIN findings f ON f.audit_seq = a.seq WHERE h.patient IN (?1, ?2) AND h.facility = ?3"
    " UNION SELECT id FROM reviews WHERE patient_key IN (?1, ?2) AND facility = ?3"
)
_COMMENTED = "SELECT review, number FROM review_steps WHERE review = ? AND comment <> ''"
_HOLDS = (
    "SELECT EXISTS (SELECT 1 FROM reviews WHERE id = ?1 AND patient_key <> '')"
    " OR EXISTS (SELECT 1 FROM review_steps WHERE review = ?1 AND comment <> '')"
    " OR EXISTS (SELECT 1 FROM review_attachments WHERE review = ?1 AND (name <> '' OR length(content) > 0))"
    " OR EXISTS (SELECT 1 FROM dispositions WHERE finding = ?1 AND reason <> '')"
)
_KINDS = ", ".join([f"'{kind.value}'" for kind in OF_FINDINGS])
_ENTRIES = f"SELECT seq, kind, subject, body FROM trail_entries WHERE subject = ? AND kind IN ({_KINDS})"  # noqa: S608
_ERASE_PRIVATE = "DELETE FROM trail_private WHERE seq = ?"
_ERASE_FINDING = (
    # Whoever has read the row before writes it no more: it was touched.
    "UPDATE reviews SET patient_key = '', touched = touched + 1 WHERE id = ? AND patient_key <> ''",
    "UPDATE review_steps SET comment = '' WHERE review = ? AND comment <> ''",
    "UPDATE review_attachments SET name = '', content = x'' WHERE review = ?",
    "UPDATE dispositions SET reason = '' WHERE finding = ? AND reason <> ''",
)
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

    async def erase_findings(self, patient: str, facility: str, entry: Callable[[str], Sealed]) -> int:
        whose = (*_both(self._writer, patient), facility)
        return await self._writer.write(partial(_erase_findings, whose, entry))

    async def erase_history(self, patient: str, facility: str) -> int:
        return await self._writer.write(partial(_erase_history, (*_both(self._writer, patient), facility)))

    def _ids(self, query: str, values: tuple[str | int, ...]) -> list[str]:
        with closing(connect(self._path)) as connection:
            return [audit for (audit,) in connection.execute(query, values)]


def _erase(audits: Sequence[str], entries: Sequence[Sealed], connection: sqlite3.Connection) -> None:
    connection.executemany(_ERASE, [(audit,) for audit in audits])
    append_entries(connection, entries)


def _erase_findings(whose: tuple[str, str, str], entry: Callable[[str], Sealed], connection: sqlite3.Connection) -> int:
    found = [one for (one,) in connection.execute(_FINDINGS, whose)]
    holding = [one for one in found if connection.execute(_HOLDS, (one,)).fetchone()[0]]
    for one in holding:
        commented = connection.execute(_COMMENTED, (one,)).fetchall()
        seqs = private_of_findings(connection.execute(_ENTRIES, (one,)), commented)
        connection.executemany(_ERASE_PRIVATE, [(seq,) for seq in seqs])
        for statement in _ERASE_FINDING:
            connection.execute(statement, (one,))
    append_entries(connection, [entry(one) for one in holding])
    return len(holding)


def _both(writer: SqliteWriter, patient: str) -> tuple[str, str]:
    patients = writer.vault.lookups(patient)
    return patients[0], patients[-1]


def _erase_history(whose: tuple[str, str, str], connection: sqlite3.Connection) -> int:
    places = connection.execute(_ENCOUNTERS, whose).fetchall()
    connection.executemany(_ERASE_LINES, places)
    connection.execute(_ERASE_ENCOUNTERS, whose)
    return len(places)
