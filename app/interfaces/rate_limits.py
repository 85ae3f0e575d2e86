"""Rate limits (限流): how much of each kind of work one caller may ask for, so that no burst starves the others."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from app.domain.work import Work

USUAL: Mapping[Work, float] = {
    Work.ORDERING: 2000.0,
    Work.SETTLING: 1000.0,
    Work.RETROSPECTIVE: 100.0,
    Work.DASHBOARD: 100.0,
    Work.EXPORT: 10.0,
}  # requests a second and caller
_BURST = 2.0  # seconds' worth that may come at once
_MOST_CALLERS = 10_000  # remembered; whoever asked the longest ago is forgotten, and has a full bucket again


class RateLimits:
    """A bucket of tokens for each caller and kind of work."""

    def __init__(
        self, changes: Mapping[Work, float] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates, self._clock = {**USUAL, **(changes or {})}, clock
        self._buckets: OrderedDict[tuple[str, Work], tuple[float, float]] = OrderedDict()  # tokens, and when

    def wait_for(self, caller: str, work: Work) -> float:
        """0 where the caller may go on, which takes a token; else in how many seconds there will be one."""
        rate, now, key = self._rates[work], self._clock(), (caller, work)
        tokens, at = self._buckets.get(key, (rate * _BURST, now))
        tokens = min(rate * _BURST, tokens + (now - at) * rate)
        if tokens < 1:
            return (1 - tokens) / rate
        self._buckets[key] = (tokens - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0
