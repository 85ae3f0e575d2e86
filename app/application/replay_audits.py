"""Replay (审核重演): judge a stored audit again, from its stored facts and by its stored ruleset, and compare."""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import msgspec

from app.application.audit_coding import CodingJudge
from app.application.audit_encounter import encode_hidden
from app.application.facts import ToldFeeds, read_facts
from app.application.judge_encounter import judge
from app.domain.audit import Audit
from app.engine.ruleset import Ruleset
from app.engine.stop import Stop
from app.knowledge.pack import PackError
from app.store.audit_log import AuditLog, StoredAudit
from app.store.rulesets import RulesetStore

_encode = msgspec.json.Encoder().encode
_decode_audit = msgspec.json.Decoder(Audit).decode
_PAGE = 200


class Replayed(NamedTuple):
    """`problem` tells why it could not be judged again; `stored` and `again` are the answers, hidden findings apart."""

    audit: str
    is_identical: bool
    problem: str = ""
    stored: bytes = b""
    again: bytes = b""
    stored_hidden: bytes = b""
    again_hidden: bytes = b""


class Replayer:
    def __init__(
        self,
        log: AuditLog,
        rulesets: RulesetStore,
        local: Callable[[], Ruleset] | None = None,
        coding: Callable[[str], CodingJudge | None] = lambda _: None,
    ) -> None:
        """`local` gives the ruleset of the packs at hand, should a revision be stored nowhere else; `coding` the scheme
        and evidence tables of a revision.
        """
        self._log, self._rulesets, self._local, self._coding = log, rulesets, local, coding
        self._opened: dict[str, Ruleset] = {}

    async def replay(self, audit_id: str) -> Replayed | None:
        """None where there is no such audit."""
        stored = await self._log.find(audit_id)
        return None if stored is None else await self.replay_stored(stored)

    async def replay_latest(self, limit: int) -> AsyncIterator[Replayed]:
        """The latest audits, the newest first."""
        before: str | None = None
        while limit > 0:
            ids = await self._log.latest_ids(min(limit, _PAGE), before=before)
            for audit_id in ids:
                found = await self.replay(audit_id)
                if found is not None:
                    yield found
            if not ids:
                return
            before, limit = ids[-1], limit - len(ids)

    async def replay_stored(self, stored: StoredAudit) -> Replayed:
        if not stored.facts:
            return Replayed(stored.id, False, "the record is older than facts are kept: it cannot be judged again")
        try:
            ruleset = await self._open(stored.ruleset)
            if ruleset is None:
                return Replayed(stored.id, False, f"the ruleset {stored.ruleset} is not stored here")
            revision = read_facts(stored.facts).coding
            coding = self._coding(revision) if revision else None
            if revision and coding is None:
                return Replayed(stored.id, False, f"the scheme and evidence tables {revision} are not at hand")
            return again(stored, ruleset, coding)
        except (msgspec.MsgspecError, PackError) as error:
            return Replayed(stored.id, False, f"the record cannot be read: {error}")

    async def _open(self, revision: str) -> Ruleset | None:
        if revision not in self._opened:
            compiled = await self._rulesets.read(revision)
            if compiled is not None:
                self._opened[revision] = Ruleset(compiled)
            elif self._local is not None and (local := self._local()).revision == revision:
                self._opened[revision] = local
        return self._opened.get(revision)


def again(stored: StoredAudit, ruleset: Ruleset, coding: CodingJudge | None = None) -> Replayed:
    """Judge anew and compare, byte for byte. Raises msgspec.MsgspecError for a record that cannot be read."""
    facts, before = read_facts(stored.facts), _decode_audit(stored.audit)
    request = facts.judged(stored.request)
    audit, judgement = judge(
        ruleset,
        request,
        policy=facts.policy(request.stage),
        audited_at=before.audited_at,
        audit_id=before.id,
        issues=facts.issues,
        feeds=ToldFeeds(facts.feeds) if facts.feeds else None,
        added=facts.added,
        degraded=before.degraded,
        follows=before.follows,
        coding=coding,
        stop=None if facts.steps is None else Stop(steps=facts.steps),
    )
    encoded, hidden = _encode(audit), encode_hidden(audit, judgement)
    same = encoded == stored.audit and hidden == stored.hidden
    return Replayed(stored.id, same, "", stored.audit, encoded, stored.hidden, hidden)
