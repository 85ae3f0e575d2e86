"""Watch the dependencies (依赖监视): each is asked now and then, so that no health page waits for one."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

log = logging.getLogger("mingjian")

_PAUSE = 2.0
_LONGEST = 1.0  # seconds after which it counts as down
_SLOW = 0.1

Check = Callable[[], Awaitable[object]]


class State(StrEnum):
    UNKNOWN = "unknown"  # not asked yet
    OK = "ok"
    SLOW = "slow"
    DOWN = "down"


class Dependency(NamedTuple):
    """`since`: when it came into this state, in seconds since 1970. `details`: what the trail is told besides."""

    name: str
    state: State
    since: float
    details: Mapping[str, str] = {}


class DependencyWatch:
    def __init__(self, checks: Mapping[str, Check], clock: Callable[[], float] = time.time) -> None:
        """Each check returns where its dependency answers, and raises or hangs where it does not."""
        self._checks, self._clock = checks, clock
        self._found = {name: Dependency(name, State.UNKNOWN, clock()) for name in checks}

    @property
    def dependencies(self) -> list[Dependency]:
        return list(self._found.values())

    async def run(self) -> None:
        """For ever; a dependency that hangs delays no other."""
        await asyncio.gather(*[self._follow(name, check) for name, check in self._checks.items()])

    async def _follow(self, name: str, check: Check) -> None:
        while True:
            state = await _state(check)
            known = self._found[name]
            if state is not known.state:
                self._found[name] = Dependency(name, state, self._clock())
                log.log(logging.WARNING if state is State.DOWN else logging.INFO, "%s is %s", name, state.value)
            await asyncio.sleep(_PAUSE)


async def _state(check: Check) -> State:
    started = time.monotonic()
    try:
        async with asyncio.timeout(_LONGEST):
            await check()
    except Exception:  # whatever it raises, it did not answer
        return State.DOWN
    return State.OK if time.monotonic() - started < _SLOW else State.SLOW
