"""Rows of audits (审核记录的行): the statements that store records, few for however many, inside a transaction."""

from typing import Any, NamedTuple

from msgspec.structs import replace

from app.store.audit_log import AuditRecord, FindingRow, IdempotencyKey
from app.store.packing import microseconds, unpack
from app.store.postgres.database import Connection
from app.store.postgres.text import columns, plain
from app.store.sealing import seal_audit
from app.store.vault import vault_of
from app.trail.entry import Sealed

NUMBERS = "SELECT nextval('audits_seq') FROM generate_series(1, $1)"
TAKE_KEYS = """
INSERT INTO idempotency_keys (caller, key, request_digest, audit_seq, recorded_at)
SELECT caller, key, digest, seq, recorded_at
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[])
    AS wanted (caller, key, digest, seq, recorded_at)
ON CONFLICT (caller, key) DO NOTHING
RETURNING caller, key
"""
FIND_KEYS = """
SELECT k.caller, k.key, k.request_digest, a.id, a.content
FROM unnest($1::text[], $2::text[]) AS asked (caller, key)
JOIN idempotency_keys k ON k.caller = asked.caller AND k.key = asked.key
JOIN audits a ON a.seq = k.audit_seq AND a.recorded_at = k.recorded_at
"""
PUT_AUDITS = """
WITH stored AS (
    INSERT INTO audits
        (seq, id, recorded_at, caller, facility, encounter, stage, decision, ruleset, request_digest, content)
    SELECT coalesce(seq, nextval('audits_seq')), id, recorded_at, caller, facility, encounter, stage, decision,
        ruleset, digest, content
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::bytea[], $11::bytea[])
        AS told (seq, id, recorded_at, caller, facility, encounter, stage, decision, ruleset, digest, content)
    RETURNING seq, id, recorded_at
)
INSERT INTO findings
    (audit_seq, position, id, rule, rule_version, point, severity, decision, visibility, is_current, amount_cents,
     lines, recorded_at)
SELECT stored.seq, f.position, f.id, f.rule, f.rule_version, f.point, f.severity, f.decision, f.visibility,
    f.is_current, f.amount_cents, f.lines, stored.recorded_at
FROM unnest($12::text[], $13::int[], $14::text[], $15::text[], $16::int[], $17::text[], $18::text[], $19::text[],
    $20::text[], $21::bool[], $22::bigint[], $23::text[])
    AS f (audit, position, id, rule, rule_version, point, severity, decision, visibility, is_current, amount_cents,
        lines)
JOIN stored ON stored.id = f.audit
"""
_LONGEST_NAME = 100  # of a rule or a point


class Numbered(NamedTuple):
    record: AuditRecord
    seq: int | None


class Earlier(NamedTuple):
    """What a key stands for."""

    digest: bytes
    answer: bytes


def answer_of(record: AuditRecord) -> bytes:
    return record.sent or record.audit


async def numbered(connection: Connection, records: list[AuditRecord]) -> list[Numbered]:
    """With the number of each, where a key will have to know it; else the table gives one."""
    if not any(one.key is not None for one in records):
        return [Numbered(one, None) for one in records]
    return [
        Numbered(one, row[0]) for one, row in zip(records, await connection.fetch(NUMBERS, len(records)), strict=True)
    ]


async def take_keys(connection: Connection, wanted: dict[IdempotencyKey, Numbered]) -> set[IdempotencyKey]:
    """Those that nobody had; the records have them now. In the order of the keys, as others wait for them."""
    if not wanted:
        return set()
    taken = [
        (*key, wanted[key].record.request_digest, wanted[key].seq, microseconds(wanted[key].record.recorded_at))
        for key in sorted(wanted)
    ]
    return {IdempotencyKey(*row) for row in await connection.fetch(TAKE_KEYS, *columns(taken, 5))}


async def find_keys(connection: Connection, keys: list[IdempotencyKey]) -> dict[IdempotencyKey, Earlier]:
    found = {}
    for caller, key, digest, audit, packed in await connection.fetch(FIND_KEYS, *columns(keys, 2)):
        if not packed:
            continue  # erased: there is no answer any more that could be given again
        content = unpack(vault_of(connection).open("audits", (audit,), packed))
        found[IdempotencyKey(caller, key)] = Earlier(digest, content.sent or content.audit)
    return found


async def put_audits(connection: Connection, records: list[Numbered]) -> list[Sealed]:
    """What the trail is to say of them."""
    sealed: list[tuple[bytes, Sealed]] = []
    if records:
        sealed = [seal_audit(one) for one, _ in records]
        vault = vault_of(connection)
        told = [
            _row(one, seq, vault.seal("audits", (one.id,), content))
            for (one, seq), (content, _) in zip(records, sealed, strict=True)
        ]
        findings = [(one.id, place, *row) for one, _ in records for place, row in enumerate(one.findings)]
        await connection.execute(PUT_AUDITS, *columns(told, 11), *columns(findings, 12))
    return [entry for _, entry in sealed]


def _row(one: AuditRecord, seq: int | None, content: bytes) -> tuple[Any, ...]:
    return (
        seq,
        one.id,
        microseconds(one.recorded_at),
        one.caller,
        one.facility,
        one.encounter,
        one.stage,
        one.decision,
        one.ruleset,
        one.request_digest,
        content,
    )


def storable(record: AuditRecord) -> AuditRecord:
    """The record as the columns hold it; what was answered, and is stored beside them, stays as it is."""
    facility, encounter, findings = plain(record.facility), plain(record.encounter), record.findings
    if not all(map(_fits, findings)):
        findings = [_fitting(one) for one in findings]
    if (facility, encounter, findings) == (record.facility, record.encounter, record.findings):
        return record
    return replace(record, facility=facility, encounter=encounter, findings=findings)


def _fits(finding: FindingRow) -> bool:
    _, rule, _, point, *_, lines = finding
    return len(rule or "") <= _LONGEST_NAME and len(point or "") <= _LONGEST_NAME and "\0" not in lines


def _fitting(finding: FindingRow) -> FindingRow:
    name, rule, version, point, severity, decision, visibility, is_current, cents, lines = finding
    rule, point = rule[:_LONGEST_NAME], point[:_LONGEST_NAME]
    return name, rule, version, point, severity, decision, visibility, is_current, cents, plain(lines)
