"""The replay guard (防重放): no token is taken twice, and what is remembered of them is bounded.

Where there is no more room the oldest token is forgotten, and with it every token made as early or earlier is refused
from then on: a guard that is full refuses too much rather than too little. Each issuer has its own, so that none fills
another's. It guards one worker; several workers know nothing of each other's tokens.
"""

import heapq


class ReplayGuard:
    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._expiry: dict[str, float] = {}
        self._by_age: list[tuple[float, str]] = []  # a heap of (iat, jti)
        self._floor = float("-inf")

    def __len__(self) -> int:
        return len(self._expiry)

    def is_new(self, jti: str, issued: float, expires: float, now: float) -> bool:
        """Whether this token was not seen before; it is remembered until `expires`, with leeway."""
        if issued <= self._floor or jti in self._expiry:
            return False
        self._forget_expired(now)
        if len(self._expiry) >= self._most:
            self._floor, oldest = heapq.heappop(self._by_age)
            del self._expiry[oldest]
            if issued <= self._floor:
                return False
        self._expiry[jti] = expires
        heapq.heappush(self._by_age, (issued, jti))
        return True

    def _forget_expired(self, now: float) -> None:
        """From the oldest on; one that lives long holds up those behind it, until there is no room."""
        while self._by_age and self._expiry[self._by_age[0][1]] < now:
            del self._expiry[heapq.heappop(self._by_age)[1]]
