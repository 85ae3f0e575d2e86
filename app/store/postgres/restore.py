"""Records from the spool, stored in PostgreSQL (暂存记录入库)."""

from collections.abc import Iterable

from msgspec.structs import replace

from app.domain.block import INSTEAD
from app.domain.decision import Decision
from app.store.audit_log import AuditRecord, IdempotencyKey
from app.store.history import HistoryWrite
from app.store.late_history import Standing, still_news
from app.store.packing import microseconds, unpack
from app.store.postgres.audit_rows import Numbered, numbered, put_audits, take_keys
from app.store.postgres.database import Connection
from app.store.postgres.history import ensure_encounters, write_history
from app.store.postgres.text import plain
from app.store.postgres.trail import append_entries
from app.store.sealing import seal_audit
from app.store.vault import vault_of
from app.trail.entry import Kind

_STORED = "SELECT id, seq, recorded_at, decision, content FROM audits WHERE id = ANY ($1) AND recorded_at = ANY ($2)"
_COMPLETE = "UPDATE audits SET content = $3 WHERE seq = $1 AND recorded_at = $2"
_WITHDRAW_BLOCK = "UPDATE audits SET decision = $3 WHERE seq = $1 AND recorded_at = $2"
_WITHDRAW_BLOCKS = """
UPDATE findings SET decision = $3 WHERE audit_seq = $1 AND recorded_at = $2 AND decision = $4
"""
_TOLD_LATER = "SELECT EXISTS (SELECT 1 FROM audits WHERE facility = $1 AND encounter = $2 AND recorded_at > $3)"
_ENCOUNTER = """
SELECT patient, header, has_death, month FROM history_encounters WHERE facility = $1 AND encounter = $2 FOR UPDATE
"""
_LINES = "SELECT line FROM history_lines WHERE month = $1 AND facility = $2 AND encounter = $3"
_WITHDRAWN = "SELECT line FROM withdrawals WHERE facility = $1 AND encounter = $2 AND recorded_at > $3"


async def write_missing(connection: Connection, records: list[AuditRecord]) -> None:
    """Complete what is stored already, store the rest, without what others have said or used since."""
    by_id = {one.id: one for one in records}
    stored = await connection.fetch(_STORED, list(by_id), [microseconds(one.recorded_at) for one in by_id.values()])
    entries, vault = [], vault_of(connection)
    for name, seq, at, decision, content in stored:
        record = by_id.pop(name)
        completed, entry = seal_audit(record, Kind.AUDIT_COMPLETED)
        if content and unpack(completed) != unpack(vault.open("audits", (name,), content)):
            await connection.execute(_COMPLETE, seq, at, vault.seal("audits", (name,), completed))
            if decision != record.decision:
                await connection.execute(_WITHDRAW_BLOCK, seq, at, record.decision)
                await connection.execute(_WITHDRAW_BLOCKS, seq, at, INSTEAD, Decision.BLOCK)
            entries.append(entry)
    told = await numbered(connection, list(by_id.values()))
    first: dict[IdempotencyKey, Numbered] = {}
    for one in told:
        if one.record.key is not None:
            first.setdefault(one.record.key, one)
    taken = await take_keys(connection, first)
    missing = [
        one
        if (key := one.record.key) in taken and first[key] is one
        else one._replace(record=replace(one.record, key=None))
        for one in told
    ]
    news = await _news(connection, [one for one, _ in missing])  # before they are stored: they are no later audits
    entries += await put_audits(connection, missing)
    await write_history(connection, news)
    await append_entries(connection, entries)


async def _news(connection: Connection, records: Iterable[AuditRecord]) -> list[HistoryWrite]:
    """What their history still says. The encounters stay locked, so that nobody tells of them meanwhile."""
    told = [(microseconds(one.recorded_at), one.history) for one in records if one.history is not None]
    await ensure_encounters(connection, [write for _, write in told])
    by_place = sorted(told, key=lambda one: (one[1].facility, one[1].encounter))
    standing = {}
    for _, write in by_place:
        place = (plain(write.facility), plain(write.encounter))
        standing[place] = await connection.fetchrow(_ENCOUNTER, *place)
    return [await _still_news(connection, write, at, standing) for at, write in told]


async def _still_news(
    connection: Connection,
    write: HistoryWrite,
    told_at: int,
    standing: dict[tuple[str, str], tuple[str, str, bool, int]],
) -> HistoryWrite:
    place = (plain(write.facility), plain(write.encounter))
    withdrawn = frozenset(row[0] for row in await connection.fetch(_WITHDRAWN, *place, told_at))
    later = None
    if await connection.fetchval(_TOLD_LATER, *place, told_at):
        patient, header, has_death, month = standing[place]
        header = vault_of(connection).open_text("history_encounters", place, header)
        lines = frozenset(row[0] for row in await connection.fetch(_LINES, month, *place))
        later = Standing(patient, header, has_death, lines)
    return still_news(write, withdrawn, later)
