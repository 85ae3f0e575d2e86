"""Records and open logs for the tests of the store."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from app.store.audit_log import AuditRecord, FindingRow, IdempotencyKey
from app.store.migrate import migrate
from app.store.sqlite.audit_log import SqliteAuditLog

AT = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)


def finding(finding_id: str = "f1", **changes: Any) -> FindingRow:
    fields = {
        "id": finding_id, "rule": "a-rule", "rule_version": 2, "point": "P-1", "severity": "definite",
        "decision": "block", "visibility": "shown", "is_current": True, "amount_cents": 5000, "lines": "L1|L2",
    }  # fmt: skip
    return tuple({**fields, **changes}.values())


def record(audit_id: str = "a1", *, key: str | None = None, body: bytes = b"{}", **changes: Any) -> AuditRecord:
    plain = AuditRecord(
        id=audit_id,
        recorded_at=AT,
        caller="local",
        facility="F1",
        encounter="E1",
        stage="settling",
        decision="block",
        ruleset="r" * 32,
        request=body,
        request_digest=sha256(body).digest(),
        audit=f'{{"id":"{audit_id}"}}'.encode(),
        hidden=b"",
        findings=[finding()],
        key=None if key is None else IdempotencyKey("local", key),
    )
    return msgspec.structs.replace(plain, **changes)


def database(folder: Path) -> Path:
    path = folder / "mingjian.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteAuditLog]:
    log = SqliteAuditLog(path)
    log.start()
    try:
        yield log
    finally:
        log.close()


def rows(path: Path, query: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
