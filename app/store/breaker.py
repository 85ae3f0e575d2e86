"""A circuit breaker (熔断器): what does not answer is left alone until a probe finds that it answers again.

Closed, every call goes through. Open, calls are refused at once, and one probe at a time is made in the background,
ever more seldom: no request pays for it, and however many wait, what recovers meets one question and not a storm.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple, TypeVar

log = logging.getLogger("mingjian")

T = TypeVar("T")


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # a probe is under way


class BreakerOpen(Exception):
    """The breaker is open: nothing was asked."""


class Picture(NamedTuple):
    """What a health page shows. `failures` are those in a row, probes among them; `since` is the clock's moment at
    which it last opened or closed; `last_error` names the kind of the last failure and holds no text of it.
    """

    name: str
    state: State
    failures: int
    times_opened: int
    since: float
    last_error: str


class BreakerState:
    """What the breaker knows, without time, tasks or input and output: `failed` and `succeeded` tell it of calls,
    `probe`, `probe_failed` and `probe_succeeded` of probes.
    """

    def __init__(self, threshold: int = 5, first_wait: float = 0.1, longest_wait: float = 5.0) -> None:
        """Opens at the `threshold`-th failure in a row; probes after `first_wait` seconds, then twice as late each."""
        self.state = State.CLOSED
        self.failures = self.times_opened = 0
        self._threshold, self._first_wait, self._longest_wait = threshold, first_wait, longest_wait
        self._wait = first_wait

    def succeeded(self) -> None:
        if self.state is State.CLOSED:  # what was asked before it opened says nothing of now
            self.failures = 0

    def failed(self) -> bool:
        """Whether this failure opened it."""
        if self.state is not State.CLOSED:
            return False
        self.failures += 1
        if self.failures < self._threshold:
            return False
        self.state, self._wait = State.OPEN, self._first_wait
        self.times_opened += 1
        return True

    def wait(self, chance: float) -> float:
        """Seconds until the next probe: between half and all of a time that doubles; `chance` lies in 0 to 1."""
        return self._wait * (0.5 + chance / 2)

    def probe(self) -> None:
        assert self.state is State.OPEN, self.state  # noqa: S101 - one probe at a time
        self.state = State.HALF_OPEN

    def probe_failed(self) -> None:
        self.state = State.OPEN
        self.failures += 1
        self._wait = min(self._wait * 2, self._longest_wait)

    def probe_succeeded(self) -> None:
        self.state, self.failures = State.CLOSED, 0


class Breaker:
    """Guards calls to one dependency. `probe` asks it something cheap and raises where it does not answer in time."""

    def __init__(
        self,
        name: str,
        probe: Callable[[], Awaitable[object]],
        state: BreakerState | None = None,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        recovered: Callable[[], None] = lambda: None,
    ) -> None:
        """`recovered` is called whenever it closes again."""
        self.name = name
        self._probe, self._known = probe, state or BreakerState()
        self._clock, self._sleep, self._chance, self._recovered = clock, sleep, chance, recovered
        self._since, self._last_error = clock(), ""
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_closed(self) -> bool:
        return self._known.state is State.CLOSED

    @property
    def picture(self) -> Picture:
        known = self._known
        return Picture(self.name, known.state, known.failures, known.times_opened, self._since, self._last_error)

    async def call(self, operation: Callable[[], Awaitable[T]], failures: tuple[type[Exception], ...]) -> T:
        """What the operation returns. One that raises one of `failures` counts against the dependency; anything else
        that it raises was answered. Raises BreakerOpen where the breaker is open.
        """
        self.check()
        try:
            result = await operation()
        except failures as error:
            self.failed(error)
            raise
        self.succeeded()
        return result

    def check(self) -> None:
        if not self.is_closed:
            raise BreakerOpen(self.name)

    def succeeded(self) -> None:
        self._known.succeeded()

    def failed(self, error: BaseException) -> None:
        self._last_error = type(error).__name__
        if self._known.failed():
            self._since = self._clock()
            log.warning("%s does not answer (%s); asking it no more until it does", self.name, self._last_error)
            self._probing = asyncio.get_running_loop().create_task(self._recover())

    async def _recover(self) -> None:
        known = self._known
        while True:
            await self._sleep(known.wait(self._chance()))
            known.probe()
            try:
                await self._probe()
            except Exception as error:  # whatever it is, it is not an answer
                self._last_error = type(error).__name__
                known.probe_failed()
            else:
                break
        known.probe_succeeded()
        self._since, self._last_error = self._clock(), ""
        log.info("%s answers again", self.name)
        self._recovered()

    async def close(self) -> None:
        """Probe no more."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
