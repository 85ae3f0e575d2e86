"""Tell the trail of degraded windows (降级时段入链): which dependency did not answer, from when, until when."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from app.application.watch import Dependency, State
from app.store.audit_log import NotRecorded
from app.store.trail import TrailStore
from app.trail.entry import Kind, TrailEntry, seal

log = logging.getLogger("mingjian")

_LOOK_EVERY = 2.0


class DegradedTeller:
    """A window becomes an entry when it is over: before, the database may be what is away."""

    def __init__(self, store: TrailStore, dependencies: Callable[[], Sequence[Dependency]]) -> None:
        self._store, self._dependencies = store, dependencies
        self._down: dict[str, float] = {}

    async def follow(self) -> None:
        """Look from time to time, for ever; call it as a task."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self.look()

    async def look(self) -> None:
        """Note what is down; append an entry for what is up again."""
        for one in self._dependencies():
            if one.state is State.DOWN:
                self._down.setdefault(one.name, one.since)
            elif one.name in self._down and await self._tell(one, self._down[one.name]):
                del self._down[one.name]

    async def _tell(self, one: Dependency, since: float) -> bool:
        details = {"from": _moment(since), "until": _moment(one.since), **one.details}
        entry = TrailEntry(kind=Kind.DEGRADED, subject=one.name, at=datetime.now(UTC), details=details)
        try:
            await self._store.append([seal(entry)])
        except NotRecorded as error:
            log.warning("the trail does not know yet that %s was down: %s", one.name, error)
            return False
        return True


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
