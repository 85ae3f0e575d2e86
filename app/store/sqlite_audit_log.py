"""The audit log in SQLite (单机审核记录). The tables are those of tables.py."""

import asyncio
import sqlite3
import threading
from functools import partial
from pathlib import Path

import msgspec
import zstandard

from app.store.audit_log import AuditRecord, IdempotencyConflict, StoredAudit
from app.store.sqlite_writer import SqliteWriter, connect

_INSERT_AUDIT = (
    "INSERT INTO audits"
    " (id, recorded_at, caller, facility, encounter, stage, decision, ruleset, request_digest, content)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_FINDING = (
    "INSERT INTO findings (audit_seq, position, id, rule, rule_version, point, severity, decision, visibility,"
    " is_current, amount_cents, lines) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
        answer = await self.writer.write(partial(_write_audit, record))
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


def _write_audit(record: AuditRecord, connection: sqlite3.Connection) -> Answer | None:
    """What to answer, and whether it is an earlier answer; None where the key belongs to another body."""
    key = record.key
    if key is not None and (earlier := connection.execute(_FIND_KEY, key).fetchone()) is not None:
        if earlier[0] != record.request_digest:
            return None
        _, audit, sent, _ = _unpack(earlier[1])
        return sent or audit, True
    cursor = connection.execute(
        _INSERT_AUDIT,
        (
            record.id,
            int(record.recorded_at.timestamp() * 1_000_000),
            record.caller,
            record.facility,
            record.encounter,
            record.stage,
            record.decision,
            record.ruleset,
            record.request_digest,
            _pack(record),
        ),
    )
    seq = cursor.lastrowid
    if record.findings:
        rows = [(seq, position, *finding) for position, finding in enumerate(record.findings)]
        connection.executemany(_INSERT_FINDING, rows)
    if key is not None:
        connection.execute(_INSERT_KEY, (*key, record.request_digest, seq))
    return record.sent or record.audit, False


_LOCAL = threading.local()


def _pack(record: AuditRecord) -> bytes:
    if not hasattr(_LOCAL, "compressor"):
        _LOCAL.compressor = zstandard.ZstdCompressor(level=1)
    content = msgspec.msgpack.encode((record.request, record.audit, record.sent, record.hidden))
    packed: bytes = _LOCAL.compressor.compress(content)
    return packed


def _unpack(content: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    whole = zstandard.ZstdDecompressor().decompress(content)
    return msgspec.msgpack.decode(whole, type=tuple[bytes, bytes, bytes, bytes])
