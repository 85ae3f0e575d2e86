"""The audit log in SQLite (单机审核记录). The tables are those of tables.py."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec
import zstandard

from app.store.audit_log import AuditRecord, IdempotencyConflict, IdempotencyKey, StoredAudit
from app.store.sqlite_writer import SqliteWriter, connect

_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM audits"
_AUDIT_COLUMNS = 11
_AUDIT_PLACES = f"({', '.join('?' * _AUDIT_COLUMNS)})"
_INSERT_AUDITS = (
    "INSERT INTO audits"
    " (seq, id, recorded_at, caller, facility, encounter, stage, decision, ruleset, request_digest, content) VALUES "
)
_INSERT_FINDINGS = (
    "INSERT INTO findings (audit_seq, position, id, rule, rule_version, point, severity, decision, visibility,"
    " is_current, amount_cents, lines) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,"
    " value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11 FROM json_each(?)"
)
_INSERT_KEY = "INSERT INTO idempotency_keys (caller, key, request_digest, audit_seq) VALUES (?, ?, ?, ?)"
_FIND_KEY = (
    "SELECT k.request_digest, a.content FROM idempotency_keys k JOIN audits a ON a.seq = k.audit_seq"
    " WHERE k.caller = ? AND k.key = ?"
)
_FIND_AUDIT = "SELECT id, caller, facility, content FROM audits WHERE id = ?"

Answer = tuple[bytes, bool]


class SqliteAuditLog:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.writer = SqliteWriter(path)

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

    async def find(self, audit_id: str) -> StoredAudit | None:
        return await asyncio.to_thread(self._find, audit_id)

    def _find(self, audit_id: str) -> StoredAudit | None:
        connection = connect(self._path)
        try:
            row = connection.execute(_FIND_AUDIT, (audit_id,)).fetchone()
        finally:
            connection.close()
        if row is None:
            return None
        request, audit, sent, hidden = _unpack(row[3])
        return StoredAudit(
            id=row[0], caller=row[1], facility=row[2], request=request, audit=audit, sent=sent, hidden=hidden
        )


def _write_audits(connection: sqlite3.Connection, records: list[AuditRecord]) -> list[Answer | None]:
    """For each: what to answer, and whether it is an earlier answer; None where the key belongs to another body.

    Three statements serve all records, whatever their number.
    """
    (last,) = connection.execute(_LAST_SEQ).fetchone()
    answers: list[Answer | None] = []
    audits: list[object] = []
    findings: list[tuple[object, ...]] = []
    keys: dict[IdempotencyKey, tuple[bytes, bytes, int]] = {}
    for record in records:
        if record.key is not None and (earlier := _earlier(connection, record, keys)) is not None:
            digest, answer = earlier
            answers.append((answer, True) if digest == record.request_digest else None)
            continue
        last += 1
        audits += (last, *_audit_row(record), _pack(record))
        findings += [(last, position, *finding) for position, finding in enumerate(record.findings)]
        answers.append((record.sent or record.audit, False))
        if record.key is not None:
            keys[record.key] = (record.request_digest, record.sent or record.audit, last)
    if audits:
        rows = len(audits) // _AUDIT_COLUMNS
        connection.execute(_INSERT_AUDITS + ", ".join([_AUDIT_PLACES] * rows), audits)
    if findings:
        connection.execute(_INSERT_FINDINGS, (msgspec.json.encode(findings).decode(),))
    if keys:
        connection.executemany(_INSERT_KEY, [(*key, digest, seq) for key, (digest, _, seq) in keys.items()])
    return answers


def _earlier(
    connection: sqlite3.Connection, record: AuditRecord, keys: dict[IdempotencyKey, tuple[bytes, bytes, int]]
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
    _, audit, sent, _ = _unpack(row[1])
    return row[0], sent or audit


def _audit_row(record: AuditRecord) -> tuple[object, ...]:
    return (
        record.id,
        int(record.recorded_at.timestamp() * 1_000_000),
        record.caller,
        record.facility,
        record.encounter,
        record.stage,
        record.decision,
        record.ruleset,
        record.request_digest,
    )


_LOCAL = threading.local()


def _pack(record: AuditRecord) -> bytes:
    if not hasattr(_LOCAL, "compress"):
        _LOCAL.compress = zstandard.ZstdCompressor(level=1).compress
    packed: bytes = _LOCAL.compress(msgspec.msgpack.encode((record.request, record.audit, record.sent, record.hidden)))
    return packed


def _unpack(content: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    whole = zstandard.ZstdDecompressor().decompress(content)
    return msgspec.msgpack.decode(whole, type=tuple[bytes, bytes, bytes, bytes])
