"""Takes in what the trail tells (疑点入库), in either database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import or_, select

from app.domain.access import EVERYWHERE
from app.domain.decision import Stage
from app.domain.disposition import Action
from app.store.packing import unpack
from app.store.pinyin import initials_of
from app.store.review_intake import Intaken, Pending, SeenAudit, ToldAnswer, ToldAudit
from app.store.review_rows import StoredReview, review_entry, step_row
from app.store.review_statements import Outdated, Statement, Statements
from app.store.review_tables import review_progress, reviews
from app.store.reviews_query import Ask
from app.store.reviews_writing import StoredReviews
from app.store.tables import audits, findings, trail_entries
from app.store.vault import Vault
from app.trail.entry import Kind, read_body

_AUDITS = {Kind.AUDIT, Kind.AUDIT_COMPLETED}
_FINDINGS = (
    select(
        findings.c.audit_seq, findings.c.id, findings.c.rule, findings.c.rule_version, findings.c.point,
        findings.c.severity, findings.c.decision, findings.c.visibility, findings.c.is_current,
        findings.c.amount_cents, findings.c.lines,
    )
    .order_by(findings.c.audit_seq, findings.c.position)
)  # fmt: skip
_LONGEST_TEXT = 200


class StoredIntake:
    def __init__(self, ask: Ask, statements: Statements, kept: StoredReviews, vault: Vault) -> None:
        self._ask_within, self._statements, self._kept, self._vault = ask, statements, kept, vault
        self._rules: dict[str, str] = {}  # titles that are stored

    async def _ask(self, asked: Any) -> list[Any]:
        return await self._ask_within(asked, EVERYWHERE)

    def patient_key(self, patient: str) -> str:
        return self._vault.lookup(patient)

    async def pending(self, most: int) -> Pending:
        rows = await self._ask(select(review_progress.c.next_seq))
        first = rows[0][0] if rows else 0
        one = trail_entries.c
        asked = select(one.seq, one.kind, one.subject, one.recorded_at, one.body).where(one.seq >= first)
        rows = await self._ask(asked.order_by(one.seq).limit(most))
        told: list[ToldAudit | ToldAnswer] = []
        for _, kind, subject, at, body in rows:
            if kind in _AUDITS:
                told.append(ToldAudit(subject, at, kind == Kind.AUDIT_COMPLETED))
            elif kind == Kind.DISPOSITION and (details := read_body(body).details)["is_known"]:
                told.append(ToldAnswer(subject, Action(str(details["action"]))))
        return Pending(first, rows[-1][0] + 1 if rows else first, told)

    async def audits(self, pending: Pending) -> dict[str, SeenAudit]:
        asked = [one for one in pending.told if isinstance(one, ToldAudit)]
        if not asked:
            return {}
        times, column = sorted({one.at for one in asked}), audits.c  # they tell in which partitions to look
        rows = await self._ask(
            select(
                column.seq, column.id, column.recorded_at, column.facility, column.encounter, column.stage,
                column.content,
            ).where(column.id.in_({one.id for one in asked}), column.recorded_at.in_(times))
        )  # fmt: skip
        of_these = findings.c.audit_seq.in_([row[0] for row in rows]), findings.c.recorded_at.in_(times)
        found = await self._ask(_FINDINGS.where(*of_these))
        by_audit = {seq: tuple([_finding(row) for row in some]) for seq, some in groupby(found, key=lambda row: row[0])}
        return {row[1]: self._seen(row, by_audit.get(row[0], ())) for row in rows}

    def _seen(self, row: Any, found: tuple[Any, ...]) -> SeenAudit:
        _, name, at, facility, encounter, stage, content = row
        told = unpack(self._vault.open("audits", (name,), content)) if content else None
        return SeenAudit(name, at, facility, encounter, Stage(stage), told, found)

    async def standing(self, ids: Sequence[str], places: Sequence[tuple[str, str]]) -> dict[str, StoredReview]:
        if not ids and not places:
            return {}
        by_place = reviews.c.encounter.in_([encounter for _, encounter in places])
        found = await self._kept.everywhere(or_(reviews.c.id.in_(list(ids)), by_place))
        told = {*places}
        return {
            name: one
            for name, one in found.items()
            if name in ids or (one.review.facility, one.review.encounter) in told
        }

    async def take_in(self, pending: Pending, changed: Sequence[Intaken], rules: Mapping[str, str]) -> bool:
        first = [self._statements.advance(pending.first, pending.following)]
        steps = [step for one in changed for step in one.steps]
        more = self._named(changed, rules)
        if steps:
            more.append(self._statements.put_steps([step_row(one, self._vault) for one in steps]))
        pairs = [(one.before, one.after) for one in changed]
        try:
            await self._kept.store(pairs, more, [review_entry(one) for one in steps], first)
        except Outdated:
            return False
        self._rules.update(rules)
        return True

    def _named(self, changed: Sequence[Intaken], rules: Mapping[str, str]) -> list[Statement]:
        """What they are found by."""
        made = [one for one in changed if one.before is None]
        names = {item.code: item.name for one in made for item in one.items}
        uses = Counter([code for one in made for code in {item.code for item in one.items}])
        terms = [_term("item", code, name, uses[code]) for code, name in names.items()]
        terms += [_term("rule", code, title, 0) for code, title in rules.items() if self._rules.get(code) != title]
        found = []
        if uses:
            rows = [{"id": one.after.id, "item": code} for one in made for code in {item.code for item in one.items}]
            found.append(self._statements.put_items(rows))
        return [*found, self._statements.put_terms(terms)] if terms else found


def _finding(row: Sequence[Any]) -> tuple[Any, ...]:
    return (*row[1:8], bool(row[8]), *row[9:])


def _term(kind: str, code: str, text: str, uses: int) -> dict[str, Any]:
    text = text[:_LONGEST_TEXT]
    return {"kind": kind, "code": code, "text": text, "initials": initials_of(text), "uses": uses}
