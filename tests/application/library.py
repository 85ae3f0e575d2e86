"""Packs in several generations, the store they are published to, and Redis as it looks from here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from app.application.follow_ruleset import RulesetFollower
from app.application.load_ruleset import compiled_form, load_ruleset
from app.application.publish_ruleset import RulesetPublisher
from app.engine.ruleset import Ruleset
from app.knowledge.lock import write_lock
from app.knowledge.pack import read_packs
from app.store.history import Unavailable
from app.store.opening import store_at
from app.store.rulesets import Move, RulesetDistribution, RulesetStore
from tests.knowledge.build import write_rule

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def generation(root: Path, number: int) -> Path:
    """Packs that differ from those of another number, locked, and their rules' examples hold."""
    folder = root / f"packs-{number}"
    write_rule(folder, message=f"第{number}版：{{item}}{{broken}}。", version=str(number + 1))
    write_lock(folder, read_packs(folder))
    return folder


def compiled(folder: Path) -> tuple[str, bytes]:
    content = compiled_form(folder)
    return Ruleset(content).revision, content


@asynccontextmanager
async def opened(root: Path) -> AsyncIterator[RulesetStore]:
    """The revisions in a database of its own."""
    store = store_at(None, root / "data" / "mingjian.sqlite3")
    await store.open()
    try:
        yield store.rulesets
    finally:
        await store.close()


class Announcer:
    """What a cache that announces does, without a server: tests/store/redis has the real one."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self._news: asyncio.Queue[str] = asyncio.Queue()

    async def put(self, revision: str, compiled: bytes) -> None:
        self.kept[revision] = compiled

    async def get(self, revision: str) -> bytes | None:
        return self.kept.get(revision)

    async def announce(self, move: Move) -> None:
        await self._news.put(move.revision)

    async def follow(self) -> AsyncIterator[str]:
        yield ""
        while True:
            yield await self._news.get()


class Moody:
    """A store of revisions that may be away: what it is asked then fails."""

    def __init__(self, store: RulesetStore) -> None:
        self._store, self.is_away, self.reads = store, False, 0

    def __getattr__(self, name: str) -> Any:
        if self.is_away:
            raise Unavailable("away")
        self.reads += name == "read"
        return getattr(self._store, name)


class World:
    """A database, packs, and the followers of several processes with one cache of files."""

    def __init__(self, root: Path, store: Moody, announcer: Announcer | None = None) -> None:
        self.store, self.announcer, self.cache = store, announcer, root / "cache"
        self.packs = [generation(root, number) for number in range(6)]
        self.names = [compiled(folder)[0] for folder in self.packs]
        self.publisher = RulesetPublisher(store, announcer, now=lambda: NOW)

    def follower(self, packs: int = 0, cache: Path | None = None) -> RulesetFollower:
        cache = cache or self.cache
        local = partial(load_ruleset, self.packs[packs], cache)
        distribution: RulesetDistribution | None = self.announcer
        return RulesetFollower(self.store, distribution, cache, local)

    async def put(self, number: int) -> None:
        await self.publisher.publish(self.packs[number], caller="a", reason="")


@asynccontextmanager
async def following(follower: RulesetFollower) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.follow())
    yield
    task.cancel()


async def seconds_until(is_so: Callable[[], bool], most: float = 10.0) -> float:
    began = monotonic()
    while not is_so():
        assert monotonic() - began < most, "it never came about"
        await asyncio.sleep(0.005)
    return monotonic() - began


def of_another_version(content: bytes) -> bytes:
    return b"MJRULES9" + content[8:]


async def put_of_another_version(world: World, number: int) -> None:
    """As another version of the service does."""
    await world.store.put(world.names[number], of_another_version(compiled(world.packs[number])[1]), caller="b", at=NOW)
    await world.store.move(world.names[number], action="publish", caller="b", reason="", at=NOW)
