"""A small library of rules with one of each visibility, and requests that they speak of."""

from pathlib import Path
from typing import Any

import msgspec

from app.application.load_ruleset import load_ruleset
from app.domain.audit import AuditRequest
from app.engine.ruleset import Ruleset
from app.store.audit_log import AuditRecord, StoredAudit
from tests.knowledge.build import write_rule


def packs(root: Path) -> Path:
    """`definite` and `suspect` are active, `on-trial` is on trial; each is against one code for women."""
    for name, severity, status, code in (
        ("definite", "definite", "active", "D*"),
        ("suspect", "highly_suspect", "active", "S*"),
        ("on-trial", "definite", "trial", "T*"),
    ):
        write_rule(root, name, severity=severity, status=status, rows=(f"K1,{code},项目,male",))
    return root


def rules(root: Path) -> Ruleset:
    return load_ruleset(packs(root))


def request(*codes: str, stage: str = "settling", **line: Any) -> AuditRequest:
    lines = [
        {"id": f"L{number}", "item_code": code, "service_date": "2026-03-01", "amount": "10.005", **line}
        for number, code in enumerate(codes, start=1)
    ]
    encounter = {"id": "E1", "facility": {"id": "F1"}, "patient": {"id": "P1", "sex": "female"}, "charge_lines": lines}
    return msgspec.convert({"stage": stage, "encounter": encounter}, AuditRequest, strict=False)


class Kept:
    """An audit log that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    async def append(self, record: AuditRecord) -> tuple[bytes, bool]:
        self.records.append(record)
        return record.sent or record.audit, False

    async def find(self, audit_id: str) -> StoredAudit | None:
        raise NotImplementedError(audit_id)
