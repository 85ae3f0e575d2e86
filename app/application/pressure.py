"""Pressure (负载压力): how long work waits for this process, and whether there is room for more.

One process does one thing at a time: what counts is how late the event loop comes to what is due (its lag), not how
many requests there are.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar

from app.application.watch import Dependency, State

_BEAT = 0.01  # seconds between two looks at the lag
_FADE = 0.85  # of a lag, after each look: a long one is remembered for a tenth of a second
_RECENT = 1.0  # seconds; somebody who asked that lately is still thought to be at work
_CALM = 2.0  # seconds without anything shed, after which an overload is over
_YIELD = 1.0  # seconds for which what is less pressing is not begun, after something was shed
_SPACINGS = 0.0003, 0.02  # seconds between two lines of background work while doctors are served, at least and at most
_LIGHT_LAG, _HEAVY_LAG, _BUSY_LAG = 0.004, 0.008, 0.02  # seconds

BACKGROUND: ContextVar["Pressure | None"] = ContextVar("mingjian.background", default=None)


class Pressure:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.lag = 0.0  # seconds
        self.served: Counter[str] = Counter()  # by kind of work
        self.shed: Counter[str] = Counter()
        self.limited: Counter[str] = Counter()
        self._asked = self._shed_at = -_CALM
        self._last_shed: dict[str, float] = {}
        self._spacing = _SPACINGS[1]
        self._turn = 0.0  # when the next line of background work is due
        self._since = time.time()
        self._told: Counter[str] = Counter()  # shed before this overload began
        self._over = False

    async def run(self) -> None:
        """Look at the lag, for ever; call it as a task."""
        while True:
            due = self._clock() + _BEAT
            await asyncio.sleep(_BEAT)
            now = max(self._clock() - due, 0.0)
            self.lag = max(now, self.lag * _FADE)
            self._space(now)
            if self._over and not self.is_overloaded:
                self._over, self._since = False, time.time()

    def _space(self, lag: float) -> None:
        """Background work gets what is left over: less as soon as it can be felt, more again little by little."""
        least, most = _SPACINGS
        if lag > _HEAVY_LAG or self.is_overloaded:
            self._spacing = min(self._spacing * 1.5, most)
        elif lag < _LIGHT_LAG:
            self._spacing = max(self._spacing * 0.97, least)

    @property
    def is_overloaded(self) -> bool:
        return self._clock() - self._shed_at < _CALM

    @property
    def is_busy(self) -> bool:
        """Whether what nobody waits for should wait."""
        return self.is_overloaded or self.lag > _BUSY_LAG

    def note_served(self, work: str) -> None:
        self.served[work] += 1

    def note_ordering(self) -> None:
        self._asked = self._clock()

    def note_shed(self, work: str, *, is_limited: bool = False) -> None:
        """`is_limited`: the caller had its share; there would have been room."""
        if is_limited:
            self.limited[work] += 1
            return
        if not self._over:
            self._over, self._since, self._told = True, time.time(), self.shed.copy()
        self.shed[work] += 1
        self._shed_at = self._last_shed[work] = self._clock()

    def has_just_shed(self, works: Iterable[str]) -> bool:
        now = self._clock()
        return any([now - self._last_shed.get(work, -_YIELD) < _YIELD for work in works])

    async def turn(self) -> None:
        """Wait until a line of background work may be done: at once where no doctor waits."""
        now = self._clock()
        if now - self._asked > _RECENT:
            return
        self._turn = max(self._turn, now) + self._spacing
        await asyncio.sleep(self._turn - now)

    def as_dependency(self) -> Dependency:
        """Capacity as one more thing that may be missing: health shows it, and the trail is told of the time."""
        shed = {work: str(count) for work, count in (self.shed - self._told).items()}
        return Dependency("capacity", State.DOWN if self._over else State.OK, self._since, shed)


async def give_way() -> None:
    """Between two lines of a long request: let those go first for whom somebody waits."""
    pressure = BACKGROUND.get()
    if pressure is not None:
        await pressure.turn()
