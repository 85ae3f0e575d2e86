"""Reads the effects of trail entries with SQLAlchemy, from either database (存证核对查询)."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, exists, func, select

from app.store.review_rows import ATTACHED, STEPS
from app.store.review_tables import review_attachments, review_steps
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
from app.store.trail_effects import AttachmentRow, AuditRow, Counts, DispositionRow, StepRow
from app.store.vault import PLAIN, Changed, Row, Vault
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
        return [row._replace(reason=self._text("dispositions", (row.finding, row.caller), row.reason)) for row in rows]

    def _text(self, table: str, row: Row, text: str) -> str:
        """What was changed is such that no entry commits to it."""
        try:
            return self._vault.open_text(table, row, text)
        except Changed:
            return "changed"

    async def review_steps(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], StepRow]:
        if not wanted:
            return {}
        reviews, numbers = zip(*wanted, strict=True)
        among = STEPS.where(
            review_steps.c.review.in_(sorted({*reviews})), review_steps.c.number.in_(sorted({*numbers}))
        )
        rows = [StepRow(*row) for row in await self._rows(among)]
        return {
            (one.review, one.number): one._replace(
                comment=self._text("review_steps", (one.review, one.number), one.comment)
            )
            for one in rows
        }

    async def review_attachments(self, ids: Sequence[str]) -> dict[str, AttachmentRow]:
        if not ids:
            return {}
        rows = [AttachmentRow(*row) for row in await self._rows(ATTACHED.where(review_attachments.c.id.in_(ids)))]
        return {one.id: one._replace(name=self._text("review_attachments", (one.id,), one.name)) for one in rows}

    async def attached(self, attachment: str) -> bytes:
        one = review_attachments.c
        rows = await self._rows(select(one.content).where(one.id == attachment))
        try:
            return self._vault.open("review_attachments", (attachment,), bytes(rows[0][0])) if rows else b""
        except Changed:
            return b"changed"

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
        rows = [sum(map(_counted, some[1:]), _counted(some[0])) for some in _COUNTED.values()]
        entries = [_counted(trail_entries, trail_entries.c.kind == kind) for kind in _COUNTED]
        linked = (audits.c.seq == findings.c.audit_seq) & (audits.c.recorded_at == findings.c.recorded_at)
        orphans = _counted(findings, ~exists().where(linked))
        asked: Any = select(*rows, *entries, orphans)
        (found,) = await self._rows(asked)
        count = len(_COUNTED)
        return Counts(*found[:count]), Counts(*found[count:-1]), found[-1]


def _counted(table: Table, *tests: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(table).where(*tests).scalar_subquery()


_COUNTED = {
    Kind.AUDIT: (audits,),
    Kind.DISPOSITION: (dispositions,),
    Kind.LINE_WITHDRAWN: (withdrawals,),
    Kind.FEED_LOADED: (feed_loads,),
    Kind.RULESET_STORED: (rulesets,),
    Kind.RULESET_MOVED: (ruleset_moves,),
    Kind.REVIEWED: (review_steps, review_attachments),
}  # in the order of Counts
