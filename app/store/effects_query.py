"""Reads the effects of trail entries with SQLAlchemy, from either database (存证核对查询)."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Select, Table, exists, func, select

from app.store.tables import (
    audits,
    dispositions,
    feed_loads,
    findings,
    ruleset_moves,
    rulesets,
    trail_entries,
    withdrawals,
)
from app.store.trail_effects import AuditRow, Counts, DispositionRow
from app.store.vault import PLAIN, Changed, Vault
from app.trail.entry import Kind

_AUDITS = select(
    audits.c.id, audits.c.recorded_at, audits.c.caller, audits.c.facility, audits.c.encounter, audits.c.stage,
    audits.c.decision, audits.c.ruleset, audits.c.request_digest, audits.c.content,
)  # fmt: skip
_FINDINGS = (
    select(
        audits.c.id, findings.c.id, findings.c.rule, findings.c.rule_version, findings.c.point, findings.c.severity,
        findings.c.decision, findings.c.visibility, findings.c.is_current, findings.c.amount_cents, findings.c.lines,
    )
    .join(findings, (findings.c.audit_seq == audits.c.seq) & (findings.c.recorded_at == audits.c.recorded_at))
    .order_by(audits.c.id, findings.c.position)
)  # fmt: skip

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]  # what a query gives, row by row, as tuples


class EffectsQuery:
    def __init__(self, rows: Rows, vault: Vault = PLAIN) -> None:
        self._rows, self._vault = rows, vault

    async def audits(self, ids: Sequence[str]) -> dict[str, AuditRow]:
        rows = await self._rows(_AUDITS.where(audits.c.id.in_(ids)))
        found = await self._rows(_FINDINGS.where(audits.c.id.in_(ids)))
        by_audit = {audit: tuple([row[1:] for row in some]) for audit, some in groupby(found, key=lambda row: row[0])}
        return {row[0]: AuditRow._make((*row[:-1], self._opened(*row), by_audit.get(row[0], ()))) for row in rows}

    def _opened(self, audit: str, *row: Any) -> bytes:
        """What was changed is such that no entry commits to it."""
        try:
            return self._vault.open("audits", (audit,), row[-1])
        except Changed:
            return b"changed"

    async def dispositions(self, first: int, count: int) -> list[DispositionRow]:
        one = dispositions.c
        asked = select(
            one.finding, one.is_known, one.recorded_at, one.caller, one.practitioner, one.action, one.reason
        ).order_by(one.seq)
        rows = [DispositionRow(*row) for row in await self._rows(asked.offset(first).limit(count))]
        return [row._replace(reason=self._reason(row)) for row in rows]

    def _reason(self, row: DispositionRow) -> str:
        try:
            return self._vault.open_text("dispositions", (row.finding, row.caller), row.reason)
        except Changed:
            return "changed"

    async def moves(self) -> list[tuple[int, str, str, str, str, int]]:
        one = ruleset_moves.c
        asked = select(one.seq, one.revision, one.action, one.caller, one.reason, one.recorded_at)
        return await self._rows(asked.order_by(one.seq))

    async def loads(self) -> list[tuple[int, str, int, str, bytes, int]]:
        one = feed_loads.c
        asked = select(one.seq, one.feed, one.recorded_at, one.caller, one.digest, one.row_count)
        return await self._rows(asked.order_by(one.seq))

    async def rulesets(self) -> list[tuple[str, str, int, int, str, bytes]]:
        one = rulesets.c
        return await self._rows(select(one.revision, one.format, one.size, one.stored_at, one.stored_by, one.content))

    async def withdrawals(self) -> list[tuple[str, str, str, str, int]]:
        one = withdrawals.c
        asked = select(one.facility, one.encounter, one.line, one.caller, one.recorded_at)
        return await self._rows(asked.order_by(one.seq))

    async def counts(self) -> tuple[Counts, Counts, int]:
        rows = [_count(one) for one in _COUNTED]
        entries = [_count(trail_entries).where(trail_entries.c.kind == kind) for kind in _COUNTED.values()]
        linked = (audits.c.seq == findings.c.audit_seq) & (audits.c.recorded_at == findings.c.recorded_at)
        orphans = _count(findings).where(~exists().where(linked))
        asked = select(*[one.scalar_subquery() for one in (*rows, *entries, orphans)])
        (found,) = await self._rows(asked)
        count = len(_COUNTED)
        return Counts(*found[:count]), Counts(*found[count:-1]), found[-1]


def _count(table: Table) -> Select[Any]:
    return select(func.count()).select_from(table)


_COUNTED = {
    audits: Kind.AUDIT,
    dispositions: Kind.DISPOSITION,
    withdrawals: Kind.LINE_WITHDRAWN,
    feed_loads: Kind.FEED_LOADED,
    rulesets: Kind.RULESET_STORED,
    ruleset_moves: Kind.RULESET_MOVED,
}  # in the order of Counts
