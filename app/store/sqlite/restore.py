"""Records from the spool, stored in SQLite (暂存记录入库)."""

import sqlite3
from itertools import chain

from msgspec.structs import replace

from app.domain.block import INSTEAD
from app.domain.decision import Decision
from app.store.audit_log import AuditRecord, IdempotencyKey
from app.store.history import HistoryWrite
from app.store.late_history import Standing, still_news
from app.store.packing import microseconds, unpack
from app.store.sealing import seal_audit
from app.store.sqlite.trail import append_entries
from app.store.vault import vault_of
from app.trail.entry import Kind

_STORED = "SELECT seq, decision, content FROM audits WHERE id = ?"
_COMPLETE = "UPDATE audits SET content = ? WHERE seq = ?"
_WITHDRAW_BLOCK = "UPDATE audits SET decision = ? WHERE seq = ?"
_WITHDRAW_BLOCKS = "UPDATE findings SET decision = ? WHERE audit_seq = ? AND decision = ?"
_HAS_KEY = "SELECT 1 FROM idempotency_keys WHERE caller = ? AND key = ?"
_TOLD_LATER = "SELECT 1 FROM audits WHERE facility = ? AND encounter = ? AND recorded_at > ? LIMIT 1"
_ENCOUNTER = "SELECT patient, header, has_death, month FROM history_encounters WHERE facility = ? AND encounter = ?"
_LINES = "SELECT line FROM history_lines WHERE month = ? AND facility = ? AND encounter = ?"
_WITHDRAWN = "SELECT line FROM withdrawals WHERE facility = ? AND encounter = ? AND recorded_at > ?"


def missing(connection: sqlite3.Connection, records: list[AuditRecord]) -> list[AuditRecord]:
    """Complete what is stored already; what is yet to be stored, without what others have said or used since."""
    found: list[AuditRecord] = []
    keys: set[IdempotencyKey] = set()
    for record in records:
        stored = connection.execute(_STORED, (record.id,)).fetchone()
        if stored is not None:
            _complete(connection, record, *stored)
            continue
        if record.key is not None and (record.key in keys or connection.execute(_HAS_KEY, record.key).fetchone()):
            record = replace(record, key=None)
        if record.key is not None:
            keys.add(record.key)
        if record.history is not None:
            record = replace(record, history=_still_news(connection, record.history, microseconds(record.recorded_at)))
        found.append(record)
    return found


def _complete(connection: sqlite3.Connection, record: AuditRecord, seq: int, decision: str, content: bytes) -> None:
    completed, entry = seal_audit(record, Kind.AUDIT_COMPLETED)
    vault, row = vault_of(connection), (record.id,)
    if content and unpack(completed) != unpack(vault.open("audits", row, content)):
        connection.execute(_COMPLETE, (vault.seal("audits", row, completed), seq))
        if decision != record.decision:
            connection.execute(_WITHDRAW_BLOCK, (record.decision, seq))
            connection.execute(_WITHDRAW_BLOCKS, (INSTEAD, seq, Decision.BLOCK))
        append_entries(connection, [entry])


def _still_news(connection: sqlite3.Connection, write: HistoryWrite, told_at: int) -> HistoryWrite:
    place = (write.facility, write.encounter)
    withdrawn = frozenset(chain.from_iterable(connection.execute(_WITHDRAWN, (*place, told_at))))
    later = None
    if connection.execute(_TOLD_LATER, (*place, told_at)).fetchone() is not None:
        row = connection.execute(_ENCOUNTER, place).fetchone()
        if row is not None:
            patient, header, has_death, month = row
            header = vault_of(connection).open_text("history_encounters", place, header)
            lines = frozenset(chain.from_iterable(connection.execute(_LINES, (month, *place))))
            later = Standing(patient, header, bool(has_death), lines)
    return still_news(write, withdrawn, later)
