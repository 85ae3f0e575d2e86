"""Follow the ruleset in force (跟随现行规则库): every process takes up what was published or rolled back, within 2 s.

The database is asked every second, and at once when a move is announced; where it does not answer, what is held goes on
serving. A new ruleset is opened and warmed up beside the event loop; then one assignment
puts it in place, so that whoever took the old one keeps it to the end.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from app.application.load_ruleset import keep_compiled, open_kept
from app.application.publish_ruleset import RulesetPublisher
from app.engine.ruleset import Ruleset
from app.engine.warm_up import warm_up
from app.knowledge.pack import PackError
from app.store.rulesets import Move, RulesetDistribution, RulesetStore

log = logging.getLogger("mingjian")

LOOK_EVERY = 1.0  # seconds
_PATIENCE = 2.0  # seconds in which the database must tell what is in force
_PATIENCE_COPY = 0.5  # for a copy that the database has too
_PATIENCE_PUBLISHING = 10.0
_HELD = 4  # rulesets kept open, so that a rollback is at hand


class RulesetState(NamedTuple):
    """`wanted` is what the pointer says, as far as it is known; `fault` tells why `revision` is another, or why what
    the pointer says is not known.
    """

    revision: str
    wanted: str
    fault: str


class RulesetFollower:
    def __init__(
        self,
        store: RulesetStore,
        distribution: RulesetDistribution | None,
        cache_dir: Path,
        local: Callable[[], Ruleset],
    ) -> None:
        """`local` gives the ruleset of the packs at hand, or raises PackError."""
        self._store, self._distribution, self._cache_dir, self._local = store, distribution, cache_dir, local
        self._current: Ruleset | None = None
        self._unpublished: Ruleset | None = None  # to be put in force as soon as the database answers
        self._wanted = ""
        self._faults: dict[str, str] = {}  # by what is at fault: the pointer, publishing, the packs at hand
        self._held: dict[str, Ruleset] = {}  # the least lately used first
        self._unusable: dict[str, tuple[str, Exception]] = {}  # revisions that this version cannot open, and why
        self._news, self._lock = asyncio.Event(), asyncio.Lock()

    def current(self) -> Ruleset:
        """The ruleset to judge by: take it once for all that must be judged by one revision."""
        if self._current is None:
            self._take(self._local())
        assert self._current is not None  # noqa: S101 - for the type checker
        return self._current

    def state(self) -> RulesetState:
        return RulesetState(self.current().revision, self._wanted, next(iter(self._faults.values()), ""))

    async def open(self, publish: bool) -> None:
        """Take up what is in force. `publish`: put the packs at hand in force first, if they never were.

        Raises PackError where the packs at hand are not fit to judge by and nothing else can be opened.
        """
        if publish:
            try:
                self._unpublished = await asyncio.to_thread(self.current)
            except PackError as error:
                self._note("packs", "the packs at hand are not fit to judge by", error)
        await self.refresh()
        if self._current is None:
            await self._fall_back()

    async def _publish(self, ruleset: Ruleset) -> None:
        publisher = RulesetPublisher(self._store, self._distribution)
        try:
            await asyncio.wait_for(publisher.publish_first(ruleset, caller="start"), _PATIENCE_PUBLISHING)
        except Exception as error:  # audits are answered all the same, and it is tried again
            self._note("publishing", "the packs at hand cannot be published now", error)
        else:
            self._unpublished = None
            self._note("publishing", "")

    async def _fall_back(self) -> None:
        """What is in force cannot be opened here, or nothing is: the packs at hand, else what was in force before."""
        try:
            self._take(await asyncio.to_thread(self._local))
        except PackError:
            for move in await self._moves():
                with suppress(Exception):
                    self._take(await self._fetch(move.revision))
                    return
            raise

    async def _moves(self) -> list[Move]:
        with suppress(Exception):
            return await asyncio.wait_for(self._store.moves(), _PATIENCE)
        return []

    async def follow(self) -> None:
        """Take up every move, for ever; call it as a task."""
        listening = None if self._distribution is None else asyncio.create_task(self._listen(self._distribution))
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), LOOK_EVERY)
                self._news.clear()
                try:
                    await self.refresh()
                except Exception:  # what is held serves on, and the next look may do better
                    log.exception("the ruleset in force could not be looked for")
        finally:
            if listening is not None:
                listening.cancel()

    async def _listen(self, distribution: RulesetDistribution) -> None:
        while True:
            try:
                async for _ in distribution.follow():  # only the database tells what holds here
                    self._news.set()
            except Exception:
                log.exception("announcements cannot be followed")
            await asyncio.sleep(LOOK_EVERY)

    async def refresh(self) -> None:
        """Look what is in force and take it up; what is held serves on where that fails."""
        async with self._lock:
            if self._unpublished is not None:
                await self._publish(self._unpublished)
            wanted = await self._look()
            if not wanted:
                return
            if self._current is not None and self._current.revision == wanted:
                self._settle(wanted, "")
            else:
                await self._change_to(wanted)

    async def _look(self) -> str:
        """The revision in force; "" where nothing is, or that is not known."""
        try:
            move = await asyncio.wait_for(self._store.current(), _PATIENCE)
        except Exception as error:
            self._settle(self._wanted, "the database does not tell which ruleset is in force", error)
            return ""
        if move is None:
            self._settle("", "")
            return ""
        return move.revision

    async def _change_to(self, wanted: str) -> None:
        began = monotonic()
        if wanted in self._unusable:
            self._settle(wanted, *self._unusable[wanted])
            return
        try:
            ruleset = await self._fetch(wanted)
        except PackError as error:
            self._unusable[wanted] = (f"the ruleset {wanted} is in force and cannot be opened here", error)
            self._settle(wanted, *self._unusable[wanted])
            return
        except Exception as error:
            self._settle(wanted, f"the ruleset {wanted} is in force and cannot be had now", error)
            return
        self._take(ruleset)
        self._settle(wanted, "")
        log.info("ruleset %s taken up in %.0f ms", wanted, 1000 * (monotonic() - began))

    def _settle(self, wanted: str, fault: str, cause: Exception | None = None) -> None:
        self._wanted = wanted
        self._note("pointer", fault, cause)

    def _note(self, what: str, fault: str, cause: Exception | None = None) -> None:
        """`cause` is for the log only: the fault is shown to everybody."""
        if fault and fault != self._faults.get(what):  # once, and not every second
            held = self._current.revision if self._current else "no ruleset yet"
            log.error("%s (%s: %s); judging by %s", fault, type(cause).__name__, cause, held)
        if fault:
            self._faults[what] = fault
        else:
            self._faults.pop(what, None)

    async def _fetch(self, revision: str) -> Ruleset:
        """Open the revision, from wherever it is nearest, and make it ready. Raises PackError where it is stored, and
        this version cannot use it.
        """
        if revision in self._held:
            return self._held[revision]
        ruleset = await asyncio.to_thread(open_kept, self._cache_dir, revision)
        if ruleset is None:
            ruleset = await self._distributed(revision)
        if ruleset is None:
            compiled = await self._store.read(revision)
            if compiled is None:
                raise LookupError("it is not stored")
            ruleset = await asyncio.to_thread(keep_compiled, self._cache_dir, revision, compiled)
        if self._current is not None:
            await asyncio.to_thread(_make_ready, ruleset, self._current)
        return ruleset

    async def _distributed(self, revision: str) -> Ruleset | None:
        if self._distribution is None:
            return None
        try:
            compiled = await asyncio.wait_for(self._distribution.get(revision), _PATIENCE_COPY)
        except TimeoutError:
            return None
        if compiled is None:
            return None
        try:
            return await asyncio.to_thread(keep_compiled, self._cache_dir, revision, compiled)
        except PackError:  # what the database holds tells whether it is the ruleset, or only the copy
            return None

    def _take(self, ruleset: Ruleset) -> None:
        self._held.pop(ruleset.revision, None)
        self._held[ruleset.revision] = ruleset
        self._current = ruleset
        while len(self._held) > _HELD:
            self._held.pop(next(iter(self._held))).forget()  # else it stays: the collector of cycles looks seldom


def _make_ready(ruleset: Ruleset, like: Ruleset) -> None:
    try:
        warm_up(ruleset, like)
    except Exception as error:  # whatever a check says of its point, it would say to a request
        raise PackError(f"it cannot be made ready: {error!r}") from error
