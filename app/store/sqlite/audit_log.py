"""The audit log in SQLite (单机审核记录). The tables are those of tables.py."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from app.store.audit_log import AuditRecord, IdempotencyConflict, IdempotencyKey, StoredAudit
from app.store.history import HistoryWrite
from app.store.packing import microseconds, unpack
from app.store.sealing import seal_audit
from app.store.sqlite.history import write_history
from app.store.sqlite.restore import missing
from app.store.sqlite.trail import append_entries
from app.store.sqlite.writer import SqliteWriter, connect
from app.store.vault import PLAIN, Vault, vault_of
from app.trail.entry import Sealed

_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM audits"
_AUDIT_COLUMNS = 11
_AUDIT_PLACES = f"({', '.join('?' * _AUDIT_COLUMNS)})"
_INSERT_AUDITS = (
    "INSERT INTO audits"
    " (seq, id, recorded_at, caller, facility, encounter, stage, decision, ruleset, request_digest, content) VALUES "
)
_INSERT_FINDINGS = (
    "INSERT INTO findings (audit_seq, position, id, rule, rule_version, point, severity, decision, visibility,"
    " is_current, amount_cents, lines, recorded_at) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3,"
    " value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,"
    " value ->> 12"
    " FROM json_each(?)"
)
_INSERT_KEY = (
    "INSERT INTO idempotency_keys (caller, key, request_digest, audit_seq, recorded_at) VALUES (?, ?, ?, ?, ?)"
)
_FIND_KEY = (
    "SELECT k.request_digest, a.id, a.content FROM idempotency_keys k JOIN audits a ON a.seq = k.audit_seq"
    " WHERE k.caller = ? AND k.key = ?"
)
_FIND_AUDIT = "SELECT id, caller, facility, ruleset, content FROM audits WHERE id = ?"

_LATEST_IDS = (
    "SELECT id FROM audits WHERE ? IS NULL OR seq < (SELECT seq FROM audits WHERE id = ?) ORDER BY seq DESC LIMIT ?"
)

Answer = tuple[bytes, bool]
_Kept = tuple[bytes, bytes, int, int]  # digest, answer, seq, time of the first request with a key


class SqliteAuditLog:
    def __init__(self, path: Path, vault: Vault = PLAIN) -> None:
        self._path, self._vault = path, vault
        self.writer = SqliteWriter(path, vault)

    def start(self) -> None:
        """Begin to write; call it from the event loop that will await."""
        self.writer.start()

    def close(self) -> None:
        """Write what still waits, then stop."""
        self.writer.close()

    async def append(self, record: AuditRecord) -> Answer:
        answer: Answer | None = await self.writer.write_together(_write_audits, record)
        if answer is None:
            raise IdempotencyConflict(record.key.key if record.key else "")
        return answer

    async def restore(self, records: list[AuditRecord]) -> None:
        await self.writer.write_together(_restore, records)

    async def find(self, audit_id: str) -> StoredAudit | None:
        return await asyncio.to_thread(self._find, audit_id)

    async def latest_ids(self, limit: int, *, before: str | None = None) -> list[str]:
        return await asyncio.to_thread(self._latest_ids, limit, before)

    def _latest_ids(self, limit: int, before: str | None) -> list[str]:
        with closing(connect(self._path)) as connection:
            return [audit_id for (audit_id,) in connection.execute(_LATEST_IDS, (before, before, limit))]

    def _find(self, audit_id: str) -> StoredAudit | None:
        connection = connect(self._path)
        try:
            row = connection.execute(_FIND_AUDIT, (audit_id,)).fetchone()
        finally:
            connection.close()
        if row is None or not row[4]:  # unknown, or erased
            return None
        content = unpack(self._vault.open("audits", (row[0],), row[4]))
        return StoredAudit(id=row[0], caller=row[1], facility=row[2], ruleset=row[3], **content._asdict())


def _write_audits(connection: sqlite3.Connection, records: list[AuditRecord]) -> list[Answer | None]:
    """For each: what to answer, and whether it is an earlier answer; None where the key belongs to another body.

    Few statements serve all records, whatever their number.
    """
    (last,) = connection.execute(_LAST_SEQ).fetchone()
    answers: list[Answer | None] = []
    audits: list[object] = []
    findings: list[tuple[object, ...]] = []
    keys: dict[IdempotencyKey, _Kept] = {}
    history: list[HistoryWrite] = []
    entries: list[Sealed] = []
    vault = vault_of(connection)
    for record in records:
        if record.key is not None and (earlier := _earlier(connection, record, keys)) is not None:
            digest, answer = earlier
            answers.append((answer, True) if digest == record.request_digest else None)
            continue
        last += 1
        at = microseconds(record.recorded_at)
        content, entry = seal_audit(record)
        entries.append(entry)
        audits += (last, record.id, at, *_audit_row(record), vault.seal("audits", (record.id,), content))
        findings += [(last, position, *finding, at) for position, finding in enumerate(record.findings)]
        if record.history is not None:
            history.append(record.history)
        answers.append((record.sent or record.audit, False))
        if record.key is not None:
            keys[record.key] = (record.request_digest, record.sent or record.audit, last, at)
    if audits:
        rows = len(audits) // _AUDIT_COLUMNS
        connection.execute(_INSERT_AUDITS + ", ".join([_AUDIT_PLACES] * rows), audits)
    if findings:
        connection.execute(_INSERT_FINDINGS, (msgspec.json.encode(findings).decode(),))
    if keys:
        connection.executemany(_INSERT_KEY, [(*key, digest, *place) for key, (digest, _, *place) in keys.items()])
    write_history(connection, history)
    append_entries(connection, entries)
    return answers


def _restore(connection: sqlite3.Connection, batches: list[list[AuditRecord]]) -> list[None]:
    for records in batches:
        _write_audits(connection, missing(connection, records))
    return [None] * len(batches)


def _earlier(
    connection: sqlite3.Connection, record: AuditRecord, keys: dict[IdempotencyKey, _Kept]
) -> tuple[bytes, bytes] | None:
    """Digest and answer of the request that used this key before, in this batch or ever."""
    key = record.key
    if key is None:
        return None
    if key in keys:
        return keys[key][:2]
    row = connection.execute(_FIND_KEY, key).fetchone()
    if row is None:
        return None
    if not row[2]:
        return b"", b""  # erased: there is no answer any more that could be given again
    content = unpack(vault_of(connection).open("audits", (row[1],), row[2]))
    return row[0], content.sent or content.audit


def _audit_row(record: AuditRecord) -> tuple[object, ...]:
    return (
        record.caller,
        record.facility,
        record.encounter,
        record.stage,
        record.decision,
        record.ruleset,
        record.request_digest,
    )
