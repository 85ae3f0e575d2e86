"""Rule texts (规则原文): a rule as a stored revision of the ruleset says it, however long ago that judged."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from app.application.load_ruleset import keep_compiled, open_kept
from app.engine.compiled import RuleHead
from app.engine.ruleset import Ruleset
from app.knowledge.pack import PackError
from app.store.rulesets import RulesetStore

_HELD = 4


class RuleText(Struct, frozen=True, kw_only=True):
    """`point` is the knowledge that the finding rests on, `parameters` those that held on the day; None where they are
    not known. `is_as_judged`: it is the rule that judged, and not the one that is in force now.
    """

    head: RuleHead
    revision: str
    is_as_judged: bool
    point: Mapping[str, Any] | None = None
    parameters: Mapping[str, Any] | None = None
    start: date | None = None
    end: date | None = None


class RuleTexts:
    def __init__(self, current: Callable[[], Ruleset], store: RulesetStore, cache_dir: Path) -> None:
        """`current` gives the ruleset in force."""
        self._current, self._store, self._cache_dir = current, store, cache_dir
        self._held: dict[str, Ruleset] = {}  # the least lately used first

    def in_force(self, rule: str) -> RuleText | None:
        """As the ruleset in force says it; None where that has no such rule."""
        ruleset = self._current()
        head = ruleset.rules.get(rule)
        return None if head is None else RuleText(head=head, revision=ruleset.revision, is_as_judged=False)

    async def of(self, revision: str, rule: str, point: str = "", day: date | None = None) -> RuleText | None:
        """As that revision says it, of this point and day; where it cannot be read, as it is in force. Raises
        Unavailable.
        """
        ruleset = await self._open(revision)
        if ruleset is None or (head := ruleset.rules.get(rule)) is None:
            return self.in_force(rule)
        return await asyncio.to_thread(_told, ruleset, head, point, day)

    async def _open(self, revision: str) -> Ruleset | None:
        current = self._current()
        if current.revision == revision:
            return current
        ruleset = self._held.pop(revision, None) or await asyncio.to_thread(open_kept, self._cache_dir, revision)
        if ruleset is None:
            compiled = await self._store.read(revision)
            try:
                if compiled is not None:
                    ruleset = await asyncio.to_thread(keep_compiled, self._cache_dir, revision, compiled)
            except PackError:  # another version of the service wrote it
                return None
        if ruleset is not None:
            self._held[revision] = ruleset
            while len(self._held) > _HELD:
                self._held.pop(next(iter(self._held)))
        return ruleset


def _told(ruleset: Ruleset, head: RuleHead, point: str, day: date | None) -> RuleText:
    found = next((one for one in ruleset.each_point(head) if one.point == point), None) if point else None
    periods = ruleset.periods_of(head)
    held = [one for one in periods if day is None or one.start <= day <= one.end]
    last = held[-1] if held else None
    return RuleText(
        head=head,
        revision=ruleset.revision,
        is_as_judged=True,
        point=None if found is None else _plain(found),
        parameters=None if last is None else msgspec.msgpack.decode(last.parameters),
        start=None if last is None else last.start,
        end=None if last is None else last.end,
    )


def _plain(point: Any) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(point)
    return told
