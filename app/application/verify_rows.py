"""Holds rows against the entries that commit to them (核对记录与存证)."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256

import msgspec

from app.store.packing import microseconds
from app.store.sealing import evidence, parted
from app.store.trail import StoredEntry, TrailStore
from app.store.trail_effects import AuditRow, Counts, DispositionRow, TrailEffects
from app.trail.entry import Body, Kind, commitment

Told = Sequence[tuple[StoredEntry, Body]]
Found = AsyncIterator[tuple[int, str]]
Withdrawal = tuple[str, bytes, str, int]  # facility, what is private, caller, time
_OF_AUDITS = (Kind.AUDIT, Kind.AUDIT_COMPLETED)


async def check_audits(effects: TrailEffects, store: TrailStore, told: Told) -> Found:
    """Every audit's row is there, says what the entry says, and holds what the last entry about it commits to."""
    about = [(entry, body) for entry, body in told if entry.kind in _OF_AUDITS]
    rows = await effects.audits([entry.subject for entry, _ in about])
    for entry, body in about:
        row = rows.get(entry.subject)
        if row is None:
            yield entry.seq, f"the audit {entry.subject} was deleted"
            continue
        said = {"facility": row.facility, "stage": row.stage, "ruleset": row.ruleset, "decision": row.decision}
        differs = {name for name in said | body.details if said.get(name) != body.details.get(name)}
        if differs - {"decision"} or row.caller != body.actor or row.recorded_at != microseconds(body.at):
            yield entry.seq, f"the row of audit {row.id} was changed"
        elif differs or not commits_to(row, body):
            about_it = await store.find(entry.subject)
            if entry.seq != max(one.seq for one in about_it if one.kind in _OF_AUDITS):
                continue  # it was completed, and the row is held against what that entry says
            if differs:
                yield entry.seq, f"the row of audit {row.id} was changed"
            elif row.content or about_it[-1].kind != Kind.ERASED:
                yield entry.seq, f"content or findings of audit {row.id} were changed"


def commits_to(row: AuditRow, body: Body) -> bool:
    salt, packed = parted(row.content)
    return commitment(salt, evidence(packed, row.encounter, row.request_digest, row.findings)) == body.private


async def check_dispositions(effects: TrailEffects, store: TrailStore, told: Told, kinds: Counter[str]) -> Found:
    """Dispositions are stored in the order of their entries, so that they can be held against them one by one."""
    about = [(entry, body) for entry, body in told if entry.kind == Kind.DISPOSITION]
    if not about:
        return
    rows = await effects.dispositions(kinds[Kind.DISPOSITION] - len(about), len(about))
    private = await store.private_of([entry.seq for entry, _ in about])
    for number, (entry, body) in enumerate(about):
        if number >= len(rows):
            yield entry.seq, f"a disposition of finding {entry.subject} was deleted"
            continue
        row, (salt, content) = rows[number], private.get(entry.seq, (b"", b""))
        holds = salt and commitment(salt, content) == body.private and content == _private(row)
        if not holds and (salt or row.reason or not await was_erased(store, entry)):
            yield entry.seq, f"reason or practitioner of a disposition of finding {entry.subject} were changed"
        told_row = (entry.subject, body.details.get("action"), body.details.get("is_known"), body.actor)
        said = (row.finding, row.action, bool(row.is_known), row.caller)
        if said != told_row or row.recorded_at != microseconds(body.at):
            yield entry.seq, f"a disposition of finding {entry.subject} was changed"


async def was_erased(store: TrailStore, entry: StoredEntry) -> bool:
    """What the entry commits to, as a later entry tells."""
    return any([one.kind == Kind.ERASED and one.seq > entry.seq for one in await store.find(entry.subject)])


def _private(row: DispositionRow) -> bytes:
    return msgspec.json.encode({"practitioner": row.practitioner, "reason": row.reason})


async def check_withdrawals(store: TrailStore, told: Told, expected: Counter[Withdrawal]) -> Found:
    """What each commits to is kept apart; `expected` learns which rows there must be."""
    about = [(entry, body) for entry, body in told if entry.kind == Kind.LINE_WITHDRAWN]
    private = await store.private_of([entry.seq for entry, _ in about]) if about else {}
    for entry, body in about:
        salt, content = private.get(entry.seq, (b"", b""))
        if salt and commitment(salt, content) != body.private:
            yield entry.seq, f"a withdrawal in facility {entry.subject} was changed"
        else:
            expected[entry.subject, content, body.actor, microseconds(body.at)] += 1


async def check_withdrawn_rows(effects: TrailEffects, expected: Counter[Withdrawal]) -> AsyncIterator[str]:
    """Withdrawals are few, and may stand in another order than their entries: they are compared together."""
    rows = Counter([(row[0], msgspec.json.encode(row[1:3]), *row[3:]) for row in await effects.withdrawals()])
    erased = sum(count for (_, content, *_), count in expected.items() if not content)
    if (missing := sum((expected - rows).values()) - erased) > 0:
        yield f"withdrawals: {missing} were changed or deleted"


async def check_others(effects: TrailEffects, told: Told) -> Found:
    """Ruleset moves, stored rulesets, feed loads: few, so they are read whole where there is one to look at."""
    kinds = {entry.kind for entry, _ in told}
    moves = {row[0]: row for row in await effects.moves()} if Kind.RULESET_MOVED in kinds else {}
    loads = {row[0]: row for row in await effects.loads()} if Kind.FEED_LOADED in kinds else {}
    stored = {row[0]: row for row in await effects.rulesets()} if Kind.RULESET_STORED in kinds else {}
    for entry, body in told:
        details, at = body.details, microseconds(body.at)
        if entry.kind == Kind.RULESET_MOVED:
            move = moves.get(_number(details.get("move")))
            told_move = (entry.subject, details.get("action"), body.actor, details.get("reason"), at)
            if move is None or move[1:] != told_move:
                yield entry.seq, f"a move to the ruleset {entry.subject} was changed or deleted"
        elif entry.kind == Kind.FEED_LOADED:
            load = loads.get(_number(details.get("load")))
            told_load = (entry.subject, at, body.actor, details.get("digest"), details.get("rows"))
            if load is None or (load[1], load[2], load[3], load[4].hex(), load[5]) != told_load:
                yield entry.seq, f"a load of the feed {entry.subject} was changed or deleted"
        elif entry.kind == Kind.RULESET_STORED:
            row = stored.get(entry.subject)
            told_stored = (details.get("format"), details.get("size"), at, body.actor, details.get("digest"))
            if row is None or (*row[1:5], sha256(row[5]).hexdigest()) != told_stored:
                yield entry.seq, f"the stored ruleset {entry.subject} was changed or deleted"


def _number(value: str | int | bool | None) -> int:
    return value if isinstance(value, int) else -1


async def check_counts(effects: TrailEffects, audits_before: int) -> AsyncIterator[str]:
    """Rows that no entry tells of were put in past the service."""
    rows, told, orphans = await effects.counts()
    told = told._replace(audits=told.audits + audits_before)
    for name, there, expected in zip(Counts._fields, rows, told, strict=True):
        if there != expected:
            yield f"{name}: {there} rows are there, and the trail tells of {expected}"
    if orphans:
        yield f"findings: {orphans} belong to no audit"
