"""Publish a ruleset (发布规则库): store a revision for good and point to it; to roll back is the same move."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from app.application.load_ruleset import compiled_form, read_compiled
from app.engine.compiled import MAGIC
from app.engine.ruleset import Ruleset
from app.engine.self_check import self_check
from app.knowledge.pack import PackError
from app.store.rulesets import Move, RulesetDistribution, RulesetStore

log = logging.getLogger("mingjian")

FORMAT = MAGIC.decode()
_MOVES_READ = 1000  # back to which a rollback looks for what was in force before


class UnknownRevision(LookupError):
    """No such revision is stored."""


class UnreadableRevision(Exception):
    """This version cannot open what is stored: another version wrote it."""


class NothingBefore(Exception):
    """No other revision was in force before the one that is."""


class Moved(NamedTuple):
    """What is in force; `is_new` False where it was in force already, and so nothing was moved."""

    move: Move
    is_new: bool


class Revision(NamedTuple):
    """A stored revision. `rules` and `points` count what is in it, None where this version cannot open it."""

    revision: str
    stored_at: datetime
    stored_by: str
    size: int
    is_readable: bool
    is_in_force: bool
    rules: int | None
    points: int | None


class RulesetPublisher:
    def __init__(
        self,
        store: RulesetStore,
        distribution: RulesetDistribution | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._distribution, self._now = store, distribution, now
        self._counts: dict[str, tuple[int, int] | None] = {}

    async def publish(self, rules_dir: Path, *, caller: str, reason: str) -> Moved:
        """Check the packs below `rules_dir`, run their examples, and put them in force.

        Raises PackError with every fault, NotRecorded.
        """
        compiled = await asyncio.to_thread(_checked, rules_dir)
        ruleset = Ruleset(compiled)
        await self._store.put(ruleset.revision, compiled, caller=caller, at=self._now())
        return await self._point_to(ruleset.revision, compiled, "publish", caller, reason)

    async def publish_first(self, ruleset: Ruleset, *, caller: str) -> Move | None:
        """Put the ruleset in force unless it ever was: then nothing is done, and the pointer says what holds.

        Of many processes that start at once, one publishes. Raises NotRecorded.
        """
        moves = await self._store.moves(_MOVES_READ)
        if any(one.revision == ruleset.revision for one in moves):
            return None
        compiled = bytes(ruleset.compiled)
        await self._store.put(ruleset.revision, compiled, caller=caller, at=self._now())
        move = await self._store.move_first(ruleset.revision, caller=caller, reason="", at=self._now())
        if move is not None:
            await self._tell(move, compiled)
        return move

    async def activate(self, revision: str, *, caller: str, reason: str) -> Moved:
        """Put a stored revision in force. Raises UnknownRevision, UnreadableRevision, NotRecorded."""
        compiled = await self._store.read(revision)
        if compiled is None:
            raise UnknownRevision(revision)
        try:
            await asyncio.to_thread(read_compiled, revision, compiled)
        except PackError as error:
            raise UnreadableRevision(str(error)) from error
        was_in_force = any(one.revision == revision for one in await self._store.moves(_MOVES_READ))
        return await self._point_to(revision, compiled, "rollback" if was_in_force else "publish", caller, reason)

    async def roll_back(self, *, caller: str, reason: str) -> Moved:
        """Put in force what was before. Raises NothingBefore, and what `activate` raises."""
        return await self.activate(_before(await self._store.moves(_MOVES_READ)), caller=caller, reason=reason)

    async def revisions(self, limit: int) -> list[Revision]:
        """The stored revisions, the newest first."""
        current = await self._store.current()
        in_force = "" if current is None else current.revision
        found = []
        for one in (await self._store.stored())[:limit]:
            counts = await self._counted(one.revision) if one.format == FORMAT else None
            found.append(
                Revision(
                    revision=one.revision,
                    stored_at=one.stored_at,
                    stored_by=one.stored_by,
                    size=one.size,
                    is_readable=counts is not None,
                    is_in_force=one.revision == in_force,
                    rules=None if counts is None else counts[0],
                    points=None if counts is None else counts[1],
                )
            )
        return found

    async def moves(self, limit: int) -> list[Move]:
        """The last moves of the pointer, the newest first."""
        return await self._store.moves(limit)

    async def _counted(self, revision: str) -> tuple[int, int] | None:
        """How many rules and points; a revision never changes, so it is opened once."""
        if revision not in self._counts:
            compiled = await self._store.read(revision)
            self._counts[revision] = None if compiled is None else await asyncio.to_thread(_count, revision, compiled)
        return self._counts[revision]

    async def _point_to(self, revision: str, compiled: bytes, action: str, caller: str, reason: str) -> Moved:
        current = await self._store.current()
        if current is not None and current.revision == revision:
            return Moved(current, False)
        move = await self._store.move(revision, action=action, caller=caller, reason=reason, at=self._now())
        await self._tell(move, compiled)
        return Moved(move, True)

    async def _tell(self, move: Move, compiled: bytes) -> None:
        log.info("ruleset %s is in force: %s by %s", move.revision, move.action, move.caller)
        if self._distribution is not None:
            await self._distribution.put(move.revision, compiled)
            await self._distribution.announce(move)


def _checked(rules_dir: Path) -> bytes:
    if faults := self_check(rules_dir, every_kind=False):
        raise PackError("\n".join(faults))
    return compiled_form(rules_dir)


def _count(revision: str, compiled: bytes) -> tuple[int, int] | None:
    try:
        ruleset = read_compiled(revision, compiled)
    except PackError:
        return None
    return len(ruleset.rules), sum(rule.point_count for rule in ruleset.header.rules)


def _before(moves: Sequence[Move]) -> str:
    """What was in force before the revision now in force was published, so that to roll back twice goes back by two.

    `moves`: the newest first.
    """
    if not moves:
        raise NothingBefore
    current = moves[0].revision
    published = next((at for at, one in enumerate(moves) if one.revision == current and one.action == "publish"), 0)
    for one in moves[published:]:
        if one.revision != current:
            return one.revision
    raise NothingBefore
